// Tradier's market data at a venue that says what the test says.
#include "services/brokers/tradier/tradier_feed.h"

#include <gtest/gtest.h>

#include "services/json/json.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class TradierFeedTest : public ::testing::Test, public test::VenueWorld {
protected:
    void SetUp() override
    {
        ioSockets = network.makeWebSocketClient(io);
        venue.answer = [this](const wire::HttpRequest& request) -> std::optional<wire::HttpResponse> {
            if (request.target == "/v1/markets/events/session")
                return wire::HttpResponse{sessionStatus, {}, R"({"stream":{"url":"u","sessionid":"s-)" +
                                                                 std::to_string(++sessionsGiven) + "\"}}"};
            return wire::HttpResponse{200, {}, body};
        };
    }
    void TearDown() override
    {
        feed.reset();
        ioSockets.reset();
    }
    void make(bool hasStream = true)
    {
        TradierSettings settings;
        settings.baseUrl = "https://alpaca.test"; // the world's one venue
        settings.marketStreamUrl = hasStream ? "wss://alpaca.test" : "";
        settings.token = runtime::Secret("hush-hush");
        feed = std::make_unique<TradierFeed>(std::move(settings), *http, *ioSockets, core, io, world.random());
        feed->start([this](std::vector<MarketEvent> batch) {
            for (auto& event : batch) events.push_back(std::move(event));
        });
    }
    void want(std::initializer_list<const char*> symbols)
    {
        Subscriptions wish;
        for (const char* symbol : symbols) wish.quotes.push_back(Symbol::of(symbol));
        feed->subscribe(std::move(wish));
        run(seconds(2));
    }
    template <typename T>
    std::vector<T> all() const
    {
        std::vector<T> found;
        for (const auto& event : events)
            if (const auto* value = std::get_if<T>(&event)) found.push_back(*value);
        return found;
    }
    std::vector<std::string> namesIn(const std::string& wish)
    {
        const auto document = json::Document::parse(wish);
        return document ? (*document)["symbols"].strings().value_or(std::vector<std::string>())
                        : std::vector<std::string>();
    }

    int sessionStatus = 200, sessionsGiven = 0;
    std::string body = R"({"quotes":"null"})";
    qd::test::SimExecutor io{world, "io"};
    std::unique_ptr<wire::WebSocketClient> ioSockets;
    std::unique_ptr<TradierFeed> feed;
    std::vector<MarketEvent> events;
};

constexpr const char* kQuote =
    R"({"type":"quote","symbol":"SPY","bid":281.84,"bidsz":60,"biddate":"1767625200000","ask":281.85,)"
    R"("asksz":6,"askdate":"1767625200000"})";
constexpr const char* kSale =
    R"({"type":"timesale","symbol":"SPY","last":"281.85","size":"100","date":"1767625200000","seq":1})";

TEST_F(TradierFeedTest, ASessionIsNamedWithTheWholeWishAndAgainWhenItChanges)
{
    make();
    run(minutes(10));
    EXPECT_TRUE(venue.sessions.empty()) << "an empty list is no wish";
    EXPECT_EQ(sessionsGiven, 0);
    want({"SPY", "BRK.B", "BTC/USD"});
    ASSERT_EQ(venue.sessions.size(), 1u);
    const auto& received = venue.sessions[0]->received;
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(namesIn(received[0]), (std::vector<std::string>{"BRK/B", "SPY"})) << "Tradier has no coins";
    EXPECT_NE(received[0].find("\"sessionid\":\"s-1\""), std::string::npos) << received[0];
    EXPECT_TRUE(all<ConnectionChange>().back().connected);
    want({"SPY", "AAPL"});
    ASSERT_EQ(received.size(), 2u) << "the same session, the whole list";
    EXPECT_EQ(namesIn(received[1]), (std::vector<std::string>{"AAPL", "SPY"}));
    EXPECT_EQ(sessionsGiven, 1);
    want({});
    EXPECT_TRUE(venue.sessions[0]->closed);
}

TEST_F(TradierFeedTest, ManyEventsOfOneMessageAreHandedOverTogether)
{
    make();
    want({"SPY"});
    ASSERT_EQ(venue.sessions.size(), 1u);
    venue.sessions[0]->tell(std::string(kQuote) + "\n" + kSale + "\n{\"type\":\"quote\"}\nnot json\n" + kQuote + "\n");
    run(seconds(1));
    EXPECT_EQ(all<Quote>().size(), 2u);
    EXPECT_EQ(all<Trade>().size(), 1u);
    EXPECT_EQ(all<Malformed>().size(), 2u) << "told of, and the rest is read";
}

TEST_F(TradierFeedTest, AfterADropANewSessionIsAskedForAndEverythingWantedAgain)
{
    make();
    want({"SPY"});
    ASSERT_EQ(venue.sessions.size(), 1u);
    venue.sessions[0]->socket->close({1001, "going away"});
    run(seconds(10));
    ASSERT_GE(venue.sessions.size(), 2u);
    ASSERT_FALSE(venue.sessions.back()->received.empty());
    EXPECT_NE(venue.sessions.back()->received[0].find("s-2"), std::string::npos)
        << "a session is good for one connection";
    EXPECT_EQ(namesIn(venue.sessions.back()->received[0]), std::vector<std::string>{"SPY"});
}

TEST_F(TradierFeedTest, ARefusedSessionIsTriedAgainEverMoreRarely)
{
    venue.onText = [](test::ScriptedVenue::Session& session, const std::string&) {
        session.tell(R"({"error":"Session not found"})");
    };
    make();
    want({"SPY"});
    run(minutes(2));
    for (const auto& change : all<ConnectionChange>())
        EXPECT_TRUE(!change.connected || change.reason == "nothing is followed yet") << change.reason;
    EXPECT_GE(sessionsGiven, 3);
    EXPECT_LE(sessionsGiven, 40) << "two minutes of refusals";
}

TEST_F(TradierFeedTest, ARefusedTokenIsToldAndAnotherOneTried)
{
    sessionStatus = 401;
    make();
    want({"SPY"});
    ASSERT_FALSE(all<ConnectionChange>().empty());
    EXPECT_NE(all<ConnectionChange>().back().reason.find("token"), std::string::npos);
    sessionStatus = 200;
    feed->useToken(runtime::Secret("new-one"));
    run(minutes(2));
    EXPECT_TRUE(all<ConnectionChange>().back().connected);
    EXPECT_EQ(venue.requests.back().headers.find("Authorization"), "Bearer new-one");
}

TEST_F(TradierFeedTest, WithoutAStreamQuotesAreAskedForInTurnsAndAreDelayed)
{
    body = R"({"quotes":{"quote":{"symbol":"SPY","last":281.85,"last_volume":100,"trade_date":1767625200000,
        "bid":281.84,"bidsize":60,"bid_date":1767625200000,"ask":281.85,"asksize":6,"ask_date":1767625200000}}})";
    make(/*hasStream=*/false);
    EXPECT_EQ(feed->feedClass(), FeedClass::Delayed);
    want({"SPY"});
    run(seconds(4));
    EXPECT_FALSE(all<Quote>().empty());
    EXPECT_TRUE(all<Trade>().empty()) << "the print that stood before is no news";
    EXPECT_TRUE(all<ConnectionChange>().back().connected);
    body.replace(body.find("1767625200000"), 13, "1767625260000");
    run(seconds(4));
    ASSERT_EQ(all<Trade>().size(), 1u);
    venue.answer = [](const auto&) { return wire::HttpResponse{500, {}, {}}; };
    run(seconds(8));
    EXPECT_FALSE(all<ConnectionChange>().back().connected);
    EXPECT_TRUE(venue.sessions.empty());
}

TEST_F(TradierFeedTest, BarsAreAskedForInNewYorksTimeAndCutToTheRange)
{
    body = R"({"series":{"data":[{"timestamp":1767625200,"open":1,"high":2,"low":1,"close":2,"volume":5},
        {"timestamp":1767625500,"open":2,"high":3,"low":2,"close":3,"volume":5}]}})";
    make();
    std::optional<Result<std::vector<Bar>>> bars;
    const auto from = Timestamp::fromSeconds(1767625200);
    feed->bars(Symbol::of("SPY"), BarInterval::Minute5, from, from + minutes(5),
               [&](auto told) { bars = std::move(told); });
    run(seconds(1));
    ASSERT_TRUE(bars && *bars);
    EXPECT_EQ((*bars)->size(), 1u) << "the end is not in the range";
    const auto target = wire::Target::parse(venue.requests.back().target);
    ASSERT_TRUE(target);
    EXPECT_EQ(target->queryValue("start"), "2026-01-05 10:00");
    EXPECT_EQ(target->queryValue("interval"), "5min");
    body = R"({"series":"null"})";
    feed->bars(Symbol::of("SPY"), BarInterval::Hour1, from, from + minutes(60),
               [&](auto told) { bars = std::move(told); });
    run(seconds(1));
    ASSERT_TRUE(*bars);
    EXPECT_TRUE((*bars)->empty()) << "nothing is written as a text";
    EXPECT_NE(venue.requests.back().target.find("15min"), std::string::npos);
}

TEST_F(TradierFeedTest, StoppedItIsQuietForGood)
{
    make();
    want({"SPY"});
    feed->stop();
    const auto before = events.size(), asked = venue.requests.size();
    run(minutes(5));
    EXPECT_EQ(events.size(), before);
    EXPECT_EQ(venue.requests.size(), asked);
    EXPECT_TRUE(venue.sessions[0]->closed);
}

} // namespace
} // namespace qd::brokers
