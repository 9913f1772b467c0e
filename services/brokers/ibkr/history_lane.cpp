#include "services/brokers/ibkr/history_lane.h"

#include <utility>

namespace qd::brokers::ibkr {

HistoryLane::~HistoryLane()
{
    *m_alive = false;
}

void HistoryLane::ask(RequestGate::Request question, Done done)
{
    if (m_waiting.size() >= kWaitingMax)
        return done(fail(ErrorKind::Unavailable, "broker.rate_limited",
                         "too many wait for IBKR's answer to " + question.path));
    m_waiting.push_back({std::move(question), std::move(done)});
    pump();
}

void HistoryLane::pump()
{
    const auto alive = m_alive;
    while (*alive && m_underWay < kAtOnce && !m_waiting.empty()) {
        auto next = std::move(m_waiting.front());
        m_waiting.pop_front();
        ++m_underWay;
        m_gate.send(std::move(next.question),
                    [this, alive, done = std::move(next.done)](Result<wire::HttpResponse> result) {
                        if (!*alive) return;
                        --m_underWay;
                        done(std::move(result));
                        if (*alive) pump();
                    });
    }
}

} // namespace qd::brokers::ibkr
