#include "services/brokers/ibkr/paced_question.h"

#include <utility>

namespace qd::brokers::ibkr {

PacedQuestion::PacedQuestion(RequestGate& gate, runtime::Executor& core,
                             RequestGate::Request question, Duration every)
    : m_gate(gate), m_core(core), m_question(std::move(question)), m_every(every)
{
}

PacedQuestion::~PacedQuestion()
{
    *m_alive = false;
}

void PacedQuestion::ask(Done done)
{
    if (m_waiting.size() >= kWaitingMax)
        return done(fail(ErrorKind::Unavailable, "broker.rate_limited",
                         "too many wait for IBKR's answer to " + m_question.path));
    m_waiting.push_back(std::move(done));
    pump();
}

void PacedQuestion::pump()
{
    if (m_isUnderWay || m_waiting.empty() || m_timer.isActive()) return;
    const Duration now = m_core.clock().steady();
    if (now < m_nextAt) {
        m_timer = m_core.after(m_nextAt - now, [this] { pump(); });
        return;
    }
    m_isUnderWay = true;
    m_asked = std::exchange(m_waiting, {});
    m_gate.send(m_question, [this, alive = m_alive](const Result<wire::HttpResponse>& result) {
        if (*alive) answered(result);
    });
}

void PacedQuestion::answered(const Result<wire::HttpResponse>& result)
{
    m_isUnderWay = false;
    // Counted from the answer: a slow one must not make the next come too soon for IBKR.
    m_nextAt = m_core.clock().steady() + m_every;
    const auto alive = m_alive;
    for (const auto& done : std::exchange(m_asked, {})) {
        done(result);
        if (!*alive) return;
    }
    pump();
}

} // namespace qd::brokers::ibkr
