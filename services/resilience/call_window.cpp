#include <algorithm>

#include "models/base/result.h"
#include "services/resilience/breaker_rules.h"

namespace qd::resilience {

namespace {

std::int64_t secondOf(Duration steady)
{
    return std::chrono::duration_cast<std::chrono::seconds>(steady).count();
}

void add(CallCounts& total, const CallCounts& part, int sign)
{
    total.calls += sign * part.calls;
    total.failures += sign * part.failures;
    total.slow += sign * part.slow;
}

} // namespace

CallWindow::CallWindow(WindowKind kind, int size)
    : m_kind(kind), m_slots(static_cast<std::size_t>(size))
{
    QD_ASSERT(size >= 1);
}

void CallWindow::record(CallResult result, bool slow, Duration now)
{
    const CallCounts call{1, result == CallResult::Failure ? 1 : 0, slow ? 1 : 0};
    if (m_kind == WindowKind::Time) {
        advance(now);
        const auto size = static_cast<std::int64_t>(m_slots.size());
        add(m_slots[static_cast<std::size_t>(m_second % size)], call, 1);
    } else {
        add(m_total, m_slots[m_at], -1);
        m_slots[m_at] = call;
        m_at = (m_at + 1) % m_slots.size();
    }
    add(m_total, call, 1);
}

void CallWindow::advance(Duration now)
{
    if (m_kind != WindowKind::Time) return;
    const auto size = static_cast<std::int64_t>(m_slots.size());
    const std::int64_t second = secondOf(now);
    const std::int64_t passed = std::min(second - m_second, size);
    for (std::int64_t i = 1; i <= passed; ++i) {
        CallCounts& slot = m_slots[static_cast<std::size_t>((second - passed + i) % size)];
        add(m_total, slot, -1);
        slot = {};
    }
    m_second = std::max(m_second, second);
}

} // namespace qd::resilience
