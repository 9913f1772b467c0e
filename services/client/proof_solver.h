#pragma once

#include <functional>
#include <string>
#include <thread>

#include <QObject>

#include "models/base/result.h"

namespace qd::client {

/// Solves proofs of work on a thread of its own, one at a time, so that nothing waits but who asked.
/// GUI thread; the destructor waits a few milliseconds for the thread to notice.
class ProofSolver final : public QObject {
    Q_OBJECT
public:
    using Solved = std::function<void(Result<std::string>)>;
    using QObject::QObject;

    /// `challenge` as the backend wrote it; `solved` gets the proof as it is sent, later, once, unless
    /// this is cancelled or another is asked for. Fails with: Invalid "accounts.proof".
    void solve(const std::string& challenge, Solved solved);
    void cancel();

private:
    Solved m_solved;
    int m_number = 0; ///< of the puzzle under way: what an older one finds is dropped
    std::jthread m_thread;
};

} // namespace qd::client
