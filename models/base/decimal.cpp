#include "models/base/decimal.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace qd {

namespace {

using Int64 = std::int64_t;
using UInt64 = std::uint64_t;
using Int64Limits = std::numeric_limits<Int64>;
__extension__ typedef unsigned __int128 UInt128;

constexpr UInt64 kPowers[] = {1ULL,
                              10ULL,
                              100ULL,
                              1'000ULL,
                              10'000ULL,
                              100'000ULL,
                              1'000'000ULL,
                              10'000'000ULL,
                              100'000'000ULL,
                              1'000'000'000ULL,
                              10'000'000'000ULL,
                              100'000'000'000ULL,
                              1'000'000'000'000ULL,
                              10'000'000'000'000ULL,
                              100'000'000'000'000ULL,
                              1'000'000'000'000'000ULL,
                              10'000'000'000'000'000ULL,
                              100'000'000'000'000'000ULL,
                              1'000'000'000'000'000'000ULL,
                              10'000'000'000'000'000'000ULL};

/// Does a magnitude with this remainder (< divisor) grow by one? `quotientOdd` matters for HalfEven
/// only. Comparisons instead of branches: which way a price rounds cannot be predicted.
template <typename Unsigned>
inline bool roundsAway(Unsigned remainder, Unsigned divisor, bool quotientOdd, bool negative,
                       Rounding rounding)
{
    if (rounding == Rounding::HalfEven) // nearly always: no jump table
        return remainder + (quotientOdd ? 1U : 0U) > divisor - remainder;
    switch (rounding) {
    case Rounding::HalfEven: break;
    case Rounding::HalfUp: return remainder + 1U > divisor - remainder;
    case Rounding::Down: return false;
    case Rounding::Up: return remainder != 0;
    case Rounding::Floor: return (remainder != 0) & negative;
    case Rounding::Ceiling: return (remainder != 0) & !negative;
    }
    return false;
}

UInt64 magnitude(Int64 value)
{
    return value < 0 ? UInt64{0} - static_cast<UInt64>(value) : static_cast<UInt64>(value);
}

std::optional<Int64> withSign(UInt64 value, bool negative)
{
    constexpr auto kMax = static_cast<UInt64>(Int64Limits::max());
    if (value > kMax + (negative ? 1 : 0)) return std::nullopt;
    return negative ? static_cast<Int64>(UInt64{0} - value) : static_cast<Int64>(value);
}

struct Divided {
    UInt64 quotient, remainder;
};

/// Otherwise the quotient has more than 63 bits.
inline bool isDivisible(UInt128 dividend)
{
    return static_cast<UInt64>(dividend >> 64) >> 26 == 0;
}

/// `dividend / 10^8` for dividends that are divisible (below 2^90): the top 64 bits times the reciprocal, instead of a
/// hardware division that takes several times as long. Cutting off the rest takes at most 2^26 / 10^8
/// from the quotient, the reciprocal adds less than 2^-6, which is taken off again: so the estimate is
/// right or one too small, and the remainder tells which.
inline Divided divideByOne(UInt128 dividend)
{
    constexpr int kCut = 26;
    constexpr auto kDivisor = static_cast<UInt64>(Decimal::kOne);
    constexpr auto kReciprocal = static_cast<UInt64>((UInt128{1} << (64 + kCut)) / kDivisor + 1);
    constexpr UInt128 kExcess = UInt128{1} << (64 - 6);
    const auto top = static_cast<UInt64>(dividend >> kCut);
    const UInt128 estimate = static_cast<UInt128>(top) * kReciprocal - kExcess; // −1 below 10^8
    auto quotient = static_cast<UInt64>(estimate >> 64);
    UInt64 remainder = static_cast<UInt64>(dividend) - quotient * kDivisor;
    // A mask, not a branch that is mispredicted.
    const UInt64 tooFew = UInt64{remainder >= kDivisor};
    quotient += tooFew;
    remainder -= (UInt64{0} - tooFew) & kDivisor;
    return {quotient, remainder};
}

/// Results made in registers. GCC 12 stores an optional's flag as one byte and loads it back as eight
/// to return it, and so it does where an empty result meets a full one: a stall that takes as long as
/// the multiplication.
inline std::optional<Decimal> fullResult(Int64 units)
{
    struct Layout { // of std::optional in libstdc++ and libc++
        Int64 units, isEngaged;
    };
    static_assert(sizeof(Layout) == sizeof(std::optional<Decimal>) &&
                  std::endian::native == std::endian::little);
    return std::bit_cast<std::optional<Decimal>>(Layout{units, 1});
}

[[gnu::noinline, gnu::cold]] std::optional<Decimal> emptyResult()
{
    return std::nullopt;
}

tl::unexpected<Error> badNumber(const char* code, const char* what, std::string_view text)
{
    return fail(ErrorKind::Invalid, code,
                std::string(what) + ", was \"" + std::string(text.substr(0, 40)) + "\"");
}

/// Two digits at a time: halves the divisions of printing.
constexpr auto kPairs = [] {
    struct Table {
        char text[200];
    } table{};
    for (int i = 0; i < 100; ++i) {
        table.text[2 * i] = static_cast<char>('0' + i / 10);
        table.text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return table;
}();

char* writeInteger(char* out, UInt64 value)
{
    char buffer[20];
    char* at = buffer + 20;
    while (value >= 100) {
        at -= 2;
        std::memcpy(at, kPairs.text + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        std::memcpy(at, kPairs.text + 2 * value, 2);
    } else {
        *--at = static_cast<char>('0' + value);
    }
    const auto length = static_cast<std::size_t>(buffer + 20 - at);
    std::memcpy(out, at, length);
    return out + length;
}

void writeEightDigits(char* out, std::uint32_t value)
{
    for (int i = 6; i >= 0; i -= 2) {
        std::memcpy(out + i, kPairs.text + 2 * (value % 100), 2);
        value /= 100;
    }
}

/// What the slow path of parsing collects: any length, exponents, rounding.
struct Scanned {
    UInt64 digits = 0;       ///< the leading digits as an integer
    int exponent = 0;        ///< value = digits × 10^exponent
    bool sticky = false;     ///< digits beyond the nineteenth that were not all zero
    bool negative = false;
};

bool scan(std::string_view text, Scanned& result)
{
    const char *at = text.data(), *end = at + text.size();
    if (at != end && (*at == '-' || *at == '+')) result.negative = *at++ == '-';
    bool any = false, point = false;
    for (; at != end; ++at) {
        if (*at == '.') {
            if (point) return false;
            point = true;
            continue;
        }
        const auto digit = static_cast<unsigned>(*at) - '0';
        if (digit > 9) break;
        any = true;
        if (result.digits < kPowers[18]) {
            result.digits = result.digits * 10 + digit;
            if (point) --result.exponent;
        } else {
            result.sticky |= digit != 0;
            if (!point) ++result.exponent;
        }
    }
    if (!any) return false;
    if (at == end) return true;
    if (*at != 'e' && *at != 'E') return false;
    if (++at == end) return false;
    const bool negative = *at == '-';
    if (*at == '-' || *at == '+') ++at;
    if (at == end) return false;
    int exponent = 0;
    for (; at != end; ++at) {
        const auto digit = static_cast<unsigned>(*at) - '0';
        if (digit > 9) return false;
        if (exponent < 10'000) exponent = exponent * 10 + static_cast<int>(digit);
    }
    result.exponent += negative ? -exponent : exponent;
    return true;
}

Result<Int64> parseSlow(std::string_view text, std::optional<Rounding> rounding)
{
    Scanned scanned;
    if (!scan(text, scanned))
        return badNumber("decimal.syntax", "expected a decimal number", text);
    if (scanned.digits == 0 && !scanned.sticky) return 0;
    const int shift = scanned.exponent + Decimal::kPlaces;
    UInt64 units = scanned.digits;
    if (shift >= 0) {
        if (shift > 19 || scanned.sticky)
            return badNumber("decimal.range", "expected at most 92233720368", text);
        if (__builtin_mul_overflow(units, kPowers[shift], &units))
            return badNumber("decimal.range", "expected at most 92233720368", text);
    } else {
        const bool tiny = shift < -19;
        const UInt64 divisor = tiny ? kPowers[19] : kPowers[-shift];
        UInt64 rest = tiny ? 1 : units % divisor;
        units = tiny ? 0 : units / divisor;
        if (rest != 0 || scanned.sticky) {
            if (!rounding)
                return badNumber("decimal.precision", "expected at most 8 decimal places", text);
            // A sticky digit below the remainder breaks ties: nudge it off the exact half.
            if (scanned.sticky && (rest == 0 || rest == divisor - rest)) ++rest;
            if (roundsAway(rest, divisor, (units & 1) != 0, scanned.negative, *rounding)) ++units;
        }
    }
    const auto value = withSign(units, scanned.negative);
    if (!value) return badNumber("decimal.range", "expected at most 92233720368", text);
    return *value;
}

/// At most 18 digits in all, at most 8 after the point, no exponent: nearly every number on a wire.
bool parseFast(std::string_view text, Int64& units)
{
    const char *at = text.data(), *end = at + text.size();
    const bool negative = at != end && *at == '-';
    if (negative) ++at;
    if (end - at > 19 || at == end) return false;
    UInt64 value = 0;
    const char* start = at;
    while (at != end) {
        const auto digit = static_cast<unsigned>(*at) - '0';
        if (digit > 9) break;
        value = value * 10 + digit;
        ++at;
    }
    const auto whole = at - start;
    if (whole == 0 || whole > 10) return false;
    std::ptrdiff_t decimals = 0;
    if (at != end) {
        if (*at != '.') return false;
        const char* fraction = ++at;
        while (at != end) {
            const auto digit = static_cast<unsigned>(*at) - '0';
            if (digit > 9) return false;
            value = value * 10 + digit;
            ++at;
        }
        decimals = at - fraction;
        if (decimals == 0 || decimals > Decimal::kPlaces) return false;
    }
    value *= kPowers[Decimal::kPlaces - decimals]; // ≤ 10 + 8 digits: fits
    units = negative ? -static_cast<Int64>(value) : static_cast<Int64>(value);
    return true;
}

} // namespace

Decimal Decimal::fromInt(std::int64_t value)
{
    Int64 units = 0;
    QD_ASSERT(!__builtin_mul_overflow(value, kOne, &units));
    return Decimal(units);
}

std::optional<Decimal> Decimal::fromDouble(double value)
{
    const double units = std::nearbyint(value * 1e8);
    if (!(std::abs(units) < 9.2e18)) return std::nullopt;
    return Decimal(static_cast<Int64>(units));
}

Result<Decimal> Decimal::parse(std::string_view text)
{
    Int64 units = 0;
    if (parseFast(text, units)) return Decimal(units);
    return parseSlow(text, std::nullopt).map([](Int64 value) { return Decimal(value); });
}

Result<Decimal> Decimal::parse(std::string_view text, Rounding rounding)
{
    Int64 units = 0;
    if (parseFast(text, units)) return Decimal(units);
    return parseSlow(text, rounding).map([](Int64 value) { return Decimal(value); });
}

Decimal Decimal::of(std::string_view text)
{
    const auto parsed = parse(text);
    QD_ASSERT(parsed.has_value());
    return *parsed;
}

int Decimal::places() const
{
    UInt64 fraction = magnitude(m_units) % kOne;
    if (fraction == 0) return 0;
    int places = kPlaces;
    for (; fraction % 10 == 0; fraction /= 10) --places;
    return places;
}

char* Decimal::write(char* out) const
{
    const UInt64 value = magnitude(m_units);
    if (m_units < 0) *out++ = '-';
    out = writeInteger(out, value / kOne);
    const auto fraction = static_cast<std::uint32_t>(value % kOne);
    if (fraction == 0) return out;
    *out++ = '.';
    writeEightDigits(out, fraction);
    out += kPlaces;
    while (out[-1] == '0') --out;
    return out;
}

std::string Decimal::toString() const
{
    char buffer[kMaxChars + 1];
    return {buffer, write(buffer)};
}

std::string Decimal::toFixed(int places, Rounding rounding) const
{
    QD_ASSERT(places >= 0 && places <= kPlaces);
    const UInt64 step = kPowers[kPlaces - places];
    const bool negative = m_units < 0;
    const UInt64 value = magnitude(m_units);
    UInt64 steps = value / step;
    if (roundsAway(value % step, step, (steps & 1) != 0, negative, rounding)) ++steps;
    char buffer[kMaxChars + 2];
    char* out = buffer;
    if (negative && steps != 0) *out++ = '-';
    const UInt64 unit = kPowers[places];
    out = writeInteger(out, steps / unit);
    if (places > 0) {
        *out++ = '.';
        char digits[kPlaces];
        writeEightDigits(digits, static_cast<std::uint32_t>(steps % unit));
        std::memcpy(out, digits + kPlaces - places, static_cast<std::size_t>(places));
        out += places;
    }
    return {buffer, out};
}

std::optional<Decimal> Decimal::checkedAdd(Decimal other) const
{
    Int64 sum = 0;
    if (__builtin_add_overflow(m_units, other.m_units, &sum)) return std::nullopt;
    return Decimal(sum);
}

std::optional<Decimal> Decimal::checkedSubtract(Decimal other) const
{
    Int64 difference = 0;
    if (__builtin_sub_overflow(m_units, other.m_units, &difference)) return std::nullopt;
    return Decimal(difference);
}

std::optional<Decimal> Decimal::checkedMultiply(Decimal other, Rounding rounding) const
{
    constexpr auto kUnit = static_cast<UInt64>(kOne);
    const Int64 signs = m_units ^ other.m_units;
    const UInt128 product = static_cast<UInt128>(magnitude(m_units)) * magnitude(other.m_units);
    UInt64 rounded = 0;
    if (rounding == Rounding::HalfEven) { // nearly always: worth fewer steps
        const UInt128 shifted = product + kUnit / 2;
        if (!isDivisible(shifted)) return emptyResult();
        const auto [quotient, remainder] = divideByOne(shifted);
        rounded = quotient - (remainder == 0 ? quotient & 1 : 0); // a tie goes to the even one
    } else {
        if (!isDivisible(product)) return emptyResult();
        const auto [quotient, remainder] = divideByOne(product);
        const bool isOdd = (quotient & 1) != 0;
        rounded = quotient + (roundsAway(remainder, kUnit, isOdd, signs < 0, rounding) ? 1 : 0);
    }
    const auto sign = static_cast<UInt64>(signs >> 63); // −1 or 0
    if (rounded > static_cast<UInt64>(Int64Limits::max()) - sign) return emptyResult();
    return fullResult(static_cast<Int64>((rounded ^ sign) - sign));
}

std::optional<Decimal> Decimal::checkedDivide(Decimal divisor, Rounding rounding) const
{
    if (divisor.m_units == 0) return std::nullopt;
    const bool negative = (m_units < 0) != (divisor.m_units < 0);
    const UInt128 dividend = static_cast<UInt128>(magnitude(m_units)) * static_cast<UInt64>(kOne);
    const UInt128 by = magnitude(divisor.m_units);
    UInt128 quotient = dividend / by;
    if (roundsAway(dividend % by, by, (quotient & 1) != 0, negative, rounding)) ++quotient;
    if (quotient > static_cast<UInt128>(Int64Limits::max()) + 1) return std::nullopt;
    const auto value = withSign(static_cast<UInt64>(quotient), negative);
    if (!value) return std::nullopt;
    return Decimal(*value);
}

Decimal Decimal::roundTo(Decimal step, Rounding rounding) const
{
    QD_ASSERT(step.m_units > 0);
    const Int128 steps = divideRounded(m_units, step.m_units, rounding);
    const Int128 units = steps * step.m_units;
    QD_ASSERT(units <= Int64Limits::max() && units >= Int64Limits::min());
    return Decimal(static_cast<Int64>(units));
}

Decimal Decimal::abs() const
{
    return m_units < 0 ? -*this : *this;
}

Decimal Decimal::operator-() const
{
    QD_ASSERT(m_units != Int64Limits::min());
    return Decimal(-m_units);
}

Decimal& Decimal::operator+=(Decimal other)
{
    QD_ASSERT(!__builtin_add_overflow(m_units, other.m_units, &m_units));
    return *this;
}

Decimal& Decimal::operator-=(Decimal other)
{
    QD_ASSERT(!__builtin_sub_overflow(m_units, other.m_units, &m_units));
    return *this;
}

Int128 divideRounded(Int128 dividend, Int128 divisor, Rounding rounding)
{
    QD_ASSERT(divisor > 0);
    const bool negative = dividend < 0;
    const UInt128 value = negative ? UInt128{0} - static_cast<UInt128>(dividend)
                                   : static_cast<UInt128>(dividend);
    const auto by = static_cast<UInt128>(divisor);
    UInt128 quotient = value / by;
    if (roundsAway(value % by, by, (quotient & 1) != 0, negative, rounding)) ++quotient;
    return negative ? -static_cast<Int128>(quotient) : static_cast<Int128>(quotient);
}

} // namespace qd
