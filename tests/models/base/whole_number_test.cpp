#include "models/base/whole_number.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace qd {
namespace {

TEST(WholeNumber, IsAllOfTheText)
{
    EXPECT_EQ(wholeNumber<int>("42"), 42);
    EXPECT_EQ(wholeNumber<int>("-42"), -42);
    EXPECT_EQ(wholeNumber<int>("007"), 7);
    EXPECT_EQ(wholeNumber<int>("0"), 0);
    for (const char* text : {"", " 4", "4 ", "+4", "4.0", "4x", "0x4", "-", "--4", "four"})
        EXPECT_EQ(wholeNumber<int>(text), std::nullopt) << text;
}

TEST(WholeNumber, FitsItsType)
{
    EXPECT_EQ(wholeNumber<std::uint16_t>("65535"), 65535);
    EXPECT_EQ(wholeNumber<std::uint16_t>("65536"), std::nullopt);
    EXPECT_EQ(wholeNumber<std::uint16_t>("-1"), std::nullopt);
    constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(wholeNumber<std::int64_t>("-9223372036854775808"), kMin);
    EXPECT_EQ(wholeNumber<std::int64_t>("9223372036854775808"), std::nullopt);
}

} // namespace
} // namespace qd
