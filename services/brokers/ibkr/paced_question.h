#pragma once

#include <memory>
#include <vector>

#include "services/brokers/request_gate.h"

namespace qd::brokers::ibkr {

/// A question that IBKR lets nobody ask more often than every few seconds. Whoever asks meanwhile waits
/// for the next time, and all who wait share its answer: it is never older than their question.
/// Core executor; what it is given outlives it.
class PacedQuestion {
public:
    using Done = RequestGate::Done;
    static constexpr std::size_t kWaitingMax = 256;

    PacedQuestion(RequestGate& gate, runtime::Executor& core, RequestGate::Request question,
                  Duration every);
    ~PacedQuestion();

    /// One call of `done`, and none once this has ended. Unavailable "broker.rate_limited" when too many
    /// wait, else as RequestGate::send.
    void ask(Done done);

private:
    void pump();
    void answered(const Result<wire::HttpResponse>& result);

    RequestGate& m_gate;
    runtime::Executor& m_core;
    RequestGate::Request m_question;
    Duration m_every;
    Duration m_nextAt{}; ///< steady
    bool m_isUnderWay = false;
    std::vector<Done> m_waiting, m_asked;
    runtime::Timer m_timer;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::ibkr
