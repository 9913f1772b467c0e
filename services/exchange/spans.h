#pragma once

#include <cstdint>

namespace qd::exchange {

inline constexpr std::int64_t kMinuteNanos = 60'000'000'000, kDayNanos = 86'400'000'000'000;

} // namespace qd::exchange
