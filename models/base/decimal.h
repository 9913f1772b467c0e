#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd {

__extension__ typedef __int128 Int128;

/// How a result that does not fit the scale is brought onto it. Always named, never implied.
enum class Rounding {
    HalfEven, ///< banker's rounding: profit and loss, averages
    HalfUp,   ///< half away from zero: what most venues print
    Down,     ///< toward zero
    Up,       ///< away from zero: fees
    Floor,    ///< toward minus infinity: buy limits onto a tick
    Ceiling,  ///< toward plus infinity: sell limits onto a tick
};

/// An exact decimal number: a 64-bit count of 1e-8 units. Range ±92,233,720,368.54775807.
/// Addition and subtraction with operators stop the program on overflow (a broken promise: all
/// outside numbers are range-checked at the edge); the `checked…` forms return nothing instead.
class Decimal {
public:
    static constexpr int kPlaces = 8;
    static constexpr std::int64_t kOne = 100'000'000;
    /// Longest text `write` produces: sign, 11 digits, point, 8 digits.
    static constexpr std::size_t kMaxChars = 21;

    constexpr Decimal() = default;

    /// From a count of 1e-8 units.
    static constexpr Decimal fromUnits(std::int64_t units) { return Decimal(units); }
    /// From a whole number; |value| ≤ 92,233,720,368.
    static Decimal fromInt(std::int64_t value);
    /// From binary floating point (analytics and simulation only), half-even.
    static std::optional<Decimal> fromDouble(double value);

    /// Parse `[+-]digits[.digits][e[+-]digits]`. Exact: more than 8 significant decimal places fail.
    /// Fails with: Invalid "decimal.syntax", "decimal.precision", "decimal.range".
    static Result<Decimal> parse(std::string_view text);
    /// As `parse`, but places beyond the eighth are rounded.
    static Result<Decimal> parse(std::string_view text, Rounding rounding);
    /// A literal in code and tests: `Decimal::of("12.50")`. Stops the program if it does not parse.
    static Decimal of(std::string_view text);

    constexpr std::int64_t units() const { return m_units; }
    constexpr bool isZero() const { return m_units == 0; }
    constexpr bool isNegative() const { return m_units < 0; }
    constexpr bool isPositive() const { return m_units > 0; }
    constexpr bool isInteger() const { return m_units % kOne == 0; }
    /// Decimal places needed to print it exactly, 0 … 8.
    int places() const;
    double toDouble() const { return static_cast<double>(m_units) / 1e8; }

    /// Shortest exact text: "12.5", "-0.00000001", "0".
    std::string toString() const;
    /// With exactly `places` decimals (0 … 8).
    std::string toFixed(int places, Rounding rounding = Rounding::HalfEven) const;
    /// Write the shortest exact text to `out`, which has room for kMaxChars; returns the end.
    char* write(char* out) const;

    std::optional<Decimal> checkedAdd(Decimal other) const;
    std::optional<Decimal> checkedSubtract(Decimal other) const;
    std::optional<Decimal> checkedMultiply(Decimal other, Rounding rounding) const;
    /// Nothing when `divisor` is zero or the quotient is out of range.
    std::optional<Decimal> checkedDivide(Decimal divisor, Rounding rounding) const;
    /// The nearest multiple of `step` (> 0).
    Decimal roundTo(Decimal step, Rounding rounding) const;
    bool isMultipleOf(Decimal step) const { return step.m_units > 0 && m_units % step.m_units == 0; }
    Decimal abs() const;

    Decimal operator-() const;
    Decimal& operator+=(Decimal other);
    Decimal& operator-=(Decimal other);
    friend Decimal operator+(Decimal a, Decimal b) { return a += b; }
    friend Decimal operator-(Decimal a, Decimal b) { return a -= b; }
    friend constexpr auto operator<=>(Decimal, Decimal) = default;
    friend constexpr bool operator==(Decimal, Decimal) = default;

private:
    explicit constexpr Decimal(std::int64_t units) : m_units(units) {}
    std::int64_t m_units = 0;
};

/// `dividend / divisor` as an integer, rounded as named. `divisor` > 0.
Int128 divideRounded(Int128 dividend, Int128 divisor, Rounding rounding);

/// A Decimal that means one thing only: prices do not add to quantities.
template <typename Tag>
class DecimalOf {
public:
    constexpr DecimalOf() = default;
    constexpr explicit DecimalOf(Decimal value) : m_value(value) {}
    static DecimalOf of(std::string_view text) { return DecimalOf(Decimal::of(text)); }
    static constexpr DecimalOf fromUnits(std::int64_t units)
    {
        return DecimalOf(Decimal::fromUnits(units));
    }
    static Result<DecimalOf> parse(std::string_view text)
    {
        return Decimal::parse(text).map([](Decimal value) { return DecimalOf(value); });
    }

    constexpr Decimal value() const { return m_value; }
    constexpr std::int64_t units() const { return m_value.units(); }
    constexpr bool isZero() const { return m_value.isZero(); }
    constexpr bool isPositive() const { return m_value.isPositive(); }
    constexpr bool isNegative() const { return m_value.isNegative(); }
    double toDouble() const { return m_value.toDouble(); }
    std::string toString() const { return m_value.toString(); }
    DecimalOf abs() const { return DecimalOf(m_value.abs()); }

    DecimalOf operator-() const { return DecimalOf(-m_value); }
    DecimalOf& operator+=(DecimalOf other)
    {
        m_value += other.m_value;
        return *this;
    }
    DecimalOf& operator-=(DecimalOf other)
    {
        m_value -= other.m_value;
        return *this;
    }
    friend DecimalOf operator+(DecimalOf a, DecimalOf b) { return a += b; }
    friend DecimalOf operator-(DecimalOf a, DecimalOf b) { return a -= b; }
    friend constexpr auto operator<=>(DecimalOf, DecimalOf) = default;
    friend constexpr bool operator==(DecimalOf, DecimalOf) = default;

private:
    Decimal m_value;
};

/// Price per unit in the instrument's currency.
using Price = DecimalOf<struct PriceTag>;
/// Shares, contracts or coins; may be fractional; signed where it is a position (short < 0).
using Quantity = DecimalOf<struct QuantityTag>;

} // namespace qd
