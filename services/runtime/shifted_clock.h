#pragma once

#include "services/runtime/clock.h"

namespace qd::runtime {

/// Another clock whose time of day is wrong by a fixed amount; its steady time is untouched. For drills
/// of what depends on the calendar. `base` outlives it. Any thread.
class ShiftedClock final : public Clock {
public:
    ShiftedClock(const Clock& base, Duration by) : m_base(base), m_by(by) {}
    Timestamp now() const override { return m_base.now() + m_by; }
    Duration steady() const override { return m_base.steady(); }

private:
    const Clock& m_base;
    const Duration m_by;
};

} // namespace qd::runtime
