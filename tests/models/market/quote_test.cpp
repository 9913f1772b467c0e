#include "models/market/quote.h"

#include <gtest/gtest.h>

#include "models/market/calendar.h"

namespace qd {
namespace {

TEST(QuoteNames, EveryNameReadsBack)
{
    for (const auto value : {FeedClass::RealTime, FeedClass::Delayed, FeedClass::Frozen,
                             FeedClass::Simulated})
        EXPECT_EQ(parseFeedClass(toString(value)).value(), value);
    for (const auto value : {Freshness::Live, Freshness::Slow, Freshness::Stale, Freshness::Halted,
                             Freshness::Closed, Freshness::Delayed, Freshness::NoData})
        EXPECT_EQ(parseFreshness(toString(value)).value(), value);
    for (const auto value : {BarInterval::Minute1, BarInterval::Minute5, BarInterval::Minute15,
                             BarInterval::Hour1, BarInterval::Hour4, BarInterval::Day1})
        EXPECT_EQ(parseBarInterval(toString(value)).value(), value);
    for (const auto value : {SessionPhase::Closed, SessionPhase::PreMarket, SessionPhase::Regular,
                             SessionPhase::PostMarket})
        EXPECT_EQ(parseSessionPhase(toString(value)).value(), value);
}

TEST(QuoteNames, ARefusalNamesTheAcceptedValues)
{
    const auto refused = parseBarInterval("2m");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().field, "interval");
    EXPECT_NE(refused.error().detail.find("1m, 5m, 15m, 1h, 4h, 1d"), std::string::npos);
}

TEST(BarInterval, LengthsAreWhatTheNamesSay)
{
    using namespace std::chrono_literals;
    EXPECT_EQ(lengthOf(BarInterval::Minute15), 15min);
    EXPECT_EQ(lengthOf(BarInterval::Hour4), 4h);
    EXPECT_EQ(lengthOf(BarInterval::Day1), 24h);
}

} // namespace
} // namespace qd
