#pragma once

#include "services/runtime/clock.h"

namespace qd::test {

/// A clock that stands still until told otherwise. Not for several threads at once.
class FakeClock final : public runtime::Clock {
public:
    /// Monday, 5 January 2026, 15:00 UTC: 10 o'clock in New York, the market is open.
    explicit FakeClock(Timestamp start = Timestamp::of("2026-01-05T15:00:00Z"));

    Timestamp now() const override { return m_now; }
    Duration steady() const override { return m_steady; }

    /// Time passes. `by` ≥ 0.
    void advance(Duration by);
    /// Somebody sets the wall clock; steady time does not move.
    void setWall(Timestamp now) { m_now = now; }

private:
    Timestamp m_now;
    Duration m_steady = std::chrono::hours(1);
};

} // namespace qd::test
