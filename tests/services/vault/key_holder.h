#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/vault/master_keys.h"

namespace qd::vault::test {

/// A parent process that holds the master keys, on a thread, over real socket pairs.
class KeyHolder {
public:
    enum class Manner { Stores, Refuses, Swallows, AnswersLate, HangsUp, Babbles };

    ~KeyHolder();
    /// A new vault process: the socket of the one before is closed. It is greeted with what is held.
    std::unique_ptr<MasterKeys> connect(std::chrono::milliseconds answersWithin);
    void behave(Manner manner) { m_manner = manner; }
    std::string held() const;
    int stored() const { return m_stored; }
    std::vector<std::string> ids() const;

private:
    void serve(int socket);
    bool takeRequest(int socket, std::string& read);
    std::string answerTo(const std::string& number, std::string text);
    void end();

    std::atomic<Manner> m_manner = Manner::Stores;
    std::atomic<int> m_stored = 0;
    mutable std::mutex m_mutex;
    std::string m_held;
    std::string m_late; ///< answers that are given with the next one
    int m_socket = -1;
    std::thread m_thread;
};

} // namespace qd::vault::test
