#pragma once

#include <algorithm>

#include "services/runtime/clock.h"

namespace qd::resilience {

/// The moment, on the steady clock, after which an answer is of no use to anybody. A value: made
/// once where work enters, handed down with it, never extended. Any thread.
class Deadline {
public:
    /// Never.
    constexpr Deadline() = default;
    static constexpr Deadline never() { return {}; }
    /// `budget` from now.
    static Deadline in(Duration budget, const runtime::Clock& clock)
    {
        return at(clock.steady() + budget);
    }
    static constexpr Deadline at(Duration steady)
    {
        Deadline deadline;
        deadline.m_at = steady;
        return deadline;
    }

    constexpr bool isNever() const { return m_at == Duration::max(); }
    constexpr Duration steady() const { return m_at; }
    /// What is left: zero once passed, `Duration::max()` for never.
    Duration remaining(const runtime::Clock& clock) const
    {
        return isNever() ? m_at : std::max(Duration::zero(), m_at - clock.steady());
    }
    bool hasPassed(const runtime::Clock& clock) const { return remaining(clock) == Duration{}; }
    /// The tighter of the two: a sub-call gets its own limit within the caller's.
    constexpr Deadline orSooner(Deadline other) const { return at(std::min(m_at, other.m_at)); }

    friend constexpr auto operator<=>(Deadline, Deadline) = default;
    friend constexpr bool operator==(Deadline, Deadline) = default;

private:
    Duration m_at = Duration::max();
};

} // namespace qd::resilience
