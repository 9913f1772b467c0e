// Tradier's market data, the feed against the sandbox's Tradier.

#include <gtest/gtest.h>

#include "services/brokers/tradier/tradier_feed.h"
#include "services/sandbox/tradier/tradier_venue.h"
#include "tests/support/sim_alpaca.h"

namespace qd::brokers::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class TradierMarket : public ::testing::Test {
protected:
    TradierMarket()
    {
        sandbox::alpaca::ApiKey key;
        key.keyId = "PKTRADIER";
        key.secret = runtime::Secret("hush");
        key.token = runtime::Secret("token-1");
        key.account = qd::test::SimAlpaca::account();
        m_venue.venue().addKey(std::move(key));
        TradierSettings settings;
        settings.baseUrl = std::string("https://") + qd::test::SimAlpaca::kHost;
        settings.marketStreamUrl = std::string("wss://") + qd::test::SimAlpaca::kHost;
        settings.token = runtime::Secret("token-1");
        settings.simulated = true;
        feed = std::make_unique<TradierFeed>(std::move(settings), *http, *sockets, core, io, world.random());
        feed->start([this](const std::vector<MarketEvent>& batch) {
            for (const auto& event : batch) {
                if (const auto* quote = std::get_if<Quote>(&event)) quotes.push_back(*quote);
                if (const auto* trade = std::get_if<Trade>(&event)) trades.push_back(*trade);
                if (const auto* change = std::get_if<ConnectionChange>(&event)) changes.push_back(*change);
                malformed += std::holds_alternative<Malformed>(event);
            }
        });
        m_venue.quote("ACME", Price::of("10.00"), Price::of("10.02"), Price::of("10.01"));
    }
    ~TradierMarket() override
    {
        feed.reset();
        world.run(seconds(1)); // the venue hears that its sockets are closed
    }
    void follow()
    {
        feed->subscribe({{Symbol::of("ACME"), Symbol::of("BTC/USD")}, {Symbol::of("ACME")}, {}});
        world.run(seconds(3));
    }

    qd::test::SimWorld world;
    qd::test::SimExecutor core{world, "core"}, io{world, "io"};
    qd::test::SimAlpaca m_venue{world, 1, {qd::test::listing("ACME"), qd::test::listing("BTC/USD")}, {},
                                [](wire::Service& alpaca) {
                                    return std::make_unique<sandbox::tradier::TradierVenue>(
                                        static_cast<sandbox::alpaca::AlpacaVenue&>(alpaca));
                                }};
    std::unique_ptr<wire::HttpClient> http = m_venue.network().makeHttpClient(core);
    std::unique_ptr<wire::WebSocketClient> sockets = m_venue.network().makeWebSocketClient(io);
    std::unique_ptr<TradierFeed> feed;
    std::vector<Quote> quotes;
    std::vector<Trade> trades;
    std::vector<ConnectionChange> changes;
    int malformed = 0;
};

TEST_F(TradierMarket, QuotesAndPrintsComeExactAndInShares)
{
    follow();
    ASSERT_TRUE(changes.back().connected) << changes.back().reason;
    m_venue.quote("ACME", Price::of("10.07"), Price::of("10.09"), Price::of("10.08"));
    world.run(seconds(1));
    ASSERT_FALSE(quotes.empty());
    EXPECT_EQ(quotes.back().bid, Price::of("10.07"));
    EXPECT_EQ(quotes.back().ask, Price::of("10.09"));
    EXPECT_EQ(quotes.back().bidSize, Quantity::of("1000")) << "told as ten lots";
    ASSERT_FALSE(trades.empty());
    EXPECT_EQ(trades.back().price, Price::of("10.08"));
    EXPECT_EQ(trades.back().size, Quantity::of("100"));
    EXPECT_EQ(malformed, 0);
    EXPECT_EQ(feed->feedClass(), FeedClass::Simulated);
}

TEST_F(TradierMarket, AfterADropTheStreamComesBackWithANewSession)
{
    follow();
    const auto before = changes.size();
    m_venue.dropSockets();
    world.run(minutes(1));
    ASSERT_GE(changes.size(), before + 2);
    EXPECT_TRUE(changes.back().connected);
    const auto told = quotes.size();
    m_venue.quote("ACME", Price::of("10.17"), Price::of("10.19"));
    world.run(seconds(1));
    EXPECT_GT(quotes.size(), told);
}

TEST_F(TradierMarket, SnapshotsAndBarsOfEveryLengthAreTold)
{
    std::vector<MarketSnapshot> told;
    feed->snapshots({Symbol::of("ACME"), Symbol::of("NONE"), Symbol::of("BTC/USD")},
                    [&](std::vector<MarketSnapshot> part) { told = std::move(part); });
    world.run(seconds(2));
    ASSERT_EQ(told.size(), 1u) << "unknown ones are told apart, coins are not asked for";
    ASSERT_TRUE(told[0].quote && told[0].trade);
    EXPECT_EQ(told[0].quote->bid, Price::of("10.00"));
    EXPECT_EQ(told[0].trade->price, Price::of("10.01"));
    for (const auto interval : {BarInterval::Minute1, BarInterval::Hour1, BarInterval::Day1}) {
        std::optional<Result<std::vector<Bar>>> bars;
        feed->bars(Symbol::of("ACME"), interval, world.now() - std::chrono::hours(48),
                   world.now() + minutes(1), [&](auto answer) { bars = std::move(answer); });
        ASSERT_TRUE(world.runUntil([&] { return bars.has_value(); }));
        ASSERT_TRUE(*bars) << describe(bars->error());
        ASSERT_FALSE((*bars)->empty()) << toString(interval);
        EXPECT_EQ((*bars)->back().close, Price::of("10.01"));
    }
}

TEST_F(TradierMarket, ARevokedTokenEndsTheStreamAndIsTold)
{
    follow();
    m_venue.venue().revokeKey("PKTRADIER");
    m_venue.dropSockets();
    world.run(minutes(1));
    EXPECT_FALSE(changes.back().connected);
    EXPECT_NE(changes.back().reason.find("token"), std::string::npos) << changes.back().reason;
}

} // namespace
} // namespace qd::brokers::test
