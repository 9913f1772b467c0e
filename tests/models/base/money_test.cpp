#include "models/base/money.h"

#include <random>

#include <gtest/gtest.h>

namespace qd {
namespace {

/// Rounding drift: ten million fills of a tenth of a cent, forward and back.
TEST(Money, TenMillionOperationsSumExactly)
{
    constexpr int kOperations = 10'000'000;
    std::mt19937_64 engine(42);
    Money sum;
    Int128 expected = 0;
    Decimal small;
    const Decimal tenth = Decimal::of("0.1");
    for (int i = 0; i < kOperations; ++i) {
        const auto units = static_cast<std::int64_t>(engine() % 2'000'000'000'000) - 999'999'999'999;
        sum += Money(Decimal::fromUnits(units));
        expected += units;
        small += tenth; // what binary floating point gets wrong
    }
    EXPECT_TRUE(sum.units() == expected);
    EXPECT_EQ(small.toString(), "1000000");

    std::mt19937_64 again(42);
    for (int i = 0; i < kOperations; ++i)
        sum -= Money(Decimal::fromUnits(
            static_cast<std::int64_t>(again() % 2'000'000'000'000) - 999'999'999'999));
    EXPECT_TRUE(sum.isZero());
}

TEST(NotionalSum, RoundsOnceAtTheEnd)
{
    // Each product has 16 decimals; rounding each of them would be off by half a million units.
    NotionalSum sum;
    const auto price = Price::of("0.00000001");
    const auto quantity = Quantity::of("0.5");
    for (int i = 0; i < 1'000'000; ++i) sum.add(price, quantity);
    EXPECT_EQ(sum.total().toString(), "0.005");
    EXPECT_EQ(notional(price, quantity, Rounding::Up).toString(), "0.00000001");
    EXPECT_EQ(notional(price, quantity).toString(), "0");
    EXPECT_EQ(notional(Price::of("512.30"), Quantity::of("-100")).toString(), "-51230");
}

TEST(Money, ReadsBackFromItsTextAtAnySize)
{
    std::mt19937_64 engine(7);
    const Int128 limit = Money::of("1000000000000000000000000000").units();
    for (int i = 0; i < 100'000; ++i) {
        Int128 units = static_cast<Int128>(engine()) << (engine() % 56);
        units >>= engine() % 100;
        if (units > limit) units = limit;
        if (engine() % 2 == 0) units = -units;
        const Money money = Money::fromUnits(units);
        const auto parsed = Money::parse(money.toString());
        ASSERT_TRUE(parsed.has_value()) << money.toString() << describe(parsed.error());
        ASSERT_TRUE(parsed->units() == units) << money.toString();
        ASSERT_TRUE(Money::parse(money.toFixed(8))->units() == units);
    }
}

TEST(Money, RefusesWhatIsNoAmount)
{
    for (const char* text : {"", "-", ".", "1.2.3", "1e40", "abc", "1000000000000000000000000001",
                             "0.000000001", "12345678901234567890.1.", "1 000", "10000000000000x"})
        EXPECT_FALSE(Money::parse(text).has_value()) << text;
}

TEST(Money, TimesAndDividedByRoundAsNamed)
{
    EXPECT_EQ(Money::of("100").times(Decimal::of("0.33333333"), Rounding::Down)
                  .toString(),
              "33.333333");
    EXPECT_EQ(Money::of("100").dividedBy(Decimal::of("3"), Rounding::Down)->toString(),
              "33.33333333");
    EXPECT_EQ(Money::of("-100").dividedBy(Decimal::of("-3"), Rounding::Up)->toString(),
              "33.33333334");
    EXPECT_EQ(Money::of("100").dividedBy(Decimal::of("-3"), Rounding::Floor)->toString(),
              "-33.33333334");
    EXPECT_FALSE(Money::of("1").dividedBy(Decimal{}, Rounding::Down).has_value());
    EXPECT_FALSE(Money::of("1000000000000000000000").dividedBy(Decimal::of("1"), Rounding::Down));
    EXPECT_EQ(Money::of("-0.005").toFixed(2), "0.00");
}

} // namespace
} // namespace qd
