#pragma once

#include "models/base/decimal.h"

namespace qd {

/// An amount of one currency: a 128-bit count of 1e-8 units, so that sums of any length are exact.
/// The currency is known from the context (an account has one); mixing them is the caller's defect.
class Money {
public:
    constexpr Money() = default;
    static constexpr Money fromUnits(Int128 units) { return Money(units); }
    explicit constexpr Money(Decimal value) : m_units(value.units()) {}
    static Money of(std::string_view text);
    /// As Decimal::parse, with a range of ±10^27.
    static Result<Money> parse(std::string_view text);

    constexpr Int128 units() const { return m_units; }
    constexpr bool isZero() const { return m_units == 0; }
    constexpr bool isNegative() const { return m_units < 0; }
    constexpr bool isPositive() const { return m_units > 0; }
    double toDouble() const { return static_cast<double>(m_units) / 1e8; }
    std::string toString() const;
    std::string toFixed(int places, Rounding rounding = Rounding::HalfEven) const;
    Money abs() const { return m_units < 0 ? Money(-m_units) : *this; }
    /// `this × factor`, rounded to 1e-8. Stops the program beyond ±10^27.
    Money times(Decimal factor, Rounding rounding) const;
    /// `this ÷ divisor`, rounded to 1e-8; `divisor` ≠ 0. Nothing when outside a Decimal's range.
    std::optional<Decimal> dividedBy(Decimal divisor, Rounding rounding) const;

    Money operator-() const { return Money(-m_units); }
    Money& operator+=(Money other);
    Money& operator-=(Money other) { return *this += -other; }
    friend Money operator+(Money a, Money b) { return a += b; }
    friend Money operator-(Money a, Money b) { return a -= b; }
    friend constexpr auto operator<=>(Money, Money) = default;
    friend constexpr bool operator==(Money, Money) = default;

private:
    explicit constexpr Money(Int128 units) : m_units(units) {}
    Int128 m_units = 0;
};

/// price × quantity, rounded to 1e-8.
Money notional(Price price, Quantity quantity, Rounding rounding = Rounding::HalfEven);

/// Exact running sum of price × quantity at 1e-16: rounding happens once, at `total`.
/// Holds 10^13 notionals of 10^9 each without overflow.
class NotionalSum {
public:
    void add(Price price, Quantity quantity)
    {
        m_sum += static_cast<Int128>(price.units()) * quantity.units();
    }
    Money total(Rounding rounding = Rounding::HalfEven) const;

private:
    Int128 m_sum = 0;
};

} // namespace qd
