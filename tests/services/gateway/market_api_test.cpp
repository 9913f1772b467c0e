#include "services/gateway/market_api.h"

#include <algorithm>

#include "tests/services/gateway/desk.h"

namespace qd::gateway::test {
namespace {

using market::test::barOf;
using market::test::quoteOf;
using std::chrono::seconds;

class MarketApiTest : public ::testing::Test {
protected:
    /// Starts a call whose bars the test answers; the answer comes into `answer`.
    void ask(const std::string& target)
    {
        answer.reset();
        wire::HttpRequest request{"GET", target,      {{"Authorization", "Bearer viewer"}},
                                  {},    seconds(10), {}};
        desk.api.handle(request, [this](wire::HttpResponse given) { answer = std::move(given); });
        desk.run(seconds(3));
    }

    /// Answers the feed's questions for minute bars; the market room asks for others of its own.
    void answerMinutes(const Result<std::vector<Bar>>& bars)
    {
        for (auto& request : std::exchange(desk.feed.requests, {}))
            request.done(request.interval == BarInterval::Minute1 ? bars
                                                                  : Result<std::vector<Bar>>());
        desk.run(seconds(1));
    }

    Desk desk;
    std::optional<wire::HttpResponse> answer;
};

TEST_F(MarketApiTest, AnUnknownSymbolIs404WithWhatMayHaveBeenMeant)
{
    for (const char* target : {"/v1/quotes?symbols=SPX", "/v1/instruments/SPX",
                               "/v1/bars?symbol=SPX", "/v1/quotes?symbols=SPY,SPX"}) {
        const auto response = desk.call("GET", target);
        EXPECT_EQ(response.status, 404) << target;
        const auto document = Desk::parse(response);
        EXPECT_EQ(document.root()["code"].stringOr({}), "market.unknown_symbol");
        const auto near = document.root()["near"].strings();
        ASSERT_TRUE(near && !near->empty()) << response.body;
        EXPECT_EQ(near->front(), "SPY");
    }
}

TEST_F(MarketApiTest, KnownButWithoutDataIsSaidSo)
{
    const auto response = desk.call("GET", "/v1/quotes?symbols=AAPL");
    ASSERT_EQ(response.status, 200);
    const auto quote = Desk::parse(response);
    EXPECT_EQ(quote.root()["quotes"].at(0)["freshness"].stringOr({}), "no_data");
    EXPECT_TRUE(quote.root()["quotes"].at(0)["bid"].isNull()) << response.body;
}

TEST_F(MarketApiTest, AQuoteCarriesItsOriginAndAge)
{
    desk.call("GET", "/v1/quotes?symbols=SPY"); // from now on it is watched
    desk.feed.say({quoteOf("SPY", "500.01", "500.03", desk.now())});
    desk.run(seconds(1));
    const auto response = desk.call("GET", "/v1/quotes?symbols=SPY");
    ASSERT_EQ(response.status, 200);
    const auto document = Desk::parse(response);
    const auto quote = document.root()["quotes"].at(0);
    EXPECT_EQ(quote["bid"].stringOr({}), "500.01");
    EXPECT_EQ(quote["ask"].stringOr({}), "500.03");
    EXPECT_EQ(quote["source"].stringOr({}), "fake");
    EXPECT_EQ(quote["feedClass"].stringOr({}), "simulated");
    EXPECT_EQ(quote["ageMs"].integerOr(0), 1'000);
}

TEST_F(MarketApiTest, BarsOfARangeComeOldestFirst)
{
    ask("/v1/"
        "bars?symbol=SPY&interval=1m&from=2026-01-05T14:00:00Z&to=2026-01-05T14:10:00Z&limit=5");
    const auto request = std::ranges::find(desk.feed.requests, BarInterval::Minute1,
                                           &market::test::FakeFeed::BarsRequest::interval);
    ASSERT_NE(request, desk.feed.requests.end());
    EXPECT_EQ(request->symbol, Symbol::of("SPY"));
    EXPECT_LE(request->from, Timestamp::of("2026-01-05T14:05:00Z"));
    EXPECT_GE(request->to, Timestamp::of("2026-01-05T14:10:00Z"));
    std::vector<Bar> bars;
    for (int i = 0; i < 10; ++i)
        bars.push_back(barOf(Timestamp::of("2026-01-05T14:00:00Z") + std::chrono::minutes(i),
                             std::to_string(500 + i).c_str()));
    answerMinutes(bars);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 200) << answer->body;
    const auto document = Desk::parse(*answer);
    const auto listed = document.root()["bars"];
    ASSERT_EQ(listed.size(), 5u) << "the newest so many";
    EXPECT_EQ(listed.at(0).at(1).stringOr({}), "505");
    EXPECT_EQ(listed.at(4).at(0).integerOr(0), Timestamp::of("2026-01-05T14:09:00Z").millis());
    EXPECT_EQ(document.root()["interval"].stringOr({}), "1m");
    EXPECT_FALSE(document.root()["adjusted"].booleanOr(true));
}

TEST_F(MarketApiTest, ARangeThatIsNoneIs422AndAProviderThatIsAwayIs503)
{
    ask("/v1/bars?symbol=SPY&from=2026-01-05T15:00:00Z&to=2026-01-05T14:00:00Z");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 422) << answer->body;
    EXPECT_EQ(desk.call("GET", "/v1/bars?symbol=SPY&interval=7m").status, 422);
    EXPECT_EQ(desk.call("GET", "/v1/bars?symbol=SPY&from=yesterday").status, 422);
    EXPECT_EQ(desk.call("GET", "/v1/bars").status, 422);
    ask("/v1/bars?symbol=SPY&from=2026-01-05T13:00:00Z&to=2026-01-05T14:00:00Z");
    for (int i = 0; i < 90 && !answer; ++i)
        answerMinutes(fail(ErrorKind::Unavailable, "wire.connect", "refused"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503) << answer->body;
    EXPECT_EQ(answer->headers.find("Retry-After"), "5");
}

TEST_F(MarketApiTest, InstrumentsAreFoundBestMatchFirst)
{
    const auto response = desk.call("GET", "/v1/instruments?query=SPY&limit=2");
    ASSERT_EQ(response.status, 200);
    const auto document = Desk::parse(response);
    ASSERT_EQ(document.root()["instruments"].size(), 2u);
    EXPECT_EQ(document.root()["instruments"].at(0)["symbol"].stringOr({}), "SPY");
    EXPECT_EQ(document.root()["instruments"].at(1)["symbol"].stringOr({}), "SPYG");
    EXPECT_EQ(desk.call("GET", "/v1/instruments/spy").status, 200);
}

TEST_F(MarketApiTest, AContractThatNoListingHasIsAskedForAndThenAsGoodAsAnyOther)
{
    const std::string call = "SPY260116C00500000", put = "SPY260116P00500000";
    for (const auto& symbol : {call, put})
        desk.source.contracts[Symbol::of(symbol)] = market::test::FakeSource::contract(symbol);
    const auto searched = desk.call("GET", "/v1/instruments?query=" + call);
    const auto found = Desk::parse(searched);
    ASSERT_EQ(found.root()["instruments"].size(), 1u) << searched.body;
    EXPECT_EQ(found.root()["instruments"].at(0)["symbol"].stringOr({}), call);
    EXPECT_EQ(desk.call("GET", "/v1/quotes?symbols=SPY," + put + "," + call).status, 200);
    EXPECT_EQ(desk.call("GET", "/v1/instruments/" + put).status, 200);
    EXPECT_EQ(desk.source.asked, (std::vector{call, put}));
    desk.run(seconds(1));
    const auto& watched = desk.feed.wishes.back().quotes;
    EXPECT_NE(std::ranges::find(watched, Symbol::of(put)), watched.end());
    EXPECT_EQ(desk.call("GET", "/v1/instruments/SPY260116C00999000").status, 404);
    EXPECT_EQ(desk.call("GET", "/v1/instruments/SPX").status, 404);
    EXPECT_EQ(desk.source.asked.size(), 3u) << "of shares the listing has all";
}

TEST_F(MarketApiTest, TheMarketsHoursAreTold)
{
    const auto response = desk.call("GET", "/v1/market/status");
    ASSERT_EQ(response.status, 200);
    const auto document = Desk::parse(response);
    EXPECT_EQ(document.root()["phase"].stringOr({}), "regular");
    EXPECT_TRUE(document.root()["closesAt"].isString());
}

} // namespace
} // namespace qd::gateway::test
