#include "models/market/bar_merge.h"

#include <limits>

#include <gtest/gtest.h>

namespace qd {
namespace {

using namespace std::chrono_literals;

constexpr Quantity kMost = Quantity::fromUnits(std::numeric_limits<std::int64_t>::max());

Bar mergedBar(const char* start, const char* open, const char* high, const char* low,
              const char* close, const char* volume, std::int64_t trades)
{
    return {Timestamp::of(start), Price::of(open),      Price::of(high), Price::of(low),
            Price::of(close),     Quantity::of(volume), trades};
}

TEST(BarMerge, QuarterHoursBecomeHours)
{
    const std::vector<Bar> quarters = {
        mergedBar("2026-01-05T14:30:00Z", "10", "12", "9", "11", "100", 3),
        mergedBar("2026-01-05T14:45:00Z", "11", "13", "11", "12", "50", 2),
        mergedBar("2026-01-05T15:00:00Z", "12", "12", "8", "9", "70", 4),
    };
    const auto hours = gather(quarters, 1h);
    ASSERT_EQ(hours.size(), 2u);
    EXPECT_EQ(hours[0], mergedBar("2026-01-05T14:00:00Z", "10", "13", "9", "12", "150", 5));
    EXPECT_EQ(hours[1], mergedBar("2026-01-05T15:00:00Z", "12", "12", "8", "9", "70", 4));
    EXPECT_TRUE(gather({}, 1h).empty());
}

TEST(BarMerge, VolumeStaysAtTheMostThereIs)
{
    Bar bar = mergedBar("2026-01-05T14:30:00Z", "1", "1", "1", "1", "1", 1);
    bar.volume = kMost;
    const Bar later = mergedBar("2026-01-05T14:31:00Z", "1", "1", "1", "1", "1", 1);
    extend(bar, later);
    EXPECT_EQ(bar.volume, kMost);
}

} // namespace
} // namespace qd
