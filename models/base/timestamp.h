#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd {

using Duration = std::chrono::nanoseconds;

/// A UTC instant in nanoseconds since 1970-01-01T00:00:00Z. Years 1678 … 2262.
class Timestamp {
public:
    constexpr Timestamp() = default;
    static constexpr Timestamp fromNanos(std::int64_t nanos) { return Timestamp(nanos); }
    static constexpr Timestamp fromMillis(std::int64_t millis) { return Timestamp(millis * 1'000'000); }
    static constexpr Timestamp fromSeconds(std::int64_t s) { return Timestamp(s * 1'000'000'000); }
    /// Parse RFC 3339: "2021-03-16T18:38:01.942282Z", any offset, 0 … 9 fraction digits.
    /// Fails with: Invalid "timestamp.syntax".
    static Result<Timestamp> parse(std::string_view text);
    /// A literal in code and tests; stops the program if it does not parse.
    static Timestamp of(std::string_view text);

    constexpr std::int64_t nanos() const { return m_nanos; }
    constexpr std::int64_t millis() const { return m_nanos / 1'000'000; }
    constexpr std::int64_t seconds() const { return m_nanos / 1'000'000'000; }
    /// The epoch itself stands for "not set".
    constexpr bool isSet() const { return m_nanos != 0; }
    /// RFC 3339 with `fractionDigits` (0, 3, 6 or 9) and "Z".
    std::string toString(int fractionDigits = 6) const;

    friend constexpr Timestamp operator+(Timestamp t, Duration d) { return Timestamp(t.m_nanos + d.count()); }
    friend constexpr Timestamp operator-(Timestamp t, Duration d) { return Timestamp(t.m_nanos - d.count()); }
    friend constexpr Duration operator-(Timestamp a, Timestamp b) { return Duration(a.m_nanos - b.m_nanos); }
    friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
    friend constexpr bool operator==(Timestamp, Timestamp) = default;

private:
    explicit constexpr Timestamp(std::int64_t nanos) : m_nanos(nanos) {}
    std::int64_t m_nanos = 0;
};

} // namespace qd
