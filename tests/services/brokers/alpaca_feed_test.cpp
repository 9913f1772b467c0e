#include "services/brokers/alpaca/alpaca_feed.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "services/json/json.h"
#include "services/json/message_pack.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers {
namespace {

using std::chrono::seconds;

class AlpacaFeedTest : public ::testing::Test, public test::VenueWorld {
protected:
    void SetUp() override
    {
        ioSockets = network.makeWebSocketClient(io);
        feed =
            std::make_unique<AlpacaFeed>(settings(), *http, *ioSockets, core, io, world.random());
        venue.onOpen = [](test::ScriptedVenue::Session& session) {
            session.tell(R"([{"T":"success","msg":"connected"}])");
        };
        venue.onText = [this](test::ScriptedVenue::Session& session, const std::string& text) {
            if (text.find("\"auth\"") != std::string::npos)
                session.tell(letIn ? R"([{"T":"success","msg":"authenticated"}])"
                                   : R"([{"T":"error","code":402,"msg":"auth failed"}])");
        };
    }
    void TearDown() override
    {
        feed.reset();
        ioSockets.reset();
    }
    void start()
    {
        feed->start([this](std::vector<MarketEvent> batch) {
            ++batches;
            for (auto& event : batch) events.push_back(std::move(event));
        });
    }
    template <typename T>
    std::vector<T> all() const
    {
        std::vector<T> found;
        for (const auto& event : events)
            if (const auto* value = std::get_if<T>(&event)) found.push_back(*value);
        return found;
    }
    static Subscriptions wish(std::initializer_list<const char*> quotes,
                              std::initializer_list<const char*> trades = {})
    {
        Subscriptions subscriptions;
        for (const auto* symbol : quotes) subscriptions.quotes.push_back(Symbol::of(symbol));
        for (const auto* symbol : trades) subscriptions.trades.push_back(Symbol::of(symbol));
        return subscriptions;
    }

    bool letIn = true;
    qd::test::SimExecutor io{world, "io"};
    std::unique_ptr<wire::WebSocketClient> ioSockets;
    std::unique_ptr<AlpacaFeed> feed;
    std::vector<MarketEvent> events;
    int batches = 0;
};

constexpr const char* kTwoQuotes =
    R"([{"T":"q","S":"AMD","bp":87.66,"bs":1,"ap":87.68,"as":4,"t":"2026-01-05T15:00:00.1Z"},)"
    R"({"T":"q","S":"AMD","bp":87.67,"bs":1,"ap":87.68,"as":4,"t":"2026-01-05T15:00:00.2Z"}])";

TEST_F(AlpacaFeedTest, OptionsComeOnAStreamOfTheirOwnWhileAnyIsWanted)
{
    const auto pack = [](const std::string& text) {
        const auto document = json::Document::parse(text);
        return json::toMessagePack(document->root(), json::TimestampForm::Extension);
    };
    auto own = settings();
    own.dataStreamUrl = "wss://alpaca.test/v2/iex";
    own.cryptoStreamUrl.clear();
    EXPECT_EQ(own.optionsStreamUrl(), "wss://alpaca.test/v1beta1/indicative");
    feed = std::make_unique<AlpacaFeed>(std::move(own), *http, *ioSockets, core, io, world.random());
    start();
    run(seconds(1));
    ASSERT_EQ(venue.sessions.size(), 1u) << "no option is wanted yet";
    std::vector<std::string> said;
    venue.onOpen = [&](test::ScriptedVenue::Session& session) {
        session.socket->send({true, pack(R"([{"T":"success","msg":"connected"}])")});
    };
    venue.onText = [&](test::ScriptedVenue::Session& session, const std::string& text) {
        said.push_back(json::fromMessagePack(text).value_or(text));
        if (said.back().find("\"auth\"") != std::string::npos)
            session.socket->send({true, pack(R"([{"T":"success","msg":"authenticated"}])")});
    };
    feed->subscribe(wish({"GOOG151224C00750000"}));
    run(seconds(1));
    ASSERT_EQ(venue.sessions.size(), 2u);
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said.back(),
              R"({"action":"subscribe","quotes":["GOOG151224C00750000"],"trades":[]})");
    const auto& options = venue.sessions[1];
    options->socket->send({true, "\xc1 no MessagePack"});
    options->socket->send(
        {true, pack(R"([{"T":"q","S":"GOOG151224C00750000","t":"2015-12-23T14:31:00Z","bp":2.05,)"
                    R"("bs":3,"ap":2.15,"as":5,"bx":"N","ax":"N","c":"A"}])")});
    run(seconds(1));
    const auto quotes = all<Quote>();
    ASSERT_EQ(quotes.size(), 1u);
    EXPECT_EQ(quotes[0].bid, Price::of("2.05"));
    EXPECT_EQ(quotes[0].askSize, Quantity::of("5"));
    EXPECT_EQ(quotes[0].eventTime, Timestamp::of("2015-12-23T14:31:00Z"));
    EXPECT_EQ(all<Malformed>().size(), 1u) << "told of, and the stream goes on";
    feed->subscribe(wish({}));
    run(seconds(1));
    EXPECT_TRUE(options->closed);
}

TEST_F(AlpacaFeedTest, ItLogsInSubscribesAndHandsFramesOverWhole)
{
    start();
    feed->subscribe(wish({"AMD", "SPY"}, {"AMD"}));
    run(seconds(1));
    ASSERT_EQ(venue.sessions.size(), 1u);
    const auto& received = venue.sessions[0]->received;
    ASSERT_EQ(received.size(), 2u);
    EXPECT_EQ(received[1],
              R"({"action":"subscribe","quotes":["AMD","SPY"],"trades":["AMD"],"statuses":["*"]})");
    const int before = batches;
    venue.sessions[0]->tell(kTwoQuotes);
    run(seconds(1));
    EXPECT_EQ(batches, before + 1);
    EXPECT_EQ(all<Quote>().size(), 2u);
}

TEST_F(AlpacaFeedTest, OnlyTheDifferenceIsSubscribed)
{
    start();
    feed->subscribe(wish({"AMD", "SPY"}));
    run(seconds(1));
    feed->subscribe(wish({"SPY", "TSLA"}));
    feed->subscribe(wish({"SPY", "TSLA"}));
    run(seconds(1));
    const auto& received = venue.sessions[0]->received;
    ASSERT_EQ(received.size(), 4u);
    EXPECT_EQ(received[2], R"({"action":"unsubscribe","quotes":["AMD"],"trades":[]})");
    EXPECT_EQ(received[3],
              R"({"action":"subscribe","quotes":["TSLA"],"trades":[],"statuses":["*"]})");
}

TEST_F(AlpacaFeedTest, AfterADropEverythingWantedIsSubscribedAgain)
{
    start();
    feed->subscribe(wish({"AMD"}));
    run(seconds(1));
    network.dropSockets("alpaca.test");
    run(seconds(5));
    ASSERT_EQ(venue.sessions.size(), 2u);
    ASSERT_EQ(venue.sessions[1]->received.size(), 2u);
    EXPECT_NE(venue.sessions[1]->received[1].find("AMD"), std::string::npos);
    const auto changes = all<ConnectionChange>();
    ASSERT_EQ(changes.size(), 3u);
    EXPECT_TRUE(changes[0].connected && !changes[1].connected && changes[2].connected);
}

TEST_F(AlpacaFeedTest, ARefusedKeyIsToldAndTriedAgainLater)
{
    letIn = false;
    start();
    run(seconds(1));
    ASSERT_FALSE(all<ConnectionChange>().empty());
    EXPECT_NE(all<ConnectionChange>()[0].reason.find("auth failed"), std::string::npos);
    letIn = true;
    run(seconds(60));
    EXPECT_TRUE(all<ConnectionChange>().back().connected);
}

TEST_F(AlpacaFeedTest, NothingThatFollowsTheEndOfAConnectionInAFrameMatters)
{
    start();
    run(seconds(1));
    venue.sessions[0]->tell(R"([{"T":"error","code":406,"msg":"connection limit exceeded"},)"
                            R"({"T":"success","msg":"connected"}])");
    run(seconds(5));
    EXPECT_EQ(venue.sessions.size(), 2u);
    EXPECT_TRUE(all<ConnectionChange>().back().connected);
}

TEST_F(AlpacaFeedTest, AVenueThatStaysSilentIsLeft)
{
    venue.onOpen = [](auto&) {};
    start();
    run(seconds(11));
    ASSERT_EQ(all<ConnectionChange>().size(), 1u);
    EXPECT_FALSE(all<ConnectionChange>()[0].connected);
}

TEST_F(AlpacaFeedTest, StoppedItIsQuietForGood)
{
    start();
    feed->subscribe(wish({"AMD"}));
    run(seconds(1));
    venue.sessions[0]->tell(kTwoQuotes);
    feed->stop(); // with a frame under way
    const auto seen = events.size();
    run(seconds(60));
    EXPECT_EQ(events.size(), seen);
    EXPECT_TRUE(venue.sessions[0]->closed);
    EXPECT_EQ(venue.sessions.size(), 1u);
}

TEST_F(AlpacaFeedTest, BarsPageUntilTheRangeIsRead)
{
    venue.answer = [](const wire::HttpRequest& request) {
        const auto target = wire::Target::parse(request.target);
        const bool second = target->queryValue("page_token") == "next";
        const std::string bar = R"({"t":"2026-01-05T15:0)" + std::string(second ? "1" : "0") +
                                R"(:00Z","o":1,"h":2.5,"l":0.5,"c":2,"v":100,"n":3,"vw":1.5})";
        return wire::HttpResponse{200,
                                  {},
                                  R"({"bars":{"SPY":[)" + bar + R"(]},"next_page_token":)" +
                                      (second ? "null" : "\"next\"") + "}"};
    };
    std::optional<Result<std::vector<Bar>>> result;
    feed->bars(Symbol::of("SPY"), BarInterval::Minute1, Timestamp::of("2026-01-05T15:00:00Z"),
               Timestamp::of("2026-01-05T15:02:00Z"),
               [&](auto given) { result = std::move(given); });
    run(seconds(2));
    ASSERT_TRUE(result && *result);
    ASSERT_EQ((*result)->size(), 2u);
    EXPECT_EQ((**result)[0].high, Price::of("2.5"));
    EXPECT_EQ((**result)[1].start, Timestamp::of("2026-01-05T15:01:00Z"));
    EXPECT_NE(venue.requests[0].target.find("end=2026-01-05T15%3A01%3A59.999999999Z"),
              std::string::npos)
        << "the end does not count";
}

constexpr const char* kSpySnapshot =
    R"({"latestTrade":{"t":"2026-01-05T15:00:00.5Z","p":500.01,"s":40,"c":["@","I"],"x":"V","i":7},)"
    R"("latestQuote":{"t":"2026-01-05T15:00:01Z","bp":500,"bs":1,"ap":500.02,"as":2},)"
    R"("dailyBar":{"t":"2026-01-05T05:00:00Z","o":1,"h":2.5,"l":0.5,"c":2,"v":100},)"
    R"("prevDailyBar":{"t":"2026-01-02T05:00:00Z","o":1,"h":2.5,"l":0.5,"c":1.5,"v":9}})";

TEST_F(AlpacaFeedTest, SnapshotsTellQuoteTradeAndDaysWithoutTheStream)
{
    venue.answer = [](const wire::HttpRequest&) {
        return wire::HttpResponse{
            200, {}, R"({"SPY":)" + std::string(kSpySnapshot) + R"(,"NEW":{"latestQuote":null}})"};
    };
    std::vector<MarketSnapshot> told;
    feed->snapshots({Symbol::of("SPY"), Symbol::of("NEW")},
                    [&](auto part) { told.insert(told.end(), part.begin(), part.end()); });
    run(seconds(1));
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].quote->ask, Price::of("500.02"));
    EXPECT_EQ(told[0].trade->condition, "@ I");
    EXPECT_EQ(told[0].trade->eventTime, Timestamp::of("2026-01-05T15:00:00.5Z"));
    EXPECT_EQ(told[0].day->close, Price::of("2"));
    EXPECT_EQ(told[0].previousDay->close, Price::of("1.5"));
    EXPECT_FALSE(told[1].quote || told[1].trade || told[1].day) << "nothing is made up";
}

TEST_F(AlpacaFeedTest, ManySnapshotsAreAskedForFiveHundredAtATime)
{
    auto withCrypto = settings();
    withCrypto.cryptoStreamUrl = "ws://alpaca.test/v1beta3/crypto/us";
    feed = std::make_unique<AlpacaFeed>(std::move(withCrypto), *http, *ioSockets, core, io,
                                        world.random());
    std::vector<Symbol> symbols{Symbol::of("BTC/USD")};
    for (int i = 0; i < 1200; ++i) symbols.push_back(Symbol::of("S" + std::to_string(1000 + i)));
    feed->snapshots(symbols, [](auto) {});
    run(seconds(2));
    std::size_t asked = 0;
    int crypto = 0;
    for (const auto& request : venue.requests) {
        const auto target = wire::Target::parse(request.target);
        const std::string list(target->queryValue("symbols"));
        const auto count = static_cast<std::size_t>(std::ranges::count(list, ',') + 1);
        EXPECT_LE(count, AlpacaFeed::kSnapshotsMax);
        asked += count;
        crypto += target->path == "/v1beta3/crypto/us/snapshots" ? 1 : 0;
    }
    EXPECT_EQ(asked, symbols.size());
    EXPECT_EQ(venue.requests.size(), 4u);
    EXPECT_EQ(crypto, 1);
}

TEST_F(AlpacaFeedTest, OneSymbolThatAlpacaCannotReadDoesNotHideTheOthers)
{
    venue.answer = [](const wire::HttpRequest& request) {
        const auto target = wire::Target::parse(request.target);
        const std::string list(target->queryValue("symbols"));
        if (list.find("BAD") != std::string::npos)
            return wire::HttpResponse{400, {}, R"({"message":"invalid symbol: BAD"})"};
        std::string body = "{";
        for (const char* name : {"A", "B", "C", "D"})
            if (list.find(name) != std::string::npos)
                body += std::string(body.size() > 1 ? "," : "") + "\"" + name + "\":" + kSpySnapshot;
        return wire::HttpResponse{200, {}, body + "}"};
    };
    std::set<std::string> told;
    std::vector<Symbol> symbols;
    for (const char* name : {"A", "B", "BAD", "C", "D"}) symbols.push_back(Symbol::of(name));
    feed->snapshots(symbols, [&](const auto& part) {
        for (const auto& snapshot : part) told.insert(snapshot.symbol.text());
    });
    run(seconds(5));
    EXPECT_EQ(told, (std::set<std::string>{"A", "B", "C", "D"}));
}

TEST_F(AlpacaFeedTest, APagingThatNeverEndsIsNotFollowedForEver)
{
    venue.answer = [](const auto&) {
        return wire::HttpResponse{200, {}, R"({"bars":{},"next_page_token":"again"})"};
    };
    bool done = false;
    feed->bars(Symbol::of("SPY"), BarInterval::Minute1, Timestamp::of("2026-01-05T15:00:00Z"),
               Timestamp::of("2026-01-05T15:02:00Z"), [&](const auto& result) {
                   done = true;
                   EXPECT_TRUE(result && result->empty());
               });
    run(std::chrono::minutes(2));
    EXPECT_TRUE(done);
}

TEST_F(AlpacaFeedTest, DestroyedWithBarsUnderWayNothingComesAfter)
{
    bool called = false;
    feed->bars(Symbol::of("SPY"), BarInterval::Minute1, Timestamp::of("2026-01-05T15:00:00Z"),
               Timestamp::of("2026-01-05T15:02:00Z"), [&](const auto&) { called = true; });
    feed.reset();
    run(seconds(30));
    EXPECT_FALSE(called);
}

} // namespace
} // namespace qd::brokers
