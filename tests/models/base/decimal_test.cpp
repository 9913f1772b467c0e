#include "models/base/decimal.h"

#include <array>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "models/base/money.h"

namespace qd {
namespace {

constexpr std::array kAllRoundings = {Rounding::HalfEven, Rounding::HalfUp,  Rounding::Down,
                                      Rounding::Up,       Rounding::Floor,   Rounding::Ceiling};
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// Rounding by its definition: look at both neighbours and choose. Slow and plainly right.
Int128 reference(Int128 dividend, Int128 divisor, Rounding rounding)
{
    if (divisor < 0) {
        dividend = -dividend;
        divisor = -divisor;
    }
    Int128 below = dividend / divisor;
    if (below * divisor > dividend) --below;
    if (below * divisor == dividend) return below;
    const Int128 above = below + 1;
    const Int128 fromBelow = dividend - below * divisor, fromAbove = above * divisor - dividend;
    const Int128 towardZero = dividend < 0 ? above : below;
    const Int128 awayFromZero = dividend < 0 ? below : above;
    switch (rounding) {
    case Rounding::Floor: return below;
    case Rounding::Ceiling: return above;
    case Rounding::Down: return towardZero;
    case Rounding::Up: return awayFromZero;
    case Rounding::HalfUp:
        if (fromBelow == fromAbove) return awayFromZero;
        return fromBelow < fromAbove ? below : above;
    case Rounding::HalfEven:
        if (fromBelow == fromAbove) return below % 2 == 0 ? below : above;
        return fromBelow < fromAbove ? below : above;
    }
    return below;
}

bool fits(Int128 units)
{
    return units <= kMax && units >= -static_cast<Int128>(kMax) - 1;
}

/// Numbers of all sizes, with many ties and edges among them.
class Numbers {
public:
    explicit Numbers(unsigned seed) : m_engine(seed) {}
    std::int64_t next()
    {
        switch (m_engine() % 8) {
        case 0: return static_cast<std::int64_t>(m_engine());
        case 1: return pick({0, 1, -1, 2, 49'999'999, 50'000'000, 50'000'001, 100'000'000,
                             150'000'000, -50'000'000, -150'000'000, kMax, -kMax, -kMax - 1});
        case 2: return signedBelow(1'000);
        case 3: return signedBelow(1'000) * 50'000'000; // whole and half numbers
        case 4: return signedBelow(100'000) * 1'000'000; // cents
        default: return signedBelow(std::int64_t{1} << (m_engine() % 62 + 1));
        }
    }
    std::uint64_t raw() { return m_engine(); }

private:
    std::int64_t pick(std::initializer_list<std::int64_t> values)
    {
        return *(values.begin() + static_cast<std::ptrdiff_t>(m_engine() % values.size()));
    }
    std::int64_t signedBelow(std::int64_t bound)
    {
        const auto value = static_cast<std::int64_t>(m_engine() % static_cast<std::uint64_t>(bound));
        return m_engine() % 2 == 0 ? value : -value;
    }
    std::mt19937_64 m_engine;
};

TEST(Decimal, DivideRoundedIsItsDefinition)
{
    Numbers numbers(1);
    for (int i = 0; i < 200'000; ++i) {
        const Int128 dividend = static_cast<Int128>(numbers.next()) * (i % 2 == 0 ? 1 : numbers.next());
        const std::int64_t divisor = std::max<std::int64_t>(1, numbers.next());
        for (const Rounding rounding : kAllRoundings)
            ASSERT_EQ(divideRounded(dividend, divisor, rounding),
                      reference(dividend, divisor, rounding));
    }
}

TEST(Decimal, MultiplyRoundsAsNamedOrSaysThatItDoesNotFit)
{
    Numbers numbers(2);
    for (int i = 0; i < 200'000; ++i) {
        const auto a = Decimal::fromUnits(numbers.next()), b = Decimal::fromUnits(numbers.next());
        const Int128 product = static_cast<Int128>(a.units()) * b.units();
        for (const Rounding rounding : kAllRoundings) {
            const Int128 expected = reference(product, Decimal::kOne, rounding);
            const auto actual = a.checkedMultiply(b, rounding);
            ASSERT_EQ(actual.has_value(), fits(expected)) << a.units() << " × " << b.units();
            if (actual) {
                ASSERT_EQ(actual->units(), static_cast<std::int64_t>(expected));
            }
        }
    }
}

TEST(Decimal, DivideRoundsAsNamedOrSaysThatItDoesNotFit)
{
    Numbers numbers(3);
    for (int i = 0; i < 200'000; ++i) {
        const auto a = Decimal::fromUnits(numbers.next()), b = Decimal::fromUnits(numbers.next());
        for (const Rounding rounding : kAllRoundings) {
            const auto actual = a.checkedDivide(b, rounding);
            if (b.isZero()) {
                ASSERT_FALSE(actual.has_value());
                continue;
            }
            const Int128 expected =
                reference(static_cast<Int128>(a.units()) * Decimal::kOne, b.units(), rounding);
            ASSERT_EQ(actual.has_value(), fits(expected)) << a.units() << " ÷ " << b.units();
            if (actual) {
                ASSERT_EQ(actual->units(), static_cast<std::int64_t>(expected));
            }
        }
    }
}

TEST(Decimal, EveryNumberReadsBackFromItsText)
{
    Numbers numbers(4);
    for (int i = 0; i < 300'000; ++i) {
        const auto value = Decimal::fromUnits(numbers.next());
        const std::string text = value.toString();
        ASSERT_LE(text.size(), Decimal::kMaxChars);
        const auto parsed = Decimal::parse(text);
        ASSERT_TRUE(parsed.has_value()) << text << describe(parsed.error());
        ASSERT_EQ(*parsed, value) << text;
        ASSERT_EQ(Decimal::parse(value.toFixed(8)).value(), value);
        // Shortest: no zero at the end of a fraction.
        ASSERT_TRUE(text.find('.') == std::string::npos || (text.back() != '0' && text.back() != '.'));
        ASSERT_EQ(value.places(), text.find('.') == std::string::npos
                                      ? 0
                                      : static_cast<int>(text.size() - text.find('.') - 1));
    }
}

TEST(Decimal, RoundingWhileReadingIsRoundingOfTheExactValue)
{
    // Twelve decimals: exact as a 128-bit count of 1e-12.
    Numbers numbers(5);
    for (int i = 0; i < 100'000; ++i) {
        const auto whole = static_cast<std::int64_t>(numbers.raw() % 1'000'000);
        auto fraction = static_cast<std::int64_t>(numbers.raw() % 1'000'000'000'000);
        if (i % 4 == 0) fraction = fraction / 10'000 * 10'000 + 5'000; // ties
        const bool negative = i % 3 == 0;
        char text[64];
        std::snprintf(text, sizeof text, "%s%lld.%012lld", negative ? "-" : "",
                      static_cast<long long>(whole), static_cast<long long>(fraction));
        Int128 exact = static_cast<Int128>(whole) * 1'000'000'000'000 + fraction;
        if (negative) exact = -exact;
        for (const Rounding rounding : kAllRoundings) {
            const auto parsed = Decimal::parse(text, rounding);
            ASSERT_TRUE(parsed.has_value());
            ASSERT_EQ(parsed->units(), static_cast<std::int64_t>(reference(exact, 10'000, rounding)))
                << text;
        }
    }
}

TEST(Decimal, ReadsWhatWiresWrite)
{
    struct Row {
        const char* text;
        const char* value;
    };
    const Row rows[] = {
        {"0", "0"},           {"-0", "0"},          {"+1", "1"},
        {"1.", "1"},          {".5", "0.5"},        {"-.5", "-0.5"},
        {"1e3", "1000"},      {"1E-8", "0.00000001"}, {"12.50", "12.5"},
        {"1.5e+2", "150"},    {"0e999", "0"},       {"0.000000010000", "0.00000001"},
        {"92233720368.54775807", "92233720368.54775807"},
        {"-92233720368.54775808", "-92233720368.54775808"},
        {"00000000000000000000000012.5", "12.5"},
        {"1234567890.12345678", "1234567890.12345678"},
    };
    for (const Row& row : rows) {
        const auto parsed = Decimal::parse(row.text);
        ASSERT_TRUE(parsed.has_value()) << row.text << ": " << describe(parsed.error());
        EXPECT_EQ(parsed->toString(), row.value) << row.text;
    }
}

TEST(Decimal, RefusesTheRestWithTheReason)
{
    struct Row {
        const char* text;
        const char* code;
    };
    const Row rows[] = {
        {"", "decimal.syntax"},        {"-", "decimal.syntax"},     {".", "decimal.syntax"},
        {"1.2.3", "decimal.syntax"},   {"1e", "decimal.syntax"},    {"1e+", "decimal.syntax"},
        {"e5", "decimal.syntax"},      {" 1", "decimal.syntax"},    {"1 ", "decimal.syntax"},
        {"1,000", "decimal.syntax"},   {"NaN", "decimal.syntax"},   {"Infinity", "decimal.syntax"},
        {"0x10", "decimal.syntax"},    {"--1", "decimal.syntax"},   {"1-", "decimal.syntax"},
        {"0.000000001", "decimal.precision"},
        {"1e-9", "decimal.precision"}, {"1e-999999999999", "decimal.precision"},
        {"92233720368.54775808", "decimal.range"},
        {"-92233720368.54775809", "decimal.range"},
        {"1e11", "decimal.range"},     {"1e999999999999", "decimal.range"},
        {"99999999999999999999999999", "decimal.range"},
    };
    for (const Row& row : rows) {
        const auto parsed = Decimal::parse(row.text);
        ASSERT_FALSE(parsed.has_value()) << row.text;
        EXPECT_EQ(parsed.error().code, row.code) << row.text;
    }
}

TEST(Decimal, LongTailsAreJudgedByEveryDigit)
{
    const std::string tie = "0.000000005", more = tie + std::string(60, '0') + "1";
    EXPECT_EQ(Decimal::parse(tie, Rounding::HalfEven)->units(), 0);
    EXPECT_EQ(Decimal::parse(more, Rounding::HalfEven)->units(), 1);
    EXPECT_EQ(Decimal::parse(tie, Rounding::HalfUp)->units(), 1);
    EXPECT_EQ(Decimal::parse("1e-60", Rounding::Up)->units(), 1);
    EXPECT_EQ(Decimal::parse("-1e-60", Rounding::Ceiling)->units(), 0);
    EXPECT_EQ(Decimal::parse("-1e-60", Rounding::Floor)->units(), -1);
    const std::string nines = "0." + std::string(40, '9');
    EXPECT_EQ(Decimal::parse(nines, Rounding::Down)->toString(), "0.99999999");
    EXPECT_EQ(Decimal::parse(nines, Rounding::HalfEven)->toString(), "1");
    // Nineteen leading digits and a nonzero one beyond them.
    EXPECT_EQ(Decimal::parse("1.000000005000000000000000001", Rounding::HalfEven)->units(),
              100'000'001);
}

TEST(Decimal, FixedPlacesRoundAsNamed)
{
    EXPECT_EQ(Decimal::of("12.345").toFixed(2), "12.34");
    EXPECT_EQ(Decimal::of("12.345").toFixed(2, Rounding::HalfUp), "12.35");
    EXPECT_EQ(Decimal::of("-0.004").toFixed(2), "0.00");
    EXPECT_EQ(Decimal::of("-0.005").toFixed(2, Rounding::Floor), "-0.01");
    EXPECT_EQ(Decimal::of("0.99999999").toFixed(0), "1");
    EXPECT_EQ(Decimal::fromUnits(-kMax - 1).toFixed(8), "-92233720368.54775808");
    EXPECT_EQ(Decimal::of("92233720368").toFixed(0, Rounding::Up), "92233720368");
}

TEST(Decimal, RoundsOntoTicks)
{
    EXPECT_EQ(Decimal::of("10.007").roundTo(Decimal::of("0.01"), Rounding::Floor),
              Decimal::of("10"));
    EXPECT_EQ(Decimal::of("10.007").roundTo(Decimal::of("0.01"), Rounding::Ceiling),
              Decimal::of("10.01"));
    EXPECT_EQ(Decimal::of("-10.007").roundTo(Decimal::of("0.05"), Rounding::HalfEven),
              Decimal::of("-10"));
    EXPECT_TRUE(Decimal::of("10.05").isMultipleOf(Decimal::of("0.05")));
    EXPECT_FALSE(Decimal::of("10.05").isMultipleOf(Decimal{}));
}

TEST(Decimal, CheckedSumsSayWhenTheyDoNotFit)
{
    const auto largest = Decimal::fromUnits(kMax), smallest = Decimal::fromUnits(-kMax - 1);
    EXPECT_FALSE(largest.checkedAdd(Decimal::fromUnits(1)).has_value());
    EXPECT_FALSE(smallest.checkedSubtract(Decimal::fromUnits(1)).has_value());
    EXPECT_EQ(largest.checkedAdd(smallest)->units(), -1);
    EXPECT_FALSE(Decimal::of("1").checkedDivide(Decimal{}, Rounding::Down).has_value());
}

TEST(DecimalDeathTest, UncheckedOverflowStopsTheProgram)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    auto largest = Decimal::fromUnits(kMax);
    EXPECT_DEATH(largest += Decimal::fromUnits(1), "promise broken");
    EXPECT_DEATH((void)-Decimal::fromUnits(-kMax - 1), "promise broken");
    EXPECT_DEATH((void)Decimal::of("abc"), "promise broken");
}

TEST(Decimal, FromDoubleRoundsAndRefusesWhatIsNoNumber)
{
    EXPECT_EQ(Decimal::fromDouble(0.1)->toString(), "0.1");
    EXPECT_EQ(Decimal::fromDouble(-1e-9)->units(), 0);
    EXPECT_FALSE(Decimal::fromDouble(std::numeric_limits<double>::quiet_NaN()).has_value());
    EXPECT_FALSE(Decimal::fromDouble(std::numeric_limits<double>::infinity()).has_value());
    EXPECT_FALSE(Decimal::fromDouble(1e12).has_value());
}

} // namespace
} // namespace qd
