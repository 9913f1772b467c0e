#include "services/gateway/market_fanout.h"

#include "tests/services/gateway/desk.h"

namespace qd::gateway::test {
namespace {

using market::test::quoteOf;
using std::chrono::milliseconds;
using std::chrono::seconds;

class MarketFanoutTest : public ::testing::Test {
protected:
    Desk::Client subscribed(const char* wish = R"("quotes":["SPY","AAPL"])")
    {
        auto client = desk.greet();
        client.say(std::string(R"({"type":"subscribe",)") + wish + "}");
        return client;
    }
    void quote(const char* symbol, const std::string& bid)
    {
        const auto ask = Price(Price::of(bid).value() + Decimal::of("0.01"));
        desk.feed.say({quoteOf(symbol, bid.c_str(), ask.toString().c_str(), desk.now())});
        desk.run(milliseconds(20));
    }
    /// Bid of the newest row of `symbol` in all the client's market frames.
    static std::string newestBid(const Desk::Client& client, std::string_view symbol)
    {
        std::string bid;
        for (const auto& frame : client.socket->messages("market"))
            for (const auto& row : frame.root()["quotes"].items())
                if (row.at(0).stringOr({}) == symbol) bid = std::string(row.at(1).stringOr({}));
        return bid;
    }
    /// Sequences count up by one, but for whole pictures, which may jump.
    static void expectNoGap(const Desk::Client& client)
    {
        std::optional<std::int64_t> last;
        for (const auto& frame : client.socket->messages("market")) {
            const auto sequence = frame.root()["sequence"].integerOr(-1);
            const bool snapshot = frame.root()["snapshot"].booleanOr(false);
            if (last && !snapshot) {
                EXPECT_EQ(sequence, *last + 1);
            }
            if (last) {
                EXPECT_GE(sequence, *last);
            }
            last = sequence;
        }
    }

    Desk desk;
};

TEST_F(MarketFanoutTest, AWishIsAnsweredByTheWholePictureAndThenByWhatChanges)
{
    auto client = subscribed();
    auto frames = client.socket->messages("market");
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_TRUE(frames[0].root()["snapshot"].booleanOr(false));
    EXPECT_EQ(frames[0].root()["quotes"].size(), 2u);
    quote("SPY", "500.01");
    quote("SPY", "500.02");
    frames = client.socket->messages("market");
    ASSERT_GE(frames.size(), 3u);
    EXPECT_EQ(newestBid(client, "SPY"), "500.02");
    expectNoGap(client);
}

TEST_F(MarketFanoutTest, NewestWinsWithinOneInterval)
{
    auto client = subscribed();
    quote("SPY", "500");
    const auto before = client.socket->messages("market").size();
    for (int i = 1; i <= 9; ++i)
        desk.feed.say(
            {quoteOf("SPY", ("500.0" + std::to_string(i)).c_str(), "500.10", desk.now())});
    desk.run(milliseconds(15));
    const auto frames = client.socket->messages("market");
    ASSERT_EQ(frames.size(), before + 1);
    ASSERT_EQ(frames.back().root()["quotes"].size(), 1u);
    EXPECT_EQ(frames.back().root()["quotes"].at(0).at(1).stringOr({}), "500.09");
    EXPECT_EQ(frames.back().root()["conflated"].integerOr(-1), 8);
}

TEST_F(MarketFanoutTest, OneGroupSharesItsBytes)
{
    auto one = subscribed(), two = subscribed(R"("quotes":["AAPL","SPY","SPY"])"),
         other = subscribed(R"("quotes":["SPY"])");
    EXPECT_EQ(desk.hub->marketStats().members, 3u);
    quote("SPY", "500.01");
    EXPECT_EQ(one.socket->sent.back().get(), two.socket->sent.back().get())
        << "the same wish in any order: serialised once";
    EXPECT_NE(one.socket->sent.back().get(), other.socket->sent.back().get());
    one.end();
    two.end();
    EXPECT_EQ(desk.hub->marketStats().members, 1u);
    quote("SPY", "500.02");
    EXPECT_EQ(newestBid(other, "SPY"), "500.02");
}

TEST_F(MarketFanoutTest, ASlowReaderIsSkippedOnPurposeThenSeesTheWholePicture)
{
    auto slow = subscribed(), quick = subscribed();
    slow.socket->stuck = true;
    int cents = 1;
    // Until its queue is so long that it is left alone.
    while (desk.hub->marketStats().conflated < 20) {
        ASSERT_LT(cents, 20'000);
        quote("SPY", std::to_string(500 + cents / 100) + "." + std::to_string(10 + cents % 90));
        ++cents;
    }
    quote("AAPL", "222.22");
    EXPECT_FALSE(slow.socket->closed) << "slow for quotes is no reason to be sent away";
    const auto held = slow.socket->messages("market").size();
    quote("SPY", "600.01");
    EXPECT_EQ(slow.socket->messages("market").size(), held);

    slow.socket->stuck = false;
    slow.socket->queued = 0;
    quote("SPY", "600.02");
    const auto frames = slow.socket->messages("market");
    ASSERT_EQ(frames.size(), held + 1);
    EXPECT_TRUE(frames.back().root()["snapshot"].booleanOr(false));
    EXPECT_EQ(newestBid(slow, "SPY"), "600.02");
    EXPECT_EQ(newestBid(slow, "AAPL"), "222.22") << "also what changed while it was skipped";
    quote("SPY", "600.03");
    expectNoGap(slow);
    expectNoGap(quick);
    EXPECT_EQ(slow.socket->sent.back().get(), quick.socket->sent.back().get());
}

TEST_F(MarketFanoutTest, InAQuietMarketTheSkippedCatchUpToo)
{
    auto slow = subscribed();
    quote("SPY", "500.01");
    slow.socket->stuck = true;
    slow.socket->queued = 300 << 10;
    quote("SPY", "777.77"); // the last one for a long time
    EXPECT_EQ(newestBid(slow, "SPY"), "500.01");
    slow.socket->stuck = false;
    slow.socket->queued = 0;
    desk.run(seconds(2));
    EXPECT_EQ(newestBid(slow, "SPY"), "777.77");
    expectNoGap(slow);
}

TEST_F(MarketFanoutTest, APictureThatDoesNotFitIsSentLater)
{
    auto client = desk.greet();
    client.socket->queueMax = client.socket->queued; // not a byte more
    client.say(R"({"type":"subscribe","quotes":["SPY"]})");
    EXPECT_TRUE(client.socket->messages("market").empty());
    client.socket->queueMax = 1 << 20;
    quote("SPY", "500.01");
    const auto frames = client.socket->messages("market");
    ASSERT_FALSE(frames.empty());
    EXPECT_TRUE(frames.front().root()["snapshot"].booleanOr(false))
        << "never a change without its base";
    EXPECT_EQ(newestBid(client, "SPY"), "500.01");
}

TEST_F(MarketFanoutTest, ANewWishReplacesTheOld)
{
    auto client = subscribed();
    client.say(R"({"type":"subscribe","quotes":["AAPL"]})");
    quote("SPY", "500.01");
    EXPECT_NE(newestBid(client, "SPY"), "500.01");
    quote("AAPL", "200.01");
    EXPECT_EQ(newestBid(client, "AAPL"), "200.01");
    client.say(R"({"type":"subscribe"})");
    const auto before = client.socket->messages("market").size();
    quote("AAPL", "200.02");
    EXPECT_EQ(client.socket->messages("market").size(), before);
    EXPECT_EQ(desk.hub->marketStats().members, 0u);
}

} // namespace
} // namespace qd::gateway::test
