#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd {

using Duration = std::chrono::nanoseconds;

/// A UTC instant in nanoseconds since 1970-01-01T00:00:00Z. Years 1678 … 2262. What would lie beyond
/// them, or is further apart than the 292 years of a Duration, stands at the end instead: times come
/// from outside, and one that is centuries away is to be "very long", never a small number.
class Timestamp {
public:
    constexpr Timestamp() = default;
    static constexpr Timestamp fromNanos(std::int64_t nanos) { return Timestamp(nanos); }
    static constexpr Timestamp fromMillis(std::int64_t millis)
    {
        return Timestamp(product(millis, 1'000'000));
    }
    static constexpr Timestamp fromSeconds(std::int64_t s)
    {
        return Timestamp(product(s, 1'000'000'000));
    }
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

    friend constexpr Timestamp operator+(Timestamp t, Duration d)
    {
        std::int64_t nanos = 0;
        return Timestamp(__builtin_add_overflow(t.m_nanos, d.count(), &nanos) ? end(d.count() > 0)
                                                                              : nanos);
    }
    friend constexpr Timestamp operator-(Timestamp t, Duration d)
    {
        return Timestamp(difference(t.m_nanos, d.count()));
    }
    /// Never `Duration::min()`, so that it may be negated.
    friend constexpr Duration operator-(Timestamp a, Timestamp b)
    {
        return Duration(difference(a.m_nanos, b.m_nanos));
    }
    friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
    friend constexpr bool operator==(Timestamp, Timestamp) = default;

private:
    explicit constexpr Timestamp(std::int64_t nanos) : m_nanos(nanos) {}
    static constexpr std::int64_t end(bool future) { return future ? INT64_MAX : -INT64_MAX; }
    static constexpr std::int64_t difference(std::int64_t a, std::int64_t b)
    {
        std::int64_t nanos = 0;
        const bool isBeyond = __builtin_sub_overflow(a, b, &nanos) || nanos == INT64_MIN;
        return isBeyond ? end(a > b) : nanos;
    }
    static constexpr std::int64_t product(std::int64_t count, std::int64_t unit)
    {
        std::int64_t nanos = 0;
        return __builtin_mul_overflow(count, unit, &nanos) ? end(count > 0) : nanos;
    }
    std::int64_t m_nanos = 0;
};

} // namespace qd
