#include "services/runtime/backoff.h"

#include <limits>

#include <gtest/gtest.h>

namespace qd::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToItsCap)
{
    EXPECT_EQ(grownWait(1s, 30s, 1), 1s);
    EXPECT_EQ(grownWait(1s, 30s, 2), 2s);
    EXPECT_EQ(grownWait(1s, 30s, 5), 16s);
    EXPECT_EQ(grownWait(1s, 30s, 6), 30s);
    EXPECT_EQ(grownWait(1s, 30s, std::numeric_limits<int>::max()), 30s);
    EXPECT_EQ(grownWait(1s, Duration::max(), 1'000), Duration::max()) << "no overflow";
    EXPECT_EQ(grownWait(40s, 30s, 1), 30s);
    EXPECT_EQ(grownWait(Duration{}, 30s, std::numeric_limits<int>::max()), Duration{});
}

TEST(Backoff, JitterFillsTheWholeRangeAndNoMore)
{
    SeededRandom random(7);
    Duration least = Duration::max(), most{};
    for (int i = 0; i < 2'000; ++i) {
        const Duration wait = jitteredWait(1s, 30s, 4, random, 1s);
        least = std::min(least, wait);
        most = std::max(most, wait);
    }
    EXPECT_GE(least, 1s);
    EXPECT_LT(least, 1'100ms);
    EXPECT_LE(most, 8s);
    EXPECT_GT(most, 7'900ms);
}

TEST(Backoff, AFloorAboveTheCeilingIsTheCeiling)
{
    SeededRandom random(7);
    EXPECT_EQ(jitteredWait(1s, 30s, 1, random, 1min), 1s);
}

} // namespace
} // namespace qd::runtime
