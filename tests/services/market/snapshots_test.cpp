// What a provider knows of the moment fills the screen before the stream has said a word.
#include <gtest/gtest.h>

#include "services/market/instrument_directory.h"
#include "services/market/market_data.h"
#include "tests/services/market/fake_feed.h"
#include "tests/support/sim_world.h"

namespace qd::market {
namespace {

using namespace std::chrono_literals;
using brokers::MarketSnapshot;
using test::barOf;
using test::FakeFeed;
using test::kQqq;
using test::kSpy;
using test::quoteOf;
using test::tradeOf;

class Snapshots : public testing::Test {
protected:
    Snapshots() { m_feed.knowsTheMoment = true; }
    void SetUp() override
    {
        m_market.start();
        m_watch = m_market.watch({kSpy, kQqq});
        m_world.run(1ms);
    }
    Timestamp now() const { return m_world.now(); }
    /// 500 / 500.02 and a print at 500.01, all `age` old; yesterday closed at 498.
    MarketSnapshot spy(Duration age = {}) const
    {
        return {kSpy, quoteOf("SPY", "500", "500.02", now() - age),
                tradeOf("SPY", "500.01", "100", now() - age),
                barOf(Timestamp::of("2026-01-05T05:00:00Z"), "499", "700"),
                barOf(Timestamp::of("2026-01-02T05:00:00Z"), "498")};
    }
    SymbolState view() const { return m_market.view(kSpy); }

    qd::test::SimWorld m_world{9, Timestamp::of("2026-01-05T15:00:00Z")};
    qd::test::SimExecutor m_core{m_world};
    FakeFeed m_feed;
    InstrumentDirectory m_instruments;
    MarketData m_market{MarketSettings{}, {&m_feed}, m_core, m_instruments};
    MarketData::Subscription m_watch;
};

TEST_F(Snapshots, OneRequestFillsEverySymbolWithTheStreamDown)
{
    ASSERT_EQ(m_feed.asked.size(), 1U) << "at once, without waiting for the stream";
    EXPECT_EQ(m_feed.asked[0].symbols, (std::vector<Symbol>{kQqq, kSpy}));
    EXPECT_TRUE(m_feed.requests.empty()) << "no request a symbol for its day";
    m_feed.asked[0].told({spy()});
    EXPECT_EQ(view().bid, Price::of("500"));
    EXPECT_EQ(view().last, Price::of("500.01"));
    EXPECT_EQ(view().previousClose, Price::of("498"));
    EXPECT_EQ(view().dayVolume, Quantity::of("700"));
    EXPECT_EQ(view().freshness, Freshness::Stale) << "with the stream down nothing is live";
    m_feed.connect();
    m_world.run(1s);
    EXPECT_EQ(view().freshness, Freshness::Live);
}

TEST_F(Snapshots, ADaysBarStampedWithABareDateIsOfThatDay)
{
    auto told = spy(); // 00:00 UTC is the evening before in New York
    told.day = barOf(Timestamp::of("2026-01-05T00:00:00Z"), "499", "700");
    told.previousDay = barOf(Timestamp::of("2026-01-04T00:00:00Z"), "498");
    m_feed.asked[0].told({told});
    EXPECT_EQ(view().dayOpen, Price::of("499"));
    EXPECT_EQ(view().dayVolume, Quantity::of("700"));
    EXPECT_EQ(view().previousClose, Price::of("498"));
    m_feed.connect();
    m_feed.say({tradeOf("SPY", "500.01", "100", now())});
    m_world.run(1s);
    EXPECT_EQ(view().dayOpen, Price::of("499")) << "the trade goes into the same day's bar";
}

TEST_F(Snapshots, AfterTheCloseTheLastPriceIsAsOldAsItsTradeAndNotAsTheClose)
{
    m_world.run(7h); // 17:00 in New York, an hour after the close
    m_feed.connect();
    m_feed.asked.back().told({spy(5h)});
    EXPECT_EQ(view().last, Price::of("500.01"));
    EXPECT_EQ(view().age(now()), Duration(5h));
    auto untraded = spy(5h);
    untraded.symbol = kQqq;
    untraded.trade.reset();
    m_feed.asked.back().told({untraded});
    EXPECT_EQ(m_market.view(kQqq).last, Price::of("499")) << "without a trade, the day's close";
    EXPECT_EQ(m_market.view(kQqq).lastTime, Timestamp::of("2026-01-05T21:00:00Z"));
}

TEST_F(Snapshots, AMarketThatNeverShutsHasDaysOfItsOwn)
{
    m_world.run(42h); // Wednesday 09:00 UTC: 04:00 in New York, before its day has begun
    MarketData market{MarketSettings{.alwaysOpen = true, .history = {}}, {&m_feed}, m_core, m_instruments};
    market.start();
    const auto watch = market.watch({kSpy});
    m_world.run(1ms);
    m_feed.connect();
    auto told = spy();
    told.day = barOf(Timestamp::of("2026-01-07T00:00:00Z"), "499", "700");
    told.previousDay = barOf(Timestamp::of("2026-01-06T00:00:00Z"), "498");
    m_feed.asked.back().told({told});
    m_feed.say({tradeOf("SPY", "500.02", "100", now())});
    m_world.run(1s);
    const auto shown = market.view(kSpy);
    EXPECT_EQ(shown.dayOpen, Price::of("499"));
    EXPECT_EQ(shown.dayVolume, Quantity::of("800")) << "no hour is out of hours";
    EXPECT_EQ(shown.previousClose, Price::of("498"));
    EXPECT_EQ(&market.calendar(), &Calendar::crypto());
}

TEST_F(Snapshots, TheStreamsWordIsNewerAndStays)
{
    m_feed.connect();
    const auto before = spy(5s);
    m_feed.say({quoteOf("SPY", "510", "510.02", now()), tradeOf("SPY", "510.01", "100", now())});
    m_feed.asked[0].told({before});
    EXPECT_EQ(view().bid, Price::of("510"));
    EXPECT_EQ(view().last, Price::of("510.01"));
    EXPECT_EQ(view().age(now()), Duration{});
    EXPECT_EQ(view().previousClose, Price::of("498")) << "what the stream does not tell is taken";
}

TEST_F(Snapshots, AnOldValueDoesNotLookNewForHavingBeenAskedFor)
{
    m_feed.connect();
    m_feed.asked[0].told({spy(20min)});
    EXPECT_EQ(view().freshness, Freshness::Stale);
    EXPECT_TRUE(view().old);
    EXPECT_EQ(view().age(now()), Duration(20min));
}

TEST_F(Snapshots, AValueAloneIsLiveForHalfAMinuteAndThenSlow)
{
    m_feed.connect();
    m_feed.asked[0].told({spy()});
    const auto others = [this](Duration time) {
        for (Duration passed{}; passed < time; passed += 1s) {
            m_feed.say({quoteOf("QQQ", "400", "400.01", now())});
            m_world.run(1s);
        }
    };
    others(29s);
    EXPECT_EQ(view().freshness, Freshness::Live);
    others(3s);
    EXPECT_EQ(view().freshness, Freshness::Slow) << "its feed lives, and nothing is known of itself";
    m_feed.connect(false);
    EXPECT_EQ(view().freshness, Freshness::Stale);
}

TEST_F(Snapshots, WhatIsNotAnsweredIsAskedForAgainEverMoreRarely)
{
    m_feed.asked[0].told({spy()});
    m_world.run(300s);
    ASSERT_GE(m_feed.asked.size(), 4U);
    EXPECT_LE(m_feed.asked.size(), 12U);
    EXPECT_EQ(m_feed.asked.back().symbols, std::vector<Symbol>{kQqq});
}

TEST_F(Snapshots, AfterACutEverythingIsAskedForAnew)
{
    m_feed.connect();
    m_feed.asked[0].told({spy(), {kQqq, quoteOf("QQQ", "400", "400.01", now()), {}, {}, {}}});
    m_world.run(2s);
    m_feed.asked.clear();
    m_feed.connect(false);
    m_feed.connect();
    m_world.run(1s);
    ASSERT_EQ(m_feed.asked.size(), 1U);
    EXPECT_EQ(m_feed.asked[0].symbols.size(), 2U);
}

TEST_F(Snapshots, AnOddLotLeavesTheLastPriceToTheDay)
{
    auto snapshot = spy();
    snapshot.trade->condition = "@ I";
    m_feed.asked[0].told({snapshot});
    EXPECT_EQ(view().last, Price::of("499"));
}

TEST_F(Snapshots, AbsurdValuesAreLeftOutAndCounted)
{
    auto snapshot = spy();
    snapshot.quote->bid = Price::of("600"); // above the ask
    m_feed.asked[0].told({snapshot});
    EXPECT_FALSE(view().hasQuote());
    EXPECT_EQ(m_market.feeds()[0].counts.crossed, 1U);
    EXPECT_EQ(view().last, Price::of("500.01"));
}

} // namespace
} // namespace qd::market
