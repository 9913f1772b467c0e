#include "models/base/money.h"

#include <limits>

namespace qd {

namespace {

__extension__ typedef unsigned __int128 UInt128;
constexpr Int128 kOne = Decimal::kOne;
/// 10^27 in units of 1e-8: far beyond any balance, far below the type's own limit of 1.7 × 10^38.
constexpr Int128 kLimit = static_cast<Int128>(1'000'000'000'000'000'000LL) * 1'000'000'000LL * kOne;

std::string printScaled(Int128 value, int places)
{
    const bool negative = value < 0;
    UInt128 rest = negative ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
    std::string reversed;
    int digits = 0;
    while (rest != 0 || digits <= places) {
        if (digits == places && places > 0) reversed += '.';
        reversed += static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
        ++digits;
    }
    if (negative) reversed += '-';
    return {reversed.rbegin(), reversed.rend()};
}

} // namespace

Money Money::of(std::string_view text)
{
    const auto parsed = parse(text);
    QD_ASSERT(parsed.has_value());
    return *parsed;
}

Result<Money> Money::parse(std::string_view text)
{
    if (const auto small = Decimal::parse(text)) return Money(*small);
    // Beyond a Decimal's range: split at the point, both halves are Decimals' business no more.
    std::size_t at = 0;
    const bool negative = !text.empty() && text[0] == '-';
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
    Int128 units = 0;
    int decimals = -1, digits = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (c < '0' || c > '9') digits = 100;
        if (++digits > 36 || (decimals >= 0 && ++decimals > Decimal::kPlaces))
            return fail(ErrorKind::Invalid, "money.syntax",
                        "expected an amount with at most 8 decimals, was \"" +
                            std::string(text.substr(0, 40)) + "\"");
        units = units * 10 + (c - '0');
    }
    if (digits == 0)
        return fail(ErrorKind::Invalid, "money.syntax", "expected an amount, was empty");
    for (int i = decimals < 0 ? 0 : decimals; i < Decimal::kPlaces; ++i) {
        if (units > kLimit) break;
        units *= 10;
    }
    if (units > kLimit)
        return fail(ErrorKind::Invalid, "money.range", "expected at most 10^27");
    return Money(negative ? -units : units);
}

std::string Money::toString() const
{
    std::string text = printScaled(m_units, Decimal::kPlaces);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string Money::toFixed(int places, Rounding rounding) const
{
    QD_ASSERT(places >= 0 && places <= Decimal::kPlaces);
    Int128 step = 1;
    for (int i = places; i < Decimal::kPlaces; ++i) step *= 10;
    return printScaled(divideRounded(m_units, step, rounding), places);
}

Money Money::times(Decimal factor, Rounding rounding) const
{
    Int128 product = 0;
    QD_ASSERT(!__builtin_mul_overflow(m_units, static_cast<Int128>(factor.units()), &product));
    const Int128 units = divideRounded(product, kOne, rounding);
    QD_ASSERT(units <= kLimit && units >= -kLimit);
    return Money(units);
}

std::optional<Decimal> Money::dividedBy(Decimal divisor, Rounding rounding) const
{
    if (divisor.isZero()) return std::nullopt;
    Int128 scaled = 0;
    if (__builtin_mul_overflow(m_units, kOne, &scaled)) return std::nullopt;
    const Int128 by = divisor.units();
    const Int128 units = by < 0 ? divideRounded(-scaled, -by, rounding)
                                : divideRounded(scaled, by, rounding);
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    if (units > kMax || units < -kMax) return std::nullopt;
    return Decimal::fromUnits(static_cast<std::int64_t>(units));
}

Money& Money::operator+=(Money other)
{
    m_units += other.m_units;
    QD_ASSERT(m_units <= kLimit && m_units >= -kLimit);
    return *this;
}

Money notional(Price price, Quantity quantity, Rounding rounding)
{
    NotionalSum sum;
    sum.add(price, quantity);
    return sum.total(rounding);
}

Money NotionalSum::total(Rounding rounding) const
{
    return Money::fromUnits(divideRounded(m_sum, kOne, rounding));
}

} // namespace qd
