#pragma once

#include "models/base/timestamp.h"

namespace qd::runtime {

/// What time it is. The only source of time in the program; tests and simulation give their own.
/// Any thread.
class Clock {
public:
    virtual ~Clock() = default;
    /// UTC, for people and records. May jump.
    virtual Timestamp now() const = 0;
    /// Since an unknown start, never going back: for deadlines, timers and rates.
    virtual Duration steady() const = 0;
};

/// The machine's clock.
const Clock& systemClock();

} // namespace qd::runtime
