#include "services/market/market_data.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "services/market/instrument_directory.h"
#include "tests/services/market/fake_feed.h"
#include "tests/support/sim_world.h"

namespace qd::market {
namespace {

using namespace std::chrono_literals;
using brokers::MarketEvent;
using test::barOf;
using test::FakeFeed;
using test::kQqq;
using test::kSpy;
using test::quoteOf;
using test::tradeOf;

/// What one viewer was told.
struct Told {
    std::vector<SymbolState> symbols;
    std::vector<Trade> trades;
    std::vector<BarUpdate> bars;
    std::uint64_t conflated = 0;
    int updates = 0;

    MarketData::Observer observer()
    {
        return [this](const MarketUpdate& update) {
            ++updates;
            conflated += update.conflated;
            for (const auto* state : update.symbols) symbols.push_back(*state);
            for (const auto* trade : update.trades) trades.push_back(*trade);
            for (const auto* bar : update.bars) bars.push_back(*bar);
        };
    }
};

class Market : public testing::Test {
protected:
    explicit Market(Timestamp start = Timestamp::of("2026-01-05T15:00:00Z")) : m_world(9, start) {}

    void SetUp() override
    {
        m_market.start();
        m_feed.connect();
    }
    MarketData::Subscription watch(Told& told, const Interest& interest)
    {
        auto subscription = m_market.subscribe(told.observer());
        EXPECT_TRUE(subscription.replace(interest).has_value());
        m_world.run(20ms);
        return subscription;
    }
    Timestamp now() const { return m_world.now(); }
    void quote(const char* symbol, const char* bid, const char* ask)
    {
        m_feed.say({quoteOf(symbol, bid, ask, now())});
    }
    void trade(const char* symbol, const char* price, const char* size = "100")
    {
        m_feed.say({tradeOf(symbol, price, size, now())});
    }
    /// Quotes for `symbol` every `gap` for `duration`.
    void tick(const char* symbol, Duration gap, Duration duration)
    {
        for (Duration passed{}; passed < duration; passed += gap) {
            quote(symbol, "100", "100.02");
            m_world.run(gap);
        }
    }
    Freshness freshness(const Symbol& symbol) const { return m_market.view(symbol).freshness; }

    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_core{m_world};
    FakeFeed m_feed;
    InstrumentDirectory m_instruments;
    MarketData m_market{MarketSettings{}, {&m_feed}, m_core, m_instruments};
};

TEST_F(Market, ManyViewersShareOneUpstreamSubscription)
{
    Told a, b;
    const auto first = watch(a, {{kSpy, kQqq}, {}, {}});
    const auto second = watch(b, {{kSpy}, {}, {}});
    ASSERT_EQ(m_feed.wishes.size(), 1U);
    EXPECT_EQ(m_feed.wishes[0].quotes, (std::vector<Symbol>{kQqq, kSpy}));
    quote("SPY", "500", "500.01");
    quote("QQQ", "400", "400.01");
    m_world.run(10ms);
    ASSERT_FALSE(a.symbols.empty());
    EXPECT_EQ(b.symbols.back().symbol, kSpy);
    EXPECT_EQ(b.symbols.back().bid, Price::of("500"));
    EXPECT_EQ(b.symbols.back().source, "fake");
}

TEST_F(Market, TheNewestWinsAndTheRestAreCounted)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    told = {};
    for (int i = 0; i < 100; ++i) quote("SPY", "500", i == 99 ? "500.05" : "500.01");
    EXPECT_EQ(told.updates, 0);
    m_world.run(10ms);
    ASSERT_EQ(told.symbols.size(), 1U);
    EXPECT_EQ(told.symbols[0].ask, Price::of("500.05"));
    EXPECT_EQ(told.conflated, 99U);
    m_world.run(500ms);
    EXPECT_EQ(told.updates, 1) << "nothing changed, nothing is said";
}

TEST_F(Market, AnUnsubscribedSymbolLingersThenGoes)
{
    Told told;
    auto subscription = watch(told, {{kSpy}, {}, {}});
    subscription.end();
    m_world.run(29s);
    EXPECT_EQ(m_market.watchedCount(), 1U);
    EXPECT_EQ(m_feed.wishes.size(), 1U) << "people flip between views";
    m_world.run(3s);
    EXPECT_EQ(m_market.watchedCount(), 0U);
    ASSERT_EQ(m_feed.wishes.size(), 2U);
    EXPECT_TRUE(m_feed.wishes[1].quotes.empty());
}

TEST_F(Market, ALateViewerIsToldWhatIsKnown)
{
    Told early, late;
    const auto first = watch(early, {{kSpy}, {}, {}});
    quote("SPY", "500", "500.01");
    m_world.run(1s);
    const auto second = watch(late, {{kSpy}, {}, {}});
    ASSERT_EQ(late.symbols.size(), 1U);
    EXPECT_EQ(late.symbols[0].bid, Price::of("500"));
}

TEST_F(Market, BadNumbersAreDroppedAndCounted)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {kSpy}, {}});
    quote("SPY", "500", "500.01");
    quote("SPY", "501", "500.01");
    quote("SPY", "-1", "500.01");
    quote("SPY", "5", "5.01");
    trade("SPY", "0");
    quote("IBM", "100", "101");
    m_feed.say({brokers::Malformed{"{", {}}});
    m_world.run(10ms);
    EXPECT_EQ(told.symbols.back().bid, Price::of("500"));
    EXPECT_TRUE(told.trades.empty());
    const FeedCounts counts = m_market.feeds()[0].counts;
    EXPECT_EQ(counts.crossed, 1U);
    EXPECT_EQ(counts.negative, 2U);
    EXPECT_EQ(counts.absurd, 1U);
    EXPECT_EQ(counts.unwanted, 1U);
    EXPECT_EQ(counts.malformed, 1U);
}

TEST_F(Market, EveryTradeIsToldToThoseWhoAsked)
{
    Told tape, quotes;
    const auto first = watch(tape, {{}, {kSpy}, {}});
    const auto second = watch(quotes, {{kSpy}, {}, {}});
    for (int i = 0; i < 50; ++i) trade("SPY", "500.01", "3");
    m_world.run(10ms);
    EXPECT_EQ(tape.trades.size(), 50U);
    EXPECT_TRUE(quotes.trades.empty());
    EXPECT_EQ(quotes.symbols.back().last, Price::of("500.01"));
}

TEST_F(Market, BarsGrowAndCloseBeforeTheNextTrade)
{
    Told told;
    const auto subscription = watch(told, {{}, {}, {{kSpy, BarInterval::Minute1}}});
    trade("SPY", "500", "100");
    trade("SPY", "501", "100");
    m_world.run(10ms);
    ASSERT_EQ(told.bars.size(), 1U) << "conflated";
    EXPECT_EQ(told.bars[0].bar.high, Price::of("501"));
    EXPECT_FALSE(told.bars[0].closed);
    m_world.run(62s);
    ASSERT_EQ(told.bars.size(), 2U);
    EXPECT_TRUE(told.bars[1].closed);
    EXPECT_EQ(told.bars[1].bar.volume, Quantity::of("200"));
}

TEST_F(Market, AQuietSymbolIsLiveWhileItsFeedIs)
{
    Told told;
    const auto subscription = watch(told, {{kSpy, Symbol::of("QUIET")}, {}, {}});
    for (int i = 0; i < 6; ++i) {
        quote("QUIET", "10", "10.10");
        tick("SPY", 500ms, 60s);
    }
    EXPECT_EQ(freshness(kSpy), Freshness::Live);
    EXPECT_EQ(freshness(Symbol::of("QUIET")), Freshness::Live);
}

TEST_F(Market, OneSilentSymbolIsFoundWhileOthersTick)
{
    Told told;
    const auto subscription = watch(told, {{kSpy, kQqq}, {}, {}});
    for (int i = 0; i < 60; ++i) {
        quote("QQQ", "400", "400.01");
        tick("SPY", 250ms, 500ms);
    }
    told = {};
    tick("SPY", 250ms, 30s);
    EXPECT_EQ(freshness(kSpy), Freshness::Live);
    EXPECT_EQ(freshness(kQqq), Freshness::Stale);
    EXPECT_TRUE(std::any_of(told.symbols.begin(), told.symbols.end(), [](const SymbolState& s) {
        return s.symbol == kQqq && s.freshness == Freshness::Stale;
    })) << "viewers are told without a new quote";
}

TEST_F(Market, ALostFeedMakesEverythingStaleAtOnce)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    tick("SPY", 100ms, 2s);
    told = {};
    m_feed.say({brokers::ConnectionChange{false, "connection reset", now() + Duration(5s)}});
    EXPECT_EQ(freshness(kSpy), Freshness::Stale);
    m_world.run(10ms);
    ASSERT_EQ(told.symbols.size(), 1U);
    const FeedView feed = m_market.feeds()[0];
    EXPECT_FALSE(feed.connected);
    EXPECT_EQ(feed.freshness, Freshness::Stale);
    EXPECT_EQ(feed.reason, "connection reset");
    EXPECT_TRUE(feed.nextAttempt.isSet());
}

TEST_F(Market, ASilentButConnectedFeedIsNotBelieved)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    tick("SPY", 100ms, 5s);
    m_world.run(25s);
    EXPECT_EQ(m_market.feeds()[0].freshness, Freshness::Stale);
    EXPECT_EQ(freshness(kSpy), Freshness::Stale);
}

TEST_F(Market, OldDataNeverLooksLive)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    Quote late = quoteOf("SPY", "500", "500.01", now() - Duration(20min));
    late.receiveTime = now();
    m_feed.say({late});
    EXPECT_EQ(freshness(kSpy), Freshness::Stale) << "it came just now but is twenty minutes old";
    EXPECT_TRUE(m_market.view(kSpy).old);
    EXPECT_FALSE(m_market.view(kSpy).refused);
    m_world.run(24h);
    EXPECT_TRUE(m_market.view(kSpy).refused);
}

TEST_F(Market, DelayedDataNeverLookLiveWhateverOtherSymbolsHave)
{
    Told told;
    const auto viewer = watch(told, {{kSpy, kQqq}, {}, {}});
    tick("SPY", 100ms, 2s);
    tick("QQQ", 100ms, 2s);
    ASSERT_EQ(freshness(kQqq), Freshness::Live);
    m_feed.classes[kQqq] = FeedClass::Delayed; // said while the feed runs, of one of its lines
    quote("QQQ", "100", "100.02");
    quote("SPY", "100", "100.02");
    EXPECT_EQ(freshness(kQqq), Freshness::Delayed);
    EXPECT_EQ(m_market.view(kQqq).feedClass, FeedClass::Delayed);
    EXPECT_EQ(freshness(kSpy), Freshness::Live);
    m_world.run(2s);
    EXPECT_EQ(freshness(kQqq), Freshness::Delayed) << "as judged every second";
    m_feed.classes.clear();
    quote("QQQ", "100", "100.02");
    EXPECT_EQ(freshness(kQqq), Freshness::Live);
}

TEST_F(Market, HaltsAreShownUntilTradingProvesOtherwise)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    quote("SPY", "500", "500.01");
    m_feed.say({brokers::MarketStatus{kSpy, true, "LUDP", now()}});
    EXPECT_EQ(freshness(kSpy), Freshness::Halted);
    EXPECT_EQ(m_market.view(kSpy).haltReason, "LUDP");
    m_world.run(5min);
    EXPECT_EQ(freshness(kSpy), Freshness::Halted);
    trade("SPY", "499"); // the end of the halt was not announced
    EXPECT_EQ(freshness(kSpy), Freshness::Live);
    EXPECT_TRUE(m_market.view(kSpy).haltReason.empty());
}

TEST_F(Market, DayStatisticsComeFromHistoryAndGrowWithTrades)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    m_world.run(1s);
    ASSERT_EQ(m_feed.requests.size(), 1U);
    const auto today = Timestamp::of("2026-01-05T05:00:00Z");
    Bar day = barOf(today, "500", "1000");
    day.high = Price::of("505");
    m_feed.requests[0].done(std::vector<Bar>{barOf(today - Duration(72h), "490"), day});
    SymbolState state = m_market.view(kSpy);
    EXPECT_EQ(state.previousClose, Price::of("490"));
    EXPECT_EQ(state.dayHigh, Price::of("505"));
    trade("SPY", "495", "200");
    state = m_market.view(kSpy);
    EXPECT_EQ(state.dayLow, Price::of("495"));
    EXPECT_EQ(state.dayVolume, Quantity::of("1200"));
    EXPECT_EQ(state.change(), Price::of("5"));
    // The next session begins in pre-market, with today's close as the previous one.
    m_world.run(18h);
    state = m_market.view(kSpy);
    EXPECT_EQ(state.previousClose, Price::of("495"));
    EXPECT_TRUE(state.dayVolume.isZero());
}

TEST_F(Market, BarsJoinHistoryAndTheBarUnderWay)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    m_world.run(1min);
    trade("SPY", "500");
    std::optional<Result<BarsAnswer>> answer;
    m_feed.requests.clear();
    m_market.bars({kSpy, BarInterval::Minute1, now() - Duration(5min), {}, 100, false},
                  [&](Result<BarsAnswer> result) { answer = std::move(result); });
    ASSERT_EQ(m_feed.requests.size(), 1U);
    const auto request = m_feed.requests[0];
    const auto minute = Timestamp::of("2026-01-05T15:01:00Z");
    EXPECT_EQ(request.to, minute) << "the minute under way was seen from its beginning";
    request.done(std::vector<Bar>{barOf(minute - Duration(60s), "499")});
    ASSERT_TRUE(answer && answer->has_value());
    ASSERT_EQ((*answer)->bars.size(), 2U);
    EXPECT_EQ((*answer)->bars[1].start, minute);
    EXPECT_EQ((*answer)->bars[1].close, Price::of("500"));
}

TEST_F(Market, AViewerMayEndItselfWhileBeingTold)
{
    MarketData::Subscription subscription;
    int updates = 0;
    subscription = m_market.subscribe([&](const MarketUpdate&) {
        ++updates;
        subscription.end();
    });
    ASSERT_TRUE(subscription.replace({{kSpy}, {}, {}}).has_value());
    m_world.run(20ms);
    quote("SPY", "500", "500.01");
    m_world.run(1min);
    EXPECT_EQ(updates, 1);
    EXPECT_EQ(m_market.watchedCount(), 0U);
}

TEST_F(Market, ASubscriptionMayOutliveTheMarket)
{
    Told told;
    MarketData::Subscription subscription;
    {
        MarketData other(MarketSettings{}, {&m_feed}, m_core, m_instruments);
        subscription = other.subscribe(told.observer());
        ASSERT_TRUE(subscription.replace({{kSpy}, {}, {}}).has_value());
    }
    EXPECT_TRUE(subscription.replace({{kQqq}, {}, {}}).has_value());
    subscription.end();
}

TEST(MarketLimits, TooManySymbolsAreRefusedAndTheOldListStays)
{
    qd::test::SimWorld world(1);
    qd::test::SimExecutor core(world);
    FakeFeed feed;
    const InstrumentDirectory instruments;
    MarketSettings settings;
    settings.symbolsMax = 2;
    MarketData market(settings, {&feed}, core, instruments);
    auto subscription = market.subscribe([](const MarketUpdate&) {});
    ASSERT_TRUE(subscription.replace({{kSpy, kQqq}, {}, {}}).has_value());
    const auto refused = subscription.replace({{kSpy, kQqq, Symbol::of("IBM")}, {}, {}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, "market.too_many_symbols");
    EXPECT_EQ(market.watchedCount(), 2U);
    EXPECT_EQ(market.view(Symbol::of("IBM")).freshness, Freshness::NoData);
}

class Night : public Market {
protected:
    Night() : Market(Timestamp::of("2026-01-06T02:00:00Z")) {} // 21:00 in New York
};

TEST_F(Night, TheLastValueIsClosedNotStale)
{
    Told told;
    const auto subscription = watch(told, {{kSpy, Symbol::of("BTC/USD")}, {}, {}});
    quote("SPY", "500", "500.01");
    quote("BTC/USD", "90000", "90001");
    m_world.run(5min);
    EXPECT_EQ(freshness(kSpy), Freshness::Closed);
    EXPECT_EQ(freshness(Symbol::of("BTC/USD")), Freshness::Stale) << "crypto never shuts";
}

TEST_F(Night, TheCloseIsTheLastPriceWithItsTime)
{
    Told told;
    const auto subscription = watch(told, {{kSpy}, {}, {}});
    m_world.run(1s);
    const auto today = Timestamp::of("2026-01-05T05:00:00Z");
    m_feed.requests[0].done(std::vector<Bar>{barOf(today - Duration(72h), "490"),
                                             barOf(today, "500")});
    const SymbolState state = m_market.view(kSpy);
    EXPECT_EQ(state.last, Price::of("500"));
    EXPECT_EQ(state.lastTime, Timestamp::of("2026-01-05T21:00:00Z"));
    EXPECT_EQ(state.previousClose, Price::of("490"));
}

class TwoFeeds : public testing::Test {
protected:
    void SetUp() override
    {
        m_market.start();
        m_sip.connect();
        m_backup.connect();
        m_subscription = m_market.watch({kSpy});
        m_world.run(10ms);
    }
    qd::test::SimWorld m_world{2};
    qd::test::SimExecutor m_core{m_world};
    FakeFeed m_sip{"sip"}, m_backup{"backup", FeedClass::Delayed};
    InstrumentDirectory m_instruments;
    MarketData m_market{MarketSettings{}, {&m_sip, &m_backup}, m_core, m_instruments};
    MarketData::Subscription m_subscription;
};

TEST_F(TwoFeeds, ThePreferredOneIsShownWhileItLives)
{
    m_sip.say({quoteOf("SPY", "500", "500.02", m_world.now())});
    m_backup.say({quoteOf("SPY", "499", "499.02", m_world.now() - Duration(10s))});
    EXPECT_EQ(m_market.view(kSpy).bid, Price::of("500"));
    EXPECT_EQ(m_market.view(kSpy).source, "sip");
    const auto skews = m_market.skews();
    ASSERT_EQ(skews.size(), 1U);
    EXPECT_EQ(skews[0].time, Duration(10s));
    EXPECT_NEAR(skews[0].basisPoints, 20.0, 0.1);
    EXPECT_TRUE(skews[0].warn);

    m_sip.connect(false);
    m_backup.say({quoteOf("SPY", "499", "499.02", m_world.now() - Duration(10s))});
    EXPECT_EQ(m_market.view(kSpy).source, "backup");
    EXPECT_EQ(m_market.view(kSpy).freshness, Freshness::Delayed) << "its class is inherited";

    m_sip.connect();
    m_sip.say({quoteOf("SPY", "500.5", "500.52", m_world.now())});
    EXPECT_EQ(m_market.view(kSpy).source, "sip");
    EXPECT_EQ(m_market.view(kSpy).bid, Price::of("500.5"));
}

} // namespace
} // namespace qd::market
