#pragma once

#include <cstdint>

#include "models/base/timestamp.h"

namespace qd::exchange {

inline constexpr std::int64_t kMinuteNanos = 60'000'000'000, kDayNanos = 86'400'000'000'000;

/// Days since the epoch, counted in UTC.
inline std::int64_t utcDay(Timestamp at)
{
    return at.nanos() / kDayNanos - (at.nanos() % kDayNanos < 0 ? 1 : 0);
}

} // namespace qd::exchange
