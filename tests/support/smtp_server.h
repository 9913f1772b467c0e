#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qd::test {

/// A small mail server on 127.0.0.1 that says what it is told to say and keeps what it is given.
/// One connection after the other, on a thread of its own.
class SmtpServer {
public:
    struct Received {
        std::string from, to;
        std::string text; ///< as it came, without the line that ends it
    };
    /// What the server does when its step comes; each is answered with the usual code otherwise.
    enum class Mood {
        Friendly,
        RefusesRecipient, ///< 550
        IsBusy,           ///< 421 at once
        SaysNothing,      ///< takes the connection, and that is all
    };

    SmtpServer();
    ~SmtpServer();
    SmtpServer(const SmtpServer&) = delete;
    SmtpServer& operator=(const SmtpServer&) = delete;

    std::string url() const; ///< "smtp://127.0.0.1:<port>"
    std::vector<Received> received() const;
    /// Everything that clients said, a line each.
    std::vector<std::string> commands() const;
    std::atomic<Mood> mood = Mood::Friendly;

private:
    void serve();
    void talk(int client);
    /// One line without its end; false when the client is gone.
    bool readLine(int client, std::string& line);

    int m_listener = -1;
    std::uint16_t m_port = 0;
    std::atomic<bool> m_isOver = false;
    std::string m_unread;
    mutable std::mutex m_mutex;
    std::vector<Received> m_received;
    std::vector<std::string> m_commands;
    std::thread m_thread;
};

} // namespace qd::test
