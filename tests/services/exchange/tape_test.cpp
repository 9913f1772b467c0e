#include <gtest/gtest.h>

#include "services/exchange/sessions.h"
#include "services/exchange/tape.h"
#include "tests/services/exchange/venue.h"

namespace qd::exchange::test {
namespace {

TEST(Tape, AVolumeBeyondAQuantityStaysAtTheMostThereIs)
{
    constexpr InstrumentIndex kCoin = 2; // coins trade in such numbers
    const Timestamp noon = Timestamp::of("2026-03-04T12:00:00Z");
    const Quantity most = Quantity::of("92233720368.54775807");
    ScriptedMarket market;
    const SessionSchedule sessions(SessionMode::AlwaysOpen);
    Tape tape(market, sessions);
    MarketBatch bars;
    for (int trade = 0; trade < 4; ++trade) { // two in each of two minutes
        TradeTick tick;
        tick.instrument = kCoin;
        tick.price = Price::of("0.01");
        tick.size = Quantity::of("90000000000");
        tick.time = noon + std::chrono::seconds(30 * trade);
        tape.note(tick, bars);
    }
    ASSERT_EQ(bars.size(), 1u);
    EXPECT_EQ(std::get<BarTick>(bars[0]).bar.volume, most);
    EXPECT_EQ(tape.snapshot(kCoin).dailyBar->volume, most);
    const auto joined =
        tape.bars(kCoin, BarInterval::Minute5, noon, noon + std::chrono::minutes(5), 10);
    ASSERT_EQ(joined.size(), 1u);
    EXPECT_EQ(joined[0].volume, most);
    EXPECT_EQ(joined[0].tradeCount, 4);
}

} // namespace
} // namespace qd::exchange::test
