#include <gmock/gmock.h>

#include "services/json/message_pack.h"
#include "tests/services/sandbox/venue_fixture.h"

namespace qd::sandbox::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using TradeStream = VenueTest;
using DataStream = VenueTest;

json::Document parsed(const std::string& text)
{
    auto document = json::Document::parse(text);
    EXPECT_TRUE(document.has_value()) << text;
    return std::move(*document);
}

TEST_F(TradeStream, AuthorizesThenListensInBinaryFrames)
{
    auto socket = connect("/stream");
    socket->say(R"({"action":"listen","data":{"streams":["trade_updates"]}})");
    EXPECT_EQ(socket->sent.back().payload,
              R"({"stream":"authorization","data":{"status":"unauthorized","action":"listen"}})");
    socket->say(R"({"action":"authenticate","data":{"key_id":"PKTEST","secret_key":"wrong"}})");
    EXPECT_TRUE(socket->saw(R"("status":"unauthorized","action":"authenticate")"));
    socket->say(R"({"action":"authenticate","data":{"key_id":"PKTEST","secret_key":"sesame"}})");
    EXPECT_EQ(socket->sent.back().payload,
              R"({"stream":"authorization","data":{"status":"authorized","action":"authenticate"}})");
    socket->say(R"({"action":"listen","data":{"streams":["trade_updates"]}})");
    EXPECT_EQ(socket->sent.back().payload,
              R"({"stream":"listening","data":{"streams":["trade_updates"]}})");
    EXPECT_TRUE(socket->sent.back().binary);
    socket->say(R"({"action":"listen","data":{"streams":[]}})");
    EXPECT_EQ(socket->sent.back().payload, R"({"stream":"listening","data":{"streams":[]}})");
}

TEST_F(TradeStream, AnOAuthTokenAuthorizesToo)
{
    auto socket = connect("/stream");
    socket->say(R"({"action":"authenticate","data":{"oauth_token":"token-1"}})");
    EXPECT_TRUE(socket->saw(R"("status":"authorized")"));
}

TEST_F(TradeStream, WhoDoesNotAuthorizeIsClosedAfterTenSeconds)
{
    auto socket = connect("/stream");
    world.run(9900ms);
    EXPECT_TRUE(socket->open);
    world.run(200ms);
    EXPECT_FALSE(socket->open);
}

TEST_F(TradeStream, TellsOfNewAndFillWithTheExecution)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    const Answer taken = order("buy", "10", "SPY");
    world.run(1s);
    ASSERT_GE(socket->sent.size(), 2u);
    const auto last = parsed(socket->sent.back().payload);
    const json::Value data = last.root()["data"];
    EXPECT_EQ(data["event"].stringOr(""), "fill");
    EXPECT_EQ(data["price"].stringOr(""), "100");
    EXPECT_EQ(data["qty"].stringOr(""), "10");
    EXPECT_EQ(data["position_qty"].stringOr(""), "10");
    EXPECT_TRUE(isUuidV4(data["execution_id"].stringOr("")));
    EXPECT_EQ(data["order"]["id"].stringOr(""), taken.string("id"));
    EXPECT_EQ(data["order"]["status"].stringOr(""), "filled");
    EXPECT_TRUE(socket->saw(R"("event":"new")"));
}

TEST_F(TradeStream, SpeaksMessagePackWhenTheUpgradeAsksForIt)
{
    auto socket = connect("/stream", {{"Content-Type", "application/msgpack"}});
    const auto hello = parsed(
        R"({"action":"authenticate","data":{"key_id":"PKTEST","secret_key":"sesame"}})");
    socket->say(json::toMessagePack(hello.root(), json::TimestampForm::Text), /*binary=*/true);
    ASSERT_EQ(socket->sent.size(), 1u);
    const auto text = json::fromMessagePack(socket->sent[0].payload);
    ASSERT_TRUE(text.has_value());
    EXPECT_THAT(*text, HasSubstr(R"("status":"authorized")"));
}

TEST_F(DataStream, GreetsThenAuthenticates)
{
    auto socket = openData();
    ASSERT_EQ(socket->sent.size(), 2u);
    EXPECT_EQ(socket->sent[0].payload, R"([{"T":"success","msg":"connected"}])");
    EXPECT_FALSE(socket->sent[0].binary);
    EXPECT_EQ(socket->sent[1].payload, R"([{"T":"success","msg":"authenticated"}])");
    auto byHeaders = connect("/v1beta3/crypto/us", credentials());
    EXPECT_TRUE(byHeaders->saw("authenticated"));
}

TEST_F(DataStream, MistakesHaveTheirNumbers)
{
    auto socket = connect("/v2/iex");
    socket->say("{not json");
    EXPECT_THAT(socket->take(), HasSubstr(R"([{"T":"error","code":400,"msg":"invalid syntax"}])"));
    socket->say(R"({"action":"subscribe","quotes":["SPY"]})");
    EXPECT_THAT(socket->take(), HasSubstr(R"("code":401)"));
    socket->say(R"({"action":"auth","key":"PKTEST","secret":"wrong"})");
    EXPECT_THAT(socket->take(), HasSubstr(R"("code":402,"msg":"auth failed")"));
    socket->say(R"({"action":"auth","key":"PKTEST","secret":"sesame"})");
    socket->say(R"({"action":"auth","key":"PKTEST","secret":"sesame"})");
    EXPECT_THAT(socket->take(), HasSubstr(R"("code":403)"));
}

TEST_F(DataStream, SilenceEndsInATimeoutAfterTenSeconds)
{
    auto socket = connect("/v2/iex");
    world.run(10100ms);
    EXPECT_TRUE(socket->saw(R"([{"T":"error","code":404,"msg":"auth timeout"}])"));
    EXPECT_FALSE(socket->open);
}

TEST_F(DataStream, ASecondConnectionIsOneTooMany)
{
    auto first = openData();
    auto second = openData();
    EXPECT_TRUE(second->saw(R"("code":406,"msg":"connection limit exceeded")"));
    EXPECT_FALSE(second->open);
    EXPECT_TRUE(first->open);
    EXPECT_TRUE(openData("/v1beta3/crypto/us")->open);
    first->close({1000, ""});
    EXPECT_TRUE(openData()->open);
}

TEST_F(DataStream, SubscriptionsAddUpAndAreEchoedWhole)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","quotes":["SPY"]})");
    socket->take();
    socket->say(R"({"action":"subscribe","trades":["AAPL"],"quotes":["MSFT"],"bars":["*"]})");
    EXPECT_THAT(socket->take(),
                HasSubstr(R"({"T":"subscription","trades":["AAPL"],"quotes":["MSFT","SPY"],"bars":["*"])"));
    socket->say(R"({"action":"unsubscribe","quotes":["SPY","MSFT"]})");
    EXPECT_THAT(socket->take(), HasSubstr(R"("quotes":[])"));
}

TEST_F(DataStream, OnlyWhatWasAskedForComesAndNumbersAreNumbers)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","quotes":["SPY"],"trades":["SPY"]})");
    socket->take();
    price("SPY", "99.9", "100");
    price("AAPL", "199.9", "200");
    const std::string all = socket->take();
    EXPECT_THAT(all, HasSubstr(R"("T":"q","S":"SPY")"));
    EXPECT_THAT(all, HasSubstr(R"("ap":100,"as":1000)"));
    EXPECT_THAT(all, Not(HasSubstr("AAPL")));
}

TEST_F(DataStream, TheStarMeansEverything)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","quotes":["*"],"bars":["*"],"dailyBars":["*"]})");
    socket->take();
    world.run(2min);
    EXPECT_GT(socket->count(R"("T":"q")"), 50);
    EXPECT_GT(socket->count(R"("T":"b")"), 0);
    EXPECT_GT(socket->count(R"("T":"d")"), 0);
    EXPECT_EQ(socket->count("BTC/USD"), 0); // that is another stream
}

TEST_F(DataStream, CryptoHasItsOwnStreamWithBooks)
{
    auto socket = openData("/v1beta3/crypto/us");
    socket->say(R"({"action":"subscribe","quotes":["BTC/USD"],"orderbooks":["BTC/USD"]})");
    price("BTC/USD", "50000", "50001");
    EXPECT_TRUE(socket->saw(R"("T":"q","S":"BTC/USD")"));
    EXPECT_TRUE(socket->saw(R"("T":"o","S":"BTC/USD")"));
}

TEST_F(DataStream, AHaltIsAStatusMessage)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","statuses":["SPY"]})");
    drill("POST", "/market/halt", R"({"symbol":"SPY"})");
    world.run(100ms);
    EXPECT_TRUE(socket->saw(R"("T":"s","S":"SPY","sc":"H","sm":"Trading Halt")"));
    drill("POST", "/market/halt", R"({"symbol":"SPY","halted":false})");
    world.run(100ms);
    EXPECT_TRUE(socket->saw(R"("sc":"T")"));
}

TEST_F(DataStream, ASlowClientIsToldAndClosed)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","quotes":["SPY"]})");
    socket->queued = alpaca::DataStream::kQueueBytesMax + 1;
    price("SPY", "99.9", "100");
    EXPECT_TRUE(socket->open) << "it may have been we who paused";
    world.run(alpaca::DataStream::kSlowAfter);
    price("SPY", "99.8", "100");
    EXPECT_TRUE(socket->saw(R"("code":407,"msg":"slow client")"));
    EXPECT_FALSE(socket->open);
}

TEST_F(DataStream, AClientThatCatchesUpInTimeIsNotSlow)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","quotes":["SPY"]})");
    for (const char* bid : {"99.9", "99.8", "99.7"}) {
        socket->queued = alpaca::DataStream::kQueueBytesMax + 1;
        price("SPY", bid, "100");
        socket->queued = 0;
        world.run(alpaca::DataStream::kSlowAfter);
        price("SPY", bid, "101");
    }
    EXPECT_TRUE(socket->open);
    EXPECT_FALSE(socket->saw(R"("code":407)"));
}

TEST_F(DataStream, MessagePackCarriesTimestampsAsExtensions)
{
    auto socket = connect("/v2/iex", {{"Content-Type", "application/msgpack"},
                                      {"APCA-API-KEY-ID", "PKTEST"},
                                      {"APCA-API-SECRET-KEY", "sesame"}});
    const auto wish = parsed(R"({"action":"subscribe","quotes":["SPY"]})");
    socket->say(json::toMessagePack(wish.root(), json::TimestampForm::Text), /*binary=*/true);
    price("SPY", "99.9", "100");
    const std::string& last = socket->sent.back().payload;
    EXPECT_NE(last.find("\xd7\xff"), std::string::npos);
    const auto text = json::fromMessagePack(last);
    ASSERT_TRUE(text.has_value());
    EXPECT_THAT(*text, HasSubstr(R"("S":"SPY")"));
    EXPECT_THAT(*text, HasSubstr("2026-01-05T"));
}

TEST_F(DataStream, TheTestFeedTradesAroundTheClock)
{
    auto socket = openData("/v2/test");
    socket->say(R"({"action":"subscribe","trades":["FAKEPACA"],"quotes":["FAKEPACA"]})");
    world.run(3s);
    EXPECT_GE(socket->count(R"("T":"t","S":"FAKEPACA")"), 2);
}

TEST(Streams, ASocketThatOutlivesTheVenueFindsItGone)
{
    qd::test::SimWorld world;
    qd::test::SimExecutor executor(world);
    runtime::SeededRandom random(1);
    exchange::SimulationOptions small;
    small.symbols = 2;
    auto venue = std::make_unique<alpaca::AlpacaVenue>(
        executor, random, std::make_unique<exchange::SimulatedMarket>(small));
    std::vector<std::shared_ptr<MemorySocket>> open;
    for (const char* path : {"/stream", "/v2/iex"}) {
        wire::HttpRequest request;
        request.target = path;
        open.push_back(std::make_shared<MemorySocket>());
        open.back()->events = venue->upgrade(request).value();
        open.back()->events.onOpen(open.back());
    }
    venue.reset();
    for (const auto& socket : open) {
        socket->say("{}");
        socket->close({1000, ""});
    }
    world.run(20s); // the deadlines went with the venue
}

TEST_F(DataStream, AnotherPathIsRefused)
{
    EXPECT_EQ(connect("/v2/nothing"), nullptr);
    EXPECT_EQ(refusedStatus, 404);
}

struct LimitedFeed : VenueTest {
    static alpaca::AlpacaOptions limited()
    {
        auto options = defaults();
        options.data.symbolsMax = 2;
        options.data.sipAllowed = false;
        return options;
    }
    LimitedFeed() : VenueTest(limited()) {}
};

TEST_F(LimitedFeed, TooManySymbolsKeepThePreviousSubscription)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","quotes":["SPY","AAPL"]})");
    socket->take();
    socket->say(R"({"action":"subscribe","trades":["MSFT"]})");
    EXPECT_THAT(socket->take(), HasSubstr(R"("code":405,"msg":"symbol limit exceeded")"));
    price("SPY", "99.9", "100");
    EXPECT_TRUE(socket->saw(R"("T":"q","S":"SPY")"));
}

TEST_F(LimitedFeed, AFeedThatIsNotPaidForIs409)
{
    EXPECT_TRUE(openData("/v2/sip")->saw(R"("code":409,"msg":"insufficient subscription")"));
}

} // namespace
} // namespace qd::sandbox::test
