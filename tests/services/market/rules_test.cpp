// The pure rules: bad numbers, sale conditions, freshness, bars from trades.
#include <gtest/gtest.h>

#include "services/market/bar_builder.h"
#include "services/market/freshness.h"
#include "services/market/market_clock.h"
#include "services/market/value_checks.h"

namespace qd::market {
namespace {

using namespace std::chrono_literals;

const Timestamp kNow = Timestamp::of("2026-01-05T15:00:00Z"); // a Monday, 10:00 in New York

Quote quote(const char* bid, const char* ask, Timestamp at = kNow)
{
    return {Symbol::of("SPY"), Price::of(bid), Price::of(ask), Quantity::of("100"),
            Quantity::of("200"), at, at};
}

Trade trade(const char* price, const char* size, Timestamp at = kNow, const char* condition = "@")
{
    return {Symbol::of("SPY"), Price::of(price), Quantity::of(size), 0, condition, "Q", at, at};
}

TEST(ValueChecks, BadQuotesAreNamed)
{
    struct Row {
        Quote quote;
        Doubt doubt;
    };
    Quote negativeSize = quote("10", "10.01");
    negativeSize.bidSize = Quantity::of("-1");
    const Row rows[] = {
        {quote("10", "10.01"), Doubt::None},
        {quote("10", "10"), Doubt::None},      // locked markets are real
        {quote("0", "10.01"), Doubt::None},    // one side empty
        {quote("10", "0"), Doubt::None},
        {quote("10.02", "10.01"), Doubt::Crossed},
        {quote("-1", "10"), Doubt::Negative},
        {quote("0", "0"), Doubt::Negative},
        {negativeSize, Doubt::Negative},
        {quote("10", "20000000"), Doubt::Absurd},
        {quote("10", "10.01", kNow + Duration(1h)), Doubt::Absurd},
        {quote("10", "10.01", Timestamp::of("1700-01-01T00:00:00Z")), Doubt::Absurd},
    };
    for (const Row& row : rows) {
        Believed believed;
        EXPECT_EQ(check(row.quote, kNow, believed), row.doubt)
            << row.quote.bid.toString() << "/" << row.quote.ask.toString();
    }
}

TEST(ValueChecks, ALeapIsRefusedUntilEnoughAgree)
{
    Believed believed;
    EXPECT_EQ(check(quote("100", "100.02"), kNow, believed), Doubt::None);
    EXPECT_EQ(check(trade("1", "100"), kNow, believed), Doubt::Absurd);
    EXPECT_EQ(check(trade("100.01", "100"), kNow, believed), Doubt::None);
    for (int i = 1; i < kSuspectsAgreed; ++i)
        ASSERT_EQ(check(quote("2.00", "2.02"), kNow, believed), Doubt::Absurd) << i;
    EXPECT_EQ(check(quote("2.00", "2.02"), kNow, believed), Doubt::None) << "it did split";
    EXPECT_EQ(check(trade("2.01", "100"), kNow, believed), Doubt::None);
}

TEST(ValueChecks, OlderQuotesAreRefusedOlderTradesAreNot)
{
    Believed believed;
    EXPECT_EQ(check(quote("10", "10.01", kNow), kNow, believed), Doubt::None);
    EXPECT_EQ(check(quote("9", "9.01", kNow - Duration(1ms)), kNow, believed), Doubt::OutOfOrder);
    EXPECT_EQ(check(trade("10", "5", kNow), kNow, believed), Doubt::None);
    EXPECT_EQ(check(trade("10", "5", kNow - Duration(1min)), kNow, believed), Doubt::None);
    EXPECT_EQ(check(trade("0", "5"), kNow, believed), Doubt::Negative);
    EXPECT_EQ(check(trade("10", "0"), kNow, believed), Doubt::Negative);
}

TEST(TradeConditions, FollowTheTape)
{
    EXPECT_TRUE(effectOf("@").last);
    EXPECT_TRUE(effectOf("").last);
    EXPECT_FALSE(effectOf("@ I").last); // odd lot
    EXPECT_FALSE(effectOf("@ I").range);
    EXPECT_TRUE(effectOf("@ I").volume);
    EXPECT_TRUE(effectOf("@ F T").last); // intermarket sweep, extended hours
    EXPECT_TRUE(effectOf("@ Z").range);  // out of sequence
    EXPECT_FALSE(effectOf("@ Z").last);
    EXPECT_FALSE(effectOf("@ M").volume); // official close: printed before
}

// ── freshness ────────────────────────────────────────────────────────────────────────────────────

FreshnessSigns signs(Duration age, Duration cadence = 1s)
{
    FreshnessSigns signs;
    signs.any = true;
    signs.feedUp = true;
    signs.age = age;
    signs.cadence = cadence;
    return signs;
}

TEST(Freshness, ASymbolIsJudgedByItsOwnCadence)
{
    EXPECT_EQ(judge(signs(4s)).freshness, Freshness::Live);
    EXPECT_EQ(judge(signs(11s)).freshness, Freshness::Slow);
    EXPECT_EQ(judge(signs(41s)).freshness, Freshness::Stale) << "silent while others tick";
    EXPECT_EQ(judge(signs(5min, 60s)).freshness, Freshness::Live) << "it trades rarely";
    EXPECT_EQ(judge(signs(11min, 60s)).freshness, Freshness::Slow);
    EXPECT_EQ(judge(signs(41min, 60s)).freshness, Freshness::Stale);
    auto evening = signs(41s);
    evening.phase = SessionPhase::PostMarket;
    EXPECT_EQ(judge(evening).freshness, Freshness::Slow) << "more patience after hours";
}

TEST(Freshness, TheFeedTheHoursAndTheClassComeFirst)
{
    auto down = signs(1ms);
    down.feedUp = false;
    EXPECT_EQ(judge(down).freshness, Freshness::Stale);
    auto closed = signs(8h);
    closed.phase = SessionPhase::Closed;
    EXPECT_EQ(judge(closed).freshness, Freshness::Closed);
    auto delayed = signs(1ms);
    delayed.feedClass = FeedClass::Delayed;
    EXPECT_EQ(judge(delayed).freshness, Freshness::Delayed);
    auto halted = signs(1ms);
    halted.halted = true;
    EXPECT_EQ(judge(halted).freshness, Freshness::Halted);
    EXPECT_EQ(judge(FreshnessSigns{}).freshness, Freshness::NoData);
}

TEST(Freshness, FifteenMinutesWarnAndADayRefuses)
{
    auto quiet = signs(15min, 10min);
    EXPECT_FALSE(judge(quiet).old);
    quiet.age = 15min + 1ns;
    EXPECT_TRUE(judge(quiet).old);
    EXPECT_EQ(judge(quiet).freshness, Freshness::Live) << "a warning, not a verdict";
    auto weekend = signs(24h);
    weekend.phase = SessionPhase::Closed;
    EXPECT_FALSE(judge(weekend).refused);
    weekend.age += 1ns;
    EXPECT_TRUE(judge(weekend).refused);
    EXPECT_TRUE(judge(FreshnessSigns{}).refused) << "nothing is no basis";
}

TEST(Cadence, FollowsTheGapsAndIgnoresNights)
{
    Cadence cadence;
    Duration now = 1h;
    EXPECT_FALSE(cadence.any());
    cadence.arrived(now);
    EXPECT_EQ(cadence.mean(), Cadence::kUnknown);
    for (int i = 0; i < 100; ++i) cadence.arrived(now += 2s);
    EXPECT_EQ(cadence.mean(), Duration(2s));
    cadence.arrived(now += 17h);
    EXPECT_LE(cadence.mean(), Duration(80s));
    for (int i = 0; i < 60; ++i) cadence.arrived(now += 2s);
    EXPECT_LT(cadence.mean(), Duration(2500ms));
}

// ── bars ─────────────────────────────────────────────────────────────────────────────────────────

struct Heard {
    BarInterval interval;
    Bar bar;
    bool closed;
};

class Bars : public testing::Test {
protected:
    void add(const Trade& print)
    {
        m_builder.add(print, effectOf(print.condition), Calendar::nyse(), m_sink);
    }
    std::vector<Heard> closedBars(BarInterval interval) const
    {
        std::vector<Heard> result;
        for (const Heard& heard : m_heard)
            if (heard.closed && heard.interval == interval) result.push_back(heard);
        return result;
    }

    BarBuilder m_builder;
    std::vector<Heard> m_heard;
    BarBuilder::Sink m_sink = [this](BarInterval interval, const Bar& bar, bool closed) {
        m_heard.push_back({interval, bar, closed});
    };
};

TEST_F(Bars, AMinuteOfTradesIsABar)
{
    add(trade("10", "100", kNow));
    add(trade("12", "50", kNow + Duration(10s)));
    add(trade("9", "25", kNow + Duration(20s)));
    add(trade("500", "1", kNow + Duration(25s), "@ I")); // odd lot: volume alone
    add(trade("11", "25", kNow + Duration(59s)));
    EXPECT_TRUE(closedBars(BarInterval::Minute1).empty());
    m_builder.closeUntil(kNow + Duration(60s), m_sink);
    const auto bars = closedBars(BarInterval::Minute1);
    ASSERT_EQ(bars.size(), 1U);
    const Bar expected{kNow, Price::of("10"), Price::of("12"), Price::of("9"), Price::of("11"),
                       Quantity::of("201"), 5};
    EXPECT_EQ(bars[0].bar, expected);
    EXPECT_EQ(m_builder.current(BarInterval::Minute1), nullptr);
    EXPECT_EQ(m_builder.current(BarInterval::Minute5)->volume, Quantity::of("201"));
}

TEST_F(Bars, AVolumeBeyondAllNumbersStopsNothing)
{
    add(trade("0.00001", "60000000000", kNow));
    add(trade("0.00002", "60000000000", kNow + Duration(1s)));
    const Bar* bar = m_builder.current(BarInterval::Minute1);
    ASSERT_NE(bar, nullptr);
    EXPECT_EQ(bar->volume, Quantity::of("92233720368.54775807"));
    EXPECT_EQ(bar->close, Price::of("0.00002"));
}

TEST_F(Bars, ALatePrintAmendsTheClosedBarButNotItsClose)
{
    add(trade("10", "100", kNow));
    add(trade("11", "100", kNow + Duration(61s)));
    add(trade("15", "7", kNow + Duration(30s)));
    const auto bars = closedBars(BarInterval::Minute1);
    ASSERT_EQ(bars.size(), 2U);
    EXPECT_EQ(bars[1].bar.high, Price::of("15"));
    EXPECT_EQ(bars[1].bar.close, Price::of("10"));
    EXPECT_EQ(bars[1].bar.volume, Quantity::of("107"));
    EXPECT_EQ(m_builder.current(BarInterval::Minute1)->high, Price::of("11"));
}

TEST_F(Bars, DayBarsHoldTheRegularSessionAlone)
{
    add(trade("9", "100", Timestamp::of("2026-01-05T14:29:59Z")));
    EXPECT_EQ(m_builder.current(BarInterval::Day1), nullptr);
    add(trade("10", "100", Timestamp::of("2026-01-05T14:30:00Z")));
    add(trade("11", "100", Timestamp::of("2026-01-05T20:59:59Z")));
    add(trade("99", "100", Timestamp::of("2026-01-05T21:00:00Z")));
    const Bar* day = m_builder.current(BarInterval::Day1);
    ASSERT_NE(day, nullptr);
    EXPECT_EQ(day->start, Timestamp::of("2026-01-05T05:00:00Z"));
    EXPECT_EQ(day->open, Price::of("10"));
    EXPECT_EQ(day->close, Price::of("11"));
    EXPECT_EQ(day->volume, Quantity::of("200"));
    m_builder.closeUntil(Timestamp::of("2026-01-06T05:00:00Z"), m_sink);
    EXPECT_EQ(closedBars(BarInterval::Day1).size(), 1U);
}

TEST_F(Bars, AreWholeOnlyWhenSeenFromTheirBeginning)
{
    m_builder.listenSince(kNow + Duration(10s));
    add(trade("10", "1", kNow + Duration(20s)));
    EXPECT_FALSE(m_builder.isWhole(BarInterval::Minute1));
    add(trade("10", "1", kNow + Duration(65s)));
    EXPECT_TRUE(m_builder.isWhole(BarInterval::Minute1));
    EXPECT_FALSE(m_builder.isWhole(BarInterval::Minute5));
    m_builder.missed();
    EXPECT_FALSE(m_builder.isWhole(BarInterval::Minute1));
}

TEST(BarSpans, LongBarsCountFromTheMarketsMidnight)
{
    const auto at = Timestamp::of("2026-07-07T15:30:00Z"); // 11:30 in New York, daylight time
    EXPECT_EQ(barSpan(BarInterval::Hour4, Calendar::nyse(), at).start,
              Timestamp::of("2026-07-07T12:00:00Z"));
    EXPECT_EQ(barSpan(BarInterval::Day1, Calendar::nyse(), at).start,
              Timestamp::of("2026-07-07T04:00:00Z"));
    EXPECT_EQ(barSpan(BarInterval::Hour4, Calendar::nyse(), kNow).start,
              Timestamp::of("2026-01-05T13:00:00Z")); // 08:00, standard time
    EXPECT_EQ(barSpan(BarInterval::Day1, Calendar::crypto(), at).start,
              Timestamp::of("2026-07-07T00:00:00Z"));
    // The day the clocks change has 23 hours.
    const auto spring = barSpan(BarInterval::Day1, Calendar::nyse(),
                                Timestamp::of("2026-03-08T15:00:00Z"));
    EXPECT_EQ(spring.end - spring.start, Duration(23h));
}

TEST(MarketClock, TellsTheSessionThatIsOnOrTheNext)
{
    const auto open = marketStatus(Calendar::nyse(), kNow);
    EXPECT_EQ(open.calendar, "NYSE");
    EXPECT_EQ(open.phase, SessionPhase::Regular);
    EXPECT_EQ(open.opensAt, Timestamp::of("2026-01-05T14:30:00Z"));
    EXPECT_EQ(open.closesAt, Timestamp::of("2026-01-05T21:00:00Z"));
    const auto evening = marketStatus(Calendar::nyse(), Timestamp::of("2026-01-05T22:00:00Z"));
    EXPECT_EQ(evening.phase, SessionPhase::PostMarket);
    EXPECT_EQ(evening.opensAt, Timestamp::of("2026-01-06T14:30:00Z"));
    const auto holiday = marketStatus(Calendar::nyse(), Timestamp::of("2026-11-26T17:00:00Z"));
    EXPECT_EQ(holiday.phase, SessionPhase::Closed);
    EXPECT_EQ(holiday.closureReason, "Thanksgiving Day");
    EXPECT_TRUE(holiday.earlyClose) << "the next session is the short one";
}

} // namespace
} // namespace qd::market
