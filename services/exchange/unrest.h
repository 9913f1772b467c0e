#pragma once

#include <cstdint>

#include "services/exchange/price_path.h"

namespace qd::exchange {

/// How uneasy those who quote a name are at `at`, within the session of `minutes`: 0 is a calm
/// moment, in which the name's usual spread and sizes are shown; at 1 its spread is twice as wide and
/// its book half as thick. High at the open, rising into the close, highest while a price jumps and
/// when trading resumes after it, fading within minutes; now and then a thin moment of some seconds.
/// Coins know no open and no close. A pure function, constant within a second.
double unrestAt(std::uint64_t seed, std::size_t name, bool isCoin, const PricePath::Minutes& minutes,
                Timestamp at);

/// Trading pauses for so long after the minute of a jump.
inline constexpr int kPauseMinutes = 5;

} // namespace qd::exchange
