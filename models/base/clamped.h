#pragma once

#include <algorithm>
#include <limits>

#include "models/base/decimal.h"

namespace qd {

/// The nearest Quantity (or Price) to an exact sum of 1e-8 units, which may be beyond its range:
/// for totals of outside numbers that are shown or compared, where the end of the range stands for
/// "at least so much".
template <typename Number>
constexpr Number clampedTo(Int128 units)
{
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    return Number::fromUnits(
        static_cast<std::int64_t>(std::clamp(units, Int128{-kMost}, Int128{kMost})));
}

/// `a + b` as above.
template <typename Number>
constexpr Number clampedSum(Number a, Number b)
{
    return clampedTo<Number>(Int128{a.units()} + b.units());
}

} // namespace qd
