#pragma once

#include <deque>
#include <memory>

#include "services/brokers/request_gate.h"

namespace qd::brokers::ibkr {

/// Questions for bars: IBKR answers five at once. Others wait for an answer, in turn.
/// Core executor; the gate outlives it.
class HistoryLane {
public:
    using Done = RequestGate::Done;
    static constexpr int kAtOnce = 5;
    static constexpr std::size_t kWaitingMax = 256;

    explicit HistoryLane(RequestGate& gate) : m_gate(gate) {}
    ~HistoryLane();

    /// One call of `done`, and none once this has ended. Unavailable "broker.rate_limited" when too many
    /// wait, else as RequestGate::send.
    void ask(RequestGate::Request question, Done done);

private:
    struct Waiting {
        RequestGate::Request question;
        Done done;
    };

    void pump();

    RequestGate& m_gate;
    std::deque<Waiting> m_waiting;
    int m_underWay = 0;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::ibkr
