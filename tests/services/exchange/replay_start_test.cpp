#include "services/exchange/replay_start.h"

#include <gtest/gtest.h>

#include "services/exchange/replay_market.h"

namespace qd::exchange {
namespace {

Recording minutesOf(const char* symbol, const char* begin, int count)
{
    Recording recording;
    recording.kind = Recording::Kind::Bars;
    recording.instrument = recordedInstrument(Symbol::of(symbol));
    for (int i = 0; i < count; ++i) {
        const auto start = Timestamp::of(begin) + std::chrono::minutes(i);
        recording.bars.push_back({start, Price::of("10"), Price::of("10.2"), Price::of("9.9"),
                                  Price::of("10.1"), Quantity::of("500"), 5});
    }
    return recording;
}

TEST(ReplayStart, AStockBeginsAQuarterOfAnHourIntoItsRegularSession)
{
    // 04:00 to 16:00 New York on a summer Monday.
    const auto day = minutesOf("SPY", "2013-10-07T08:00:00Z", 720);
    EXPECT_EQ(suggestedStart({day}), Timestamp::of("2013-10-07T13:45:00Z"));
}

TEST(ReplayStart, OtherRecordingsBeginAQuarterIn)
{
    const auto coins = minutesOf("BTC/USD", "2017-09-03T00:00:00Z", 400);
    EXPECT_EQ(suggestedStart({coins}), Timestamp::of("2017-09-03T01:40:00Z"));
    const auto preMarket = minutesOf("SPY", "2013-10-07T08:00:00Z", 40);
    EXPECT_EQ(suggestedStart({preMarket}), Timestamp::of("2013-10-07T08:10:00Z"));
    EXPECT_FALSE(suggestedStart({}).isSet());
}

TEST(ReplayStart, TheQuotesThatStandAtTheStartAreToldAtOnce)
{
    auto day = minutesOf("SPY", "2013-10-07T08:00:00Z", 720);
    ReplayOptions options;
    options.startAt = suggestedStart({day});
    ReplayMarket market({day}, options);
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    market.start(now);
    MarketBatch batch;
    market.advance(market.venueTime(now), batch);
    ASSERT_FALSE(batch.empty());
    const auto* quote = std::get_if<QuoteTick>(&batch.front());
    ASSERT_NE(quote, nullptr);
    EXPECT_TRUE(quote->bid.isPositive());
    EXPECT_EQ(quote->time, *options.startAt);
}

} // namespace
} // namespace qd::exchange
