#include "services/client/proof_solver.h"

#include "models/accounts/proof_of_work.h"

namespace qd::client {

void ProofSolver::solve(const std::string& challenge, Solved solved)
{
    cancel();
    m_solved = std::move(solved);
    m_thread = std::jthread([this, challenge, number = m_number](const std::stop_token& stop) {
        auto puzzle = ProofChallenge::parse(challenge);
        Result<std::string> proof;
        if (puzzle) {
            auto found = solveProof(*puzzle, [&stop] { return stop.stop_requested(); });
            if (found) proof = found->text();
            else proof = tl::unexpected(found.error());
        } else {
            proof = tl::unexpected(puzzle.error());
        }
        if (stop.stop_requested()) return;
        QMetaObject::invokeMethod(
            this,
            [this, number, proof = std::move(proof)] {
                if (number == m_number && m_solved) std::exchange(m_solved, {})(proof);
            },
            Qt::QueuedConnection);
    });
}

void ProofSolver::cancel()
{
    ++m_number;
    m_solved = {};
    m_thread = {}; // asks it to stop, and waits
}

} // namespace qd::client
