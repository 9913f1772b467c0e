#include "tests/services/sandbox/venue_fixture.h"

namespace qd::sandbox::test {
namespace {

using TradingApi = VenueTest;

constexpr const char* kLimit100 =
    R"("type":"limit","time_in_force":"gtc","limit_price":"100","client_order_id":"mine-1")";

TEST_F(TradingApi, WithoutCredentialsIs401AndWrongOnesAre403)
{
    EXPECT_EQ(begin(venue, "GET", "/v2/account", "", {})->status, 401);
    const auto wrong = begin(venue, "GET", "/v2/account", "",
                             {{"APCA-API-KEY-ID", "PKTEST"}, {"APCA-API-SECRET-KEY", "no"}});
    EXPECT_EQ(wrong->status, 403);
    EXPECT_EQ((*wrong)["code"].integerOr(0), 40310000);
    const auto data = begin(venue, "GET", "/v2/stocks/SPY/snapshot", "", {});
    EXPECT_EQ(data->status, 403);
    EXPECT_EQ(data->text, R"({"message":"forbidden."})");
}

TEST_F(TradingApi, ABearerTokenOpensTheSameAccount)
{
    const auto answer =
        begin(venue, "GET", "/v2/account", "", {{"Authorization", "Bearer token-1"}});
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->string("id"), ask("GET", "/v2/account").string("id"));
}

TEST_F(TradingApi, DecimalsAreStringsAndCountsAreNumbers)
{
    const Answer account = ask("GET", "/v2/account");
    EXPECT_EQ(account.string("cash"), "100000");
    EXPECT_TRUE(account["buying_power"].isString());
    EXPECT_EQ(account["daytrade_count"].kind(), json::Value::Kind::Number);
}

TEST_F(TradingApi, AMarketOrderIsPendingThenFilled)
{
    price("SPY", "99.90", "100.00");
    const Answer taken = order("buy", "10", "SPY");
    ASSERT_EQ(taken.status, 200) << taken.text;
    EXPECT_EQ(taken.string("status"), "pending_new");
    EXPECT_TRUE(taken["filled_avg_price"].isNull());
    world.run(1s);
    const Answer now = ask("GET", "/v2/orders/" + taken.string("id"));
    EXPECT_EQ(now.string("status"), "filled");
    EXPECT_EQ(now.string("filled_avg_price"), "100");
    EXPECT_EQ(now.string("filled_qty"), "10");
    const Answer position = ask("GET", "/v2/positions/SPY");
    EXPECT_EQ(position.string("qty"), "10");
    EXPECT_EQ(position.string("side"), "long");
}

TEST_F(TradingApi, AClientOrderIdIsTakenOnce)
{
    price("SPY", "110", "110.10");
    ASSERT_EQ(order("buy", "1", "SPY", kLimit100).status, 200);
    const Answer again = order("buy", "1", "SPY", kLimit100);
    EXPECT_EQ(again.status, 422);
    EXPECT_EQ(again["code"].integerOr(0), 40010001);
    EXPECT_EQ(again.string("message"), "client_order_id must be unique");
    EXPECT_EQ(ask("GET", "/v2/orders").size(), 1u);
}

TEST_F(TradingApi, AnOrderIsFoundByItsClientId)
{
    price("SPY", "110", "110.10");
    const Answer taken = order("buy", "1", "SPY", kLimit100);
    const Answer found = ask("GET", "/v2/orders:by_client_order_id?client_order_id=mine-1");
    EXPECT_EQ(found.string("id"), taken.string("id"));
    EXPECT_EQ(ask("GET", "/v2/orders:by_client_order_id?client_order_id=other").status, 404);
}

TEST_F(TradingApi, WhatIsWrongWithAnOrderIsSaidInAlpacasWords)
{
    const struct {
        const char* body;
        int status;
        std::int64_t code;
        const char* message;
    } rows[] = {
        {R"({"qty":"1","side":"buy","type":"market","time_in_force":"day"})", 422, 40010001,
         "symbol is required"},
        {R"({"symbol":"NOSUCH","qty":"1","side":"buy","type":"market","time_in_force":"day"})", 422,
         42210000, "asset \"NOSUCH\" not found"},
        {R"({"symbol":"SPY","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":0.0})",
         422, 40010001, "limit price must be > 0"},
        {R"({"symbol":"SPY","qty":"1","side":"buy","type":"market","time_in_force":"day","limit_price":"5"})",
         422, 40010001, "market orders require no stop or limit price"},
        {R"({"symbol":"SPY","qty":"1","notional":"5","side":"buy","type":"market","time_in_force":"day"})",
         422, 40010001, "only one of qty or notional is accepted"},
        {R"({"symbol":"SPY","qty":"1","side":"hold","type":"market","time_in_force":"day"})", 422,
         40010001, "invalid side: hold"},
        {R"({"symbol":)", 400, 40010000, "request body format is invalid"},
    };
    for (const auto& row : rows) {
        const Answer answer = ask("POST", "/v2/orders", row.body);
        EXPECT_EQ(answer.status, row.status) << row.body;
        EXPECT_EQ(answer["code"].integerOr(0), row.code) << row.body;
        EXPECT_EQ(answer.string("message"), row.message) << row.body;
    }
}

TEST_F(TradingApi, MultiLegOrdersAreRefusedAsOfAnAccountWithoutOptions)
{
    const auto place = [this](const std::string& rest) {
        return ask("POST", "/v2/orders",
                   R"({"order_class":"mleg","type":"limit","limit_price":"1","time_in_force":"day",)" +
                       rest + "}");
    };
    const std::string leg = R"({"symbol":"AAPL260116C00200000","ratio_qty":"1","side":"buy"})";
    const std::string two = "\"legs\":[" + leg + "," + leg + "]";
    EXPECT_EQ(place(R"("qty":"1",)" + two).status, 403);
    EXPECT_EQ(place(R"("qty":"1","legs":[)" + leg + "]").status, 422) << "one leg is no spread";
    EXPECT_EQ(place(two).status, 422) << "no quantity";
    EXPECT_EQ(place(R"("symbol":"AAPL","qty":"1",)" + two).status, 422);
    EXPECT_EQ(place(R"("qty":"1","legs":[{"symbol":"A"},)" + leg + "]").status, 422);
}

TEST_F(TradingApi, TooExpensiveIs403WithItsFigures)
{
    price("SPY", "99.90", "100");
    const Answer answer = order("buy", "1000000", "SPY",
                                R"("type":"limit","time_in_force":"day","limit_price":"100")");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer["code"].integerOr(0), 40310000);
    EXPECT_EQ(answer.string("message"), "insufficient buying power");
    EXPECT_TRUE(answer["buying_power"].isString());
    EXPECT_TRUE(answer["cost_basis"].isString());
}

TEST_F(TradingApi, AChangeMakesANewOrderWithItsOwnId)
{
    price("SPY", "110", "110.10");
    const std::string old = order("buy", "5", "SPY", kLimit100).string("id");
    world.run(100ms);
    const Answer changed = ask("PATCH", "/v2/orders/" + old, R"({"limit_price":"101","qty":"4"})");
    ASSERT_EQ(changed.status, 200) << changed.text;
    EXPECT_NE(changed.string("id"), old);
    EXPECT_EQ(changed.string("replaces"), old);
    EXPECT_EQ(changed.string("limit_price"), "101");
    world.run(1s);
    const Answer before = ask("GET", "/v2/orders/" + old);
    EXPECT_EQ(before.string("status"), "replaced");
    EXPECT_EQ(before.string("replaced_by"), changed.string("id"));
    EXPECT_EQ(statusOf(changed.string("id")), "new");
}

TEST_F(TradingApi, AChangeThatComesTooLateIsRejectedAfterwards)
{
    price("SPY", "110", "110.10");
    const std::string old = order("buy", "5", "SPY", kLimit100).string("id");
    world.run(100ms);
    const Answer changed = ask("PATCH", "/v2/orders/" + old, R"({"limit_price":"101"})");
    ASSERT_EQ(changed.status, 200) << changed.text;
    drill("POST", "/market/price", R"({"symbol":"SPY","bid":"99","ask":"99.5"})");
    world.run(1s);
    const std::string first = statusOf(old);
    const std::string second = statusOf(changed.string("id"));
    // Whichever was first, exactly one of the two has traded.
    EXPECT_TRUE((first == "filled" && second == "rejected")
                || (first == "replaced" && second == "filled"))
        << first << " and " << second;
    EXPECT_EQ(ask("GET", "/v2/positions/SPY").string("qty"), "5");
}

TEST_F(TradingApi, CancelIs204ThenTooLateIs422AndUnknownIs404)
{
    price("SPY", "110", "110.10");
    const std::string id = order("buy", "5", "SPY", kLimit100).string("id");
    world.run(100ms);
    EXPECT_EQ(ask("DELETE", "/v2/orders/" + id).status, 204);
    world.run(1s);
    EXPECT_EQ(statusOf(id), "canceled");
    EXPECT_EQ(ask("DELETE", "/v2/orders/" + id).status, 422);
    EXPECT_EQ(ask("DELETE", "/v2/orders/61e69015-8549-4bfd-b9c3-01e75843f47d").status, 404);
}

TEST_F(TradingApi, CancelAllAnswers207WithOneStatusAnOrder)
{
    price("SPY", "110", "110.10");
    order("buy", "5", "SPY", R"("type":"limit","time_in_force":"gtc","limit_price":"100")");
    order("buy", "5", "SPY", R"("type":"limit","time_in_force":"gtc","limit_price":"99")");
    world.run(100ms);
    const Answer all = ask("DELETE", "/v2/orders");
    EXPECT_EQ(all.status, 207);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all.at(0)["status"].integerOr(0), 200);
}

TEST_F(TradingApi, ClosingEverythingAnswers207WithTheOrders)
{
    price("SPY", "99.9", "100");
    price("AAPL", "199.9", "200");
    order("buy", "2", "SPY");
    order("buy", "3", "AAPL");
    world.run(1s);
    const Answer all = ask("DELETE", "/v2/positions?cancel_orders=true");
    EXPECT_EQ(all.status, 207);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all.at(0)["status"].integerOr(0), 200);
    EXPECT_EQ(all.at(0)["body"]["side"].stringOr(""), "sell");
    world.run(1s);
    EXPECT_EQ(ask("GET", "/v2/positions").size(), 0u);
}

TEST_F(TradingApi, PartOfAPositionClosesByPercentage)
{
    price("SPY", "99.9", "100");
    order("buy", "10", "SPY");
    world.run(1s);
    const Answer part = ask("DELETE", "/v2/positions/SPY?percentage=40");
    EXPECT_EQ(part.string("qty"), "4");
    world.run(1s);
    EXPECT_EQ(ask("GET", "/v2/positions/SPY").string("qty"), "6");
    EXPECT_EQ(ask("GET", "/v2/positions/AAPL").status, 404);
}

TEST_F(TradingApi, LegsAreNestedOnlyWhenAskedFor)
{
    price("SPY", "110", "110.10");
    const Answer entry = order("buy", "5", "SPY",
                               R"("type":"limit","time_in_force":"gtc","limit_price":"100",)"
                               R"("order_class":"bracket","take_profit":{"limit_price":"120"},)"
                               R"("stop_loss":{"stop_price":"90"})");
    ASSERT_EQ(entry.status, 200) << entry.text;
    ASSERT_EQ(entry["legs"].size(), 2u);
    EXPECT_EQ(entry["legs"].at(0)["status"].stringOr(""), "held");
    EXPECT_EQ(ask("GET", "/v2/orders?status=all&nested=true").size(), 1u);
    EXPECT_EQ(ask("GET", "/v2/orders?status=all").size(), 3u);
}

TEST_F(TradingApi, ListsHonourDirectionLimitAndSymbols)
{
    price("SPY", "110", "110.10");
    price("AAPL", "210", "210.10");
    for (int i = 0; i < 3; ++i) {
        order("buy", "1", "SPY", R"("type":"limit","time_in_force":"gtc","limit_price":"100")");
        world.run(10ms);
    }
    order("buy", "1", "AAPL", R"("type":"limit","time_in_force":"gtc","limit_price":"100")");
    world.run(10ms);
    EXPECT_EQ(ask("GET", "/v2/orders?symbols=SPY").size(), 3u);
    EXPECT_EQ(ask("GET", "/v2/orders?limit=2").size(), 2u);
    EXPECT_EQ(ask("GET", "/v2/orders?limit=501").status, 422);
    const Answer oldest = ask("GET", "/v2/orders?direction=asc&limit=1");
    const Answer newest = ask("GET", "/v2/orders?limit=1");
    EXPECT_EQ(oldest.at(0)["symbol"].stringOr(""), "SPY");
    EXPECT_EQ(newest.at(0)["symbol"].stringOr(""), "AAPL");
}

TEST_F(TradingApi, ActivitiesPageByTheLastId)
{
    price("SPY", "99.9", "100");
    for (int i = 0; i < 5; ++i) {
        order("buy", "1", "SPY");
        world.run(100ms);
    }
    std::vector<std::string> ids;
    std::string token;
    for (int page = 0; page < 4; ++page) {
        const Answer answer = ask("GET", "/v2/account/activities/FILL?page_size=2&direction=asc"
                                             + (token.empty() ? "" : "&page_token=" + token));
        for (std::size_t i = 0; i < answer.size(); ++i)
            ids.emplace_back(answer.at(i)["id"].stringOr(""));
        token = ids.back();
    }
    ASSERT_EQ(ids.size(), 5u);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    EXPECT_EQ(ids[0].substr(17, 2), "::");
    EXPECT_EQ(ask("GET", "/v2/account/activities/DIV").size(), 0u);
}

TEST_F(TradingApi, AssetsAreFoundBySymbolWithAndWithoutSlashAndById)
{
    const Answer spy = ask("GET", "/v2/assets/SPY");
    EXPECT_EQ(spy.string("class"), "us_equity");
    EXPECT_TRUE(spy["fractionable"].booleanOr(false));
    EXPECT_EQ(ask("GET", "/v2/assets/" + spy.string("id")).string("symbol"), "SPY");
    EXPECT_EQ(ask("GET", "/v2/assets/BTC%2FUSD").string("class"), "crypto");
    EXPECT_EQ(ask("GET", "/v2/assets/BTCUSD").string("symbol"), "BTC/USD");
    EXPECT_EQ(ask("GET", "/v2/assets/NOSUCH").status, 404);
    EXPECT_GT(ask("GET", "/v2/assets?asset_class=crypto").size(), 0u);
}

TEST_F(TradingApi, WatchlistsAreKeptByIdAndByName)
{
    const Answer made =
        ask("POST", "/v2/watchlists", R"({"name":"tech","symbols":["AAPL","SPY"]})");
    ASSERT_EQ(made.status, 200) << made.text;
    const std::string id = made.string("id");
    EXPECT_EQ(ask("GET", "/v2/watchlists:by_name?name=tech").string("id"), id);
    EXPECT_EQ(ask("POST", "/v2/watchlists/" + id, R"({"symbol":"MSFT"})")["assets"].size(), 3u);
    EXPECT_EQ(ask("DELETE", "/v2/watchlists/" + id + "/AAPL")["assets"].size(), 2u);
    EXPECT_EQ(ask("DELETE", "/v2/watchlists/" + id).status, 204);
    EXPECT_EQ(ask("GET", "/v2/watchlists").size(), 0u);
}

TEST_F(TradingApi, ConfigurationsChangeAndSuspendTrading)
{
    EXPECT_FALSE(ask("GET", "/v2/account/configurations")["suspend_trade"].booleanOr(true));
    const Answer changed =
        ask("PATCH", "/v2/account/configurations", R"({"suspend_trade":true})");
    EXPECT_TRUE(changed["suspend_trade"].booleanOr(false));
    price("SPY", "99.9", "100");
    EXPECT_EQ(order("buy", "1", "SPY").status, 403);
}

TEST_F(TradingApi, ThePortfolioHistoryGrowsWithTime)
{
    world.run(5min);
    const Answer history =
        ask("GET", "/v2/account/portfolio/history?period=1D&timeframe=1Min");
    EXPECT_GE(history["timestamp"].size(), 5u);
    EXPECT_EQ(history["timestamp"].size(), history["equity"].size());
    EXPECT_EQ(history["equity"].at(0).integerOr(0), 100000);
}

TEST_F(TradingApi, AnotherPathIs404)
{
    EXPECT_EQ(ask("GET", "/v2/nothing").status, 404);
    EXPECT_EQ(ask("GET", "/").status, 404);
}

struct RateLimited : VenueTest {
    static alpaca::AlpacaOptions strict()
    {
        auto options = defaults();
        options.requestsPerMinute = 3;
        return options;
    }
    RateLimited() : VenueTest(strict()) {}
};

TEST_F(RateLimited, BeyondTheLimitIs429UntilTheWindowEnds)
{
    const Answer first = ask("GET", "/v2/clock");
    EXPECT_EQ(first.headers.find("x-ratelimit-limit"), "3");
    EXPECT_EQ(first.headers.find("x-ratelimit-remaining"), "2");
    const std::int64_t reset = std::stoll(std::string(first.headers.find("X-RateLimit-Reset")));
    EXPECT_NEAR(static_cast<double>(reset - world.now().seconds()), 60.0, 1.0);
    ask("GET", "/v2/clock");
    ask("GET", "/v2/clock");
    const Answer fourth = ask("GET", "/v2/clock");
    EXPECT_EQ(fourth.status, 429);
    EXPECT_EQ(fourth.headers.find("X-RateLimit-Remaining"), "0");
    world.run(61s);
    EXPECT_EQ(ask("GET", "/v2/clock").status, 200);
}

} // namespace
} // namespace qd::sandbox::test
