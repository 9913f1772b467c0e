// The traps of Tradier's protocol, over the same exchange and accounts that Alpaca's is spoken of.

#include "services/sandbox/tradier/tradier_venue.h"
#include "tests/services/sandbox/venue_fixture.h"

namespace qd::sandbox::test {
namespace {

class TradierTest : public VenueTest {
protected:
    Answer call(std::string method, std::string path, std::string form = {}, wire::Headers more = {})
    {
        wire::Headers headers{{"Authorization", "Bearer token-1"}, {"Accept", "application/json"}};
        if (method == "POST")
            headers.set("Content-Length", std::to_string(form.size()));
        if (!form.empty())
            headers.set("Content-Type", "application/x-www-form-urlencoded");
        for (const auto& header : more.all())
            headers.set(header.name, header.value);
        return *begin(tradier, std::move(method), "/v1" + path, std::move(form), std::move(headers));
    }
    Answer place(const std::string& form) { return call("POST", account + "/orders", form); }
    std::int64_t placed(const std::string& form)
    {
        const Answer answer = place(form);
        EXPECT_EQ(answer["order"]["status"].stringOr(""), "ok") << answer.text;
        return answer["order"]["id"].integerOr(0);
    }
    Answer order(std::int64_t id)
    {
        return call("GET", fmt::format("{}/orders/{}?includeTags=true", account, id));
    }
    std::string status(std::int64_t id) { return std::string(order(id)["order"]["status"].stringOr("")); }
    std::string errorCode(const Answer& answer)
    {
        return std::string(answer["errors"]["error"].at(1).stringOr(answer.text));
    }
    std::string sessionOf(const std::string& kind)
    {
        return std::string(
            call("POST", "/" + kind + "/events/session")["stream"]["sessionid"].stringOr(""));
    }
    std::shared_ptr<MemorySocket> open(const std::string& kind)
    {
        wire::HttpRequest request;
        request.target = "/v1/" + kind + "/events";
        auto accepted = tradier.upgrade(request);
        EXPECT_TRUE(accepted);
        auto socket = std::make_shared<MemorySocket>();
        socket->events = std::move(*accepted);
        sockets.push_back(socket);
        socket->events.onOpen(socket);
        return socket;
    }
    std::shared_ptr<MemorySocket> listenToOrders()
    {
        auto socket = open("accounts");
        socket->say(R"({"events":["order"],"sessionid":")" + sessionOf("accounts") + "\"}");
        return socket;
    }

    tradier::TradierVenue tradier{venue};
    std::string account = "/accounts/" + tradier.accountNumber(AccountId("paper"));
    const std::string far = "class=equity&symbol=AAPL&side=buy&quantity=1&type=limit&price=1&duration=day";
};

TEST_F(TradierTest, XmlIsWhatEverybodyGetsWhoDoesNotAskForJson)
{
    const auto answer = call("GET", account + "/positions", {}, {{"Accept", "*/*"}});
    EXPECT_EQ(answer.text, R"(<?xml version="1.0" encoding="UTF-8" standalone="yes"?><positions/>)");
}

TEST_F(TradierTest, ListsOfNoneAndOneAreNoArrays)
{
    EXPECT_EQ(call("GET", account + "/orders").text, R"({"orders":"null"})");
    const auto id = placed(far);
    EXPECT_TRUE(call("GET", account + "/orders")["orders"]["order"].isObject());
    EXPECT_TRUE(order(id)["order"]["id"].isNumber());
    placed(far);
    EXPECT_EQ(call("GET", account + "/orders")["orders"]["order"].size(), 2u);
}

TEST_F(TradierTest, OnlyABearerTokenOpensAndFormsAreRequired)
{
    EXPECT_EQ(call("GET", account + "/orders", {}, {{"Authorization", "Bearer wrong"}}).status, 401);
    EXPECT_EQ(call("POST", account + "/orders", "{}", {{"Content-Type", "application/json"}}).status, 415);
    const auto bare = *begin(tradier, "POST", "/v1/accounts/events/session", {},
                             {{"Authorization", "Bearer token-1"}});
    EXPECT_EQ(bare.status, 411) << "a POST without a body needs its length";
    EXPECT_EQ(call("GET", "/accounts/OTHER/orders").status, 401);
}

TEST_F(TradierTest, WhatRiskRefusesComesWithSuccess)
{
    price("AAPL", "100", "100.02");
    const auto dear = place("class=equity&symbol=AAPL&side=buy&quantity=900000&type=market&duration=day");
    EXPECT_EQ(dear.status, 200);
    EXPECT_EQ(errorCode(dear), "InitialMargin");
    const std::pair<const char*, const char*> rows[] = {
        {"class=equity&symbol=AAPL&side=sell&quantity=1&type=market&duration=day", "UnexpectedSellOrder"},
        {"class=equity&symbol=AAPL&side=buy_to_cover&quantity=1&type=market&duration=day",
         "UnexpectedBuyToCoverOrder"},
        {"class=equity&symbol=AAPL&side=sell_short&quantity=1&type=limit&price=200&duration=gtc",
         "ShortOrderIsGtc"},
        {"class=equity&symbol=AAPL&side=buy&quantity=1&type=stop&stop=99&duration=day",
         "BuyStopOrderStopPriceLessAsk"},
        {"class=equity&symbol=AAPL&side=buy&quantity=1.5&type=market&duration=day",
         "IncorrectOrderQuantity"},
        {"class=equity&symbol=NOPE&side=buy&quantity=1&type=market&duration=day", "SecurityUndefined"},
    };
    for (const auto& [form, code] : rows) {
        const auto refused = place(form);
        EXPECT_EQ(refused.status, 200) << form;
        EXPECT_EQ(errorCode(refused), code) << form;
    }
    EXPECT_EQ(place("class=equity&symbol=AAPL&side=buy&quantity=1&type=never&duration=day").status, 400);
    EXPECT_EQ(call("GET", account + "/orders").text, R"({"orders":"null"})");
}

TEST_F(TradierTest, ATagMayBeUsedTwice)
{
    const auto first = placed(far + "&tag=mine-1"), second = placed(far + "&tag=mine-1");
    EXPECT_NE(first, second);
    EXPECT_EQ(order(second)["order"]["tag"].stringOr(""), "mine-1");
    EXPECT_EQ(place(far + "&tag=no_underscore").status, 400);
}

TEST_F(TradierTest, AChangeKeepsTheNumberAndCannotTouchTheQuantity)
{
    const auto id = placed(far + "&tag=mine-1");
    world.run(50ms);
    const auto path = fmt::format("{}/orders/{}", account, id);
    EXPECT_EQ(call("PUT", path, "price=2&quantity=7")["order"]["id"].integerOr(0), id);
    world.run(50ms);
    const auto changed = order(id);
    EXPECT_EQ(changed["order"]["price"].numberText(), "2.0");
    EXPECT_EQ(changed["order"]["quantity"].numberText(), "1.00000000");
    EXPECT_EQ(changed["order"]["tag"].stringOr(""), "mine-1");
    EXPECT_EQ(call("DELETE", path)["order"]["status"].stringOr(""), "ok");
    world.run(50ms);
    EXPECT_EQ(status(id), "canceled");
    EXPECT_EQ(call("DELETE", path).status, 400);
}

TEST_F(TradierTest, TheStreamSaysOpenThenPendingThenFilledWithoutAnExecution)
{
    const auto socket = listenToOrders();
    price("AAPL", "100", "100.02");
    const auto id = placed("class=equity&symbol=AAPL&side=buy&quantity=5&type=market&duration=day&tag=t-1");
    world.run(1s);
    EXPECT_EQ(status(id), "filled");
    const std::string told = socket->take();
    const auto open = told.find(R"("status":"open")"), pending = told.find(R"("status":"pending")"),
               filled = told.find(R"("status":"filled")");
    EXPECT_LT(open, pending);
    EXPECT_LT(pending, filled);
    EXPECT_NE(told.find(R"("avg_fill_price":100.02,"exec_quantity":5.00000000,"last_fill_quantity":0.0)"),
              std::string::npos)
        << told;
    EXPECT_EQ(told.find("symbol"), std::string::npos);
    EXPECT_NE(told.find(R"("event":"heartbeat")"), std::string::npos);
    EXPECT_EQ(call("GET", account + "/positions")["positions"]["position"]["cost_basis"].numberText(),
              "500.1");
}

TEST_F(TradierTest, ASessionIsGoodForFiveMinutesAndAKeyHasOne)
{
    const auto stale = sessionOf("accounts");
    world.run(5min);
    const auto late = open("accounts");
    late->say(R"({"events":["order"],"sessionid":")" + stale + "\"}");
    EXPECT_FALSE(late->open);
    const auto first = listenToOrders();
    const auto second = listenToOrders();
    EXPECT_FALSE(first->open);
    EXPECT_TRUE(second->open);
}

TEST_F(TradierTest, AGroupIsAContainerWithLegs)
{
    price("AAPL", "100", "100.02");
    const auto id = placed("class=otoco&duration=gtc&tag=group-1"
                           "&symbol[0]=AAPL&side[0]=buy&quantity[0]=10&type[0]=limit&price[0]=99"
                           "&symbol[1]=AAPL&side[1]=sell&quantity[1]=10&type[1]=limit&price[1]=110"
                           "&symbol[2]=AAPL&side[2]=sell&quantity[2]=10&type[2]=stop&stop[2]=90");
    world.run(50ms);
    const auto group = order(id);
    EXPECT_EQ(group["order"]["class"].stringOr(""), "otoco");
    ASSERT_EQ(group["order"]["leg"].size(), 3u) << group.text;
    EXPECT_EQ(group["order"]["leg"].at(0)["status"].stringOr(""), "open");
    EXPECT_EQ(group["order"]["leg"].at(1)["status"].stringOr(""), "pending");
    EXPECT_TRUE(group["order"]["price"].isMissing());
    EXPECT_EQ(errorCode(place("class=oto&duration=day&symbol[0]=AAPL&side[0]=buy&quantity[0]=1&type[0]="
                              "market&symbol[1]=AAPL&side[1]=sell&quantity[1]=1&type[1]=limit&price[1]=120")),
              "OtoFirstLegIsMarketNotAllowed");
}

TEST_F(TradierTest, TheWindowOpensWithTheFirstRequestAndTellsItsEnd)
{
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(place(far).status, 200);
    const auto refused = place(far);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.find("X-Ratelimit-Available"), "0");
    EXPECT_EQ(refused.headers.find("X-Ratelimit-Expiry").size(), 13u) << "milliseconds";
    EXPECT_EQ(call("GET", account + "/orders").status, 200) << "questions are counted apart";
    world.run(61s);
    EXPECT_EQ(place(far).status, 200);
}

TEST_F(TradierTest, TheMarketStreamForgetsWhatIsNotAskedForAgain)
{
    const auto socket = open("markets");
    const auto session = sessionOf("markets");
    const auto want = [&](const char* symbol) {
        socket->say(fmt::format(R"({{"symbols":["{}"],"sessionid":"{}","filter":["quote"],"linebreak":true}})",
                                symbol, session));
    };
    want("AAPL");
    price("AAPL", "100", "100.02");
    EXPECT_NE(socket->take().find(R"({"type":"quote","symbol":"AAPL","bid":100,"bidsz":10)"),
              std::string::npos);
    want("MSFT");
    price("AAPL", "101", "101.02");
    EXPECT_EQ(socket->take().find("AAPL"), std::string::npos);
}

TEST_F(TradierTest, HistoryQuotesClockAndCalendarAreTold)
{
    price("AAPL", "100", "100.02");
    const auto quotes = call("GET", "/markets/quotes?symbols=AAPL,NOPE");
    EXPECT_EQ(quotes["quotes"]["quote"]["bid"].numberText(), "100.0");
    EXPECT_EQ(quotes["quotes"]["unmatched_symbols"]["symbol"].stringOr(""), "NOPE");
    EXPECT_GT(call("GET", "/markets/history?symbol=AAPL")["history"]["day"].size(), 100u);
    EXPECT_GT(call("GET", "/markets/timesales?symbol=AAPL&interval=15min")["series"]["data"].size(), 10u);
    EXPECT_EQ(call("GET", "/markets/clock")["clock"]["state"].stringOr(""), "open");
    EXPECT_EQ(call("GET", "/markets/calendar?month=7&year=2026")["calendar"]["days"]["day"].size(), 31u);
    EXPECT_GE(call("GET", "/markets/lookup?q=AA")["securities"].size(), 1u);
}

TEST_F(TradierTest, FaultsStrikeTheProtocolThatTheOrderCameInBy)
{
    const auto ours = listenToOrders();
    const auto alpacas = listenToTrades();
    fault(R"({"kind":"drop_trade_update","event":"new"})");
    placed(far);
    world.run(50ms);
    EXPECT_FALSE(ours->saw(R"("status":"open")"));
    EXPECT_TRUE(alpacas->saw(R"("event":"new")")) << "the other protocol tells it as it is";
    fault(R"({"kind":"reject","clientOrderId":"mine-2"})");
    EXPECT_EQ(errorCode(place(far + "&tag=mine-2")), "InitialMargin");
}

TEST_F(TradierTest, AnOrderMayBeTakenAndRejectedLaterOnBothWays)
{
    const auto ours = listenToOrders();
    fault(R"({"kind":"reject_later","delayMs":100,"message":"account restricted"})");
    const auto id = placed("class=oto&duration=day&symbol[0]=AAPL&side[0]=buy&quantity[0]=2&type[0]=limit"
                           "&price[0]=1&symbol[1]=AAPL&side[1]=sell&quantity[1]=2&type[1]=limit&price[1]=900");
    EXPECT_EQ(status(id), "pending");
    world.run(99ms);
    EXPECT_FALSE(ours->saw("rejected"));
    world.run(1ms);
    EXPECT_TRUE(ours->saw(R"("status":"rejected")"));
    EXPECT_EQ(status(id), "rejected");
    EXPECT_EQ(order(id)["order"]["leg"].size(), 0u) << "its exit was never made";
}

TEST_F(TradierTest, AnUnknownWordStandsInTheStatus)
{
    const auto ours = listenToOrders();
    fault(R"({"kind":"unknown_word","event":"new"})");
    placed(far);
    world.run(50ms);
    EXPECT_TRUE(ours->saw(R"("status":"frozen","thawing_at":{"session":[1]})"));
    EXPECT_FALSE(ours->saw(R"("status":"open")"));
}

TEST_F(TradierTest, MaintenanceRefusesTheStreamTooUntilItsTimeIsOver)
{
    fault(R"({"kind":"maintenance","durationMs":60000,"path":"/v1/accounts/events"})");
    wire::HttpRequest request;
    request.target = "/v1/accounts/events?linebreak=true";
    const auto refused = tradier.upgrade(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 503);
    world.run(61s);
    EXPECT_TRUE(tradier.upgrade(request));
}

} // namespace
} // namespace qd::sandbox::test
