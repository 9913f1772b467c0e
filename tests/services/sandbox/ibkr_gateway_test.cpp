// The traps of IBKR's Client Portal gateway, as the sandbox sets them.

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "services/json/json.h"
#include "tests/support/sim_ibkr.h"

namespace qd::sandbox::ibkr {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Gateway : public ::testing::Test {
protected:
    struct Told {
        int status = 0;
        std::string body;
        bool says(std::string_view part) const { return body.find(part) != std::string::npos; }
        json::Document json() const { return std::move(*json::Document::parse(body)); }
    };

    Gateway() { m_ibkr.quote("ACME", Price::of("10.00"), Price::of("10.02"), Price::of("10.01")); }

    ~Gateway() override
    {
        for (const auto& ear : m_ears)
            if (const auto socket = std::exchange(ear->socket, nullptr))
                socket->close({1000, "the test is over"});
        world.run(seconds(1));
    }

    Told ask(const std::string& method, const std::string& path, std::string body = {})
    {
        Told told;
        wire::HttpRequest request;
        request.method = method;
        request.target = "/v1/api" + path;
        request.body = std::move(body);
        m_ibkr.venue().handle(std::move(request), [&](const wire::HttpResponse& response) {
            told = {response.status, response.body};
        });
        world.run(pause);
        return told;
    }
    Told get(const std::string& path) { return ask("GET", path); }
    void open()
    {
        ASSERT_TRUE(ask("POST", "/iserver/auth/ssodh/init", R"({"publish":true,"compete":false})")
                        .says(R"("authenticated":true)"));
        get("/iserver/accounts");
        get("/portfolio/accounts");
    }
    std::string account() { return m_ibkr.venue().accountNumber(); }
    std::string conid() { return std::to_string(m_ibkr.venue().contracts().conidOf(Symbol::of("ACME"))); }
    std::string order(const std::string& ref, const std::string& price)
    {
        return R"({"cOID":")" + ref + R"(","conid":)" + conid()
            + R"(,"orderType":"LMT","side":"BUY","tif":"DAY","quantity":10,"price":)" + price + "}";
    }
    Told place(const std::string& ref, const std::string& price = "9.00")
    {
        return ask("POST", "/iserver/account/" + account() + "/orders",
                   R"({"orders":[)" + order(ref, price) + "]}");
    }
    /// The texts that a socket gets; commands are sent through it.
    struct Ear {
        std::vector<std::string> heard;
        std::shared_ptr<wire::WebSocket> socket;
        bool closed = false;
        std::size_t count(std::string_view part) const
        {
            return static_cast<std::size_t>(std::ranges::count_if(heard, [part](const auto& text) {
                return text.find(part) != std::string::npos;
            }));
        }
    };
    std::shared_ptr<Ear> listen(bool byCookie)
    {
        auto ear = std::make_shared<Ear>();
        m_ears.push_back(ear);
        wire::WebSocketOptions options;
        options.url = std::string("wss://") + qd::test::SimIbkr::kHost + "/v1/api/ws";
        const std::string session = R"({"session":")" + m_ibkr.venue().session().id() + R"("})";
        if (byCookie)
            options.headers.set("Cookie", "api=" + session);
        wire::WebSocketEvents events;
        events.onOpen = [ear](std::shared_ptr<wire::WebSocket> socket) { ear->socket = std::move(socket); };
        events.onMessage = [ear](wire::WebSocketMessage message) { ear->heard.push_back(message.payload); };
        events.onClosed = [ear](const wire::CloseReason&) { ear->closed = true; };
        m_sockets->connect(std::move(options), std::move(events));
        world.run(seconds(1));
        if (!byCookie && ear->socket) {
            EXPECT_EQ(ear->count("waiting for session"), 1u);
            ear->socket->send({false, session});
            world.run(seconds(1));
        }
        return ear;
    }

    qd::test::SimWorld world;
    qd::test::SimExecutor core{world, "core"};
    qd::test::SimIbkr m_ibkr{world, 1, {qd::test::listing("ACME"), qd::test::listing("BTC/USD")}, {}, {}};
    std::unique_ptr<wire::WebSocketClient> m_sockets = m_ibkr.network().makeWebSocketClient(core);
    std::vector<std::shared_ptr<Ear>> m_ears;
    Duration pause = std::chrono::milliseconds(200);
};

TEST_F(Gateway, WithoutABrokerageSessionThereIsNoBridge)
{
    const auto told = get("/iserver/accounts");
    EXPECT_EQ(told.status, 400);
    EXPECT_TRUE(told.says("Bad Request: no bridge"));
    EXPECT_EQ(get("/portfolio/accounts").status, 200) << "the outer session reads";
    open();
    EXPECT_EQ(get("/iserver/accounts").status, 200);
    EXPECT_TRUE(ask("POST", "/tickle").says(R"("collission":false)"));
}

TEST_F(Gateway, LoggedOutNothingIsAnswered)
{
    open();
    EXPECT_TRUE(ask("POST", "/logout").says(R"("confirmed":true)"));
    EXPECT_EQ(ask("POST", "/tickle").status, 401);
    EXPECT_EQ(get("/iserver/accounts").status, 401);
}

TEST_F(Gateway, OrdersNeedTheAccountsToBeAskedForFirst)
{
    ask("POST", "/iserver/auth/ssodh/init", "{}");
    const auto told = place("a");
    EXPECT_EQ(told.status, 400);
    EXPECT_TRUE(told.says("query /accounts"));
    EXPECT_TRUE(m_ibkr.venue().orders().all().empty());
}

TEST_F(Gateway, AnIdAndThreeAnswersWithStatus200)
{
    open();
    const auto taken = place("a");
    EXPECT_EQ(taken.status, 200);
    const auto document = taken.json();
    EXPECT_TRUE(document.root().at(0)["order_id"].isString());
    EXPECT_EQ(document.root().at(0)["local_order_id"].stringOr(""), "a");

    const auto again = place("a");
    EXPECT_EQ(again.status, 200);
    EXPECT_TRUE(again.says("Local order ID=a is already registered"));

    const auto refused = ask("POST", "/iserver/account/" + account() + "/orders",
                             R"([{"cOID":"b","conid":)" + conid()
                                 + R"(,"orderType":"LMT","side":"BUY","tif":"DAY","quantity":9000,"price":100.5}])");
    EXPECT_TRUE(refused.says(R"("messageIds":["o163"])")) << refused.body;

    get("/iserver/account/orders");
    world.run(seconds(6));
    const auto live = get("/iserver/account/orders").json();
    EXPECT_TRUE(live["orders"].at(0)["orderId"].isNumber()) << "a text when it was taken";
    EXPECT_EQ(live["orders"].at(0)["order_ref"].stringOr(""), "a");
}

TEST_F(Gateway, TheFirstQuestionForLiveOrdersIsAnsweredWithNone)
{
    open();
    place("a");
    const auto first = get("/iserver/account/orders");
    EXPECT_TRUE(first.says(R"("snapshot":false)"));
    EXPECT_EQ(first.json()["orders"].size(), 0u);
    EXPECT_EQ(get("/iserver/account/orders").status, 429) << "once in five seconds";
    world.run(seconds(5));
    EXPECT_EQ(get("/iserver/account/orders").json()["orders"].size(), 1u);
}

TEST_F(Gateway, QuestionsComeOneAfterTheOtherAndMayBeSuppressed)
{
    open();
    const auto asked = place("a", "10.50").json();
    const std::string reply(asked.root().at(0)["id"].stringOr(""));
    ASSERT_FALSE(reply.empty());
    EXPECT_TRUE(m_ibkr.venue().orders().all().empty());
    const auto taken = ask("POST", "/iserver/reply/" + reply, R"({"confirmed":true})");
    EXPECT_TRUE(taken.says("order_id")) << taken.body;
    EXPECT_EQ(ask("POST", "/iserver/reply/" + reply, R"({"confirmed":true})").status, 400) << "once";

    ask("POST", "/iserver/questions/suppress", R"({"messageIds":["o163"]})");
    EXPECT_TRUE(place("b", "10.50").says("order_id"));
    ask("POST", "/iserver/questions/suppress/reset");
    EXPECT_TRUE(place("c", "10.50").says("messageIds"));
}

TEST_F(Gateway, ANewerOrderEndsTheQuestionsOfAnOlder)
{
    open();
    const auto asked = place("a", "10.50").json();
    place("b");
    const auto late = ask("POST", "/iserver/reply/" + std::string(asked.root().at(0)["id"].stringOr("")),
                          R"({"confirmed":true})");
    EXPECT_EQ(late.status, 400);
    EXPECT_EQ(m_ibkr.venue().orders().all().size(), 1u);
}

TEST_F(Gateway, AChangeRepeatsEveryFieldAndKeepsTheNumber)
{
    open();
    const auto number = std::string(place("a").json().root().at(0)["order_id"].stringOr(""));
    const std::string path = "/iserver/account/" + account() + "/order/" + number;
    EXPECT_EQ(ask("POST", path, R"({"price":9.10})").status, 400);
    EXPECT_TRUE(ask("POST", path, order("a", "9.10")).says(number));
    const auto status = get("/iserver/account/order/status/" + number).json();
    EXPECT_EQ(status["limit_price"].stringOr(""), "9.10");
    EXPECT_TRUE(status["order_id"].isNumber());
    EXPECT_EQ(status["total_size"].stringOr(""), "10.0") << "a text here";
    EXPECT_EQ(m_ibkr.venue().orders().all().size(), 1u);
}

TEST_F(Gateway, MoreThanTenASecondIsTenMinutesInTheBox)
{
    open();
    pause = std::chrono::milliseconds(1);
    world.run(seconds(2));
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(get("/iserver/accounts").status, 200) << i;
    EXPECT_EQ(get("/iserver/accounts").status, 429);
    world.run(minutes(9));
    EXPECT_EQ(get("/iserver/accounts").status, 429);
    world.run(minutes(2));
    EXPECT_NE(get("/iserver/accounts").status, 429);
}

TEST_F(Gateway, SnapshotsAreTextsForPeopleAndEmptyAtFirst)
{
    open();
    const std::string path = "/iserver/marketdata/snapshot?conids=" + conid() + "&fields=31,84,85,6509";
    EXPECT_FALSE(get(path).says("10.0"));
    const auto second = get(path).json();
    EXPECT_EQ(second.root().at(0)["84"].stringOr(""), "10.00");
    EXPECT_EQ(second.root().at(0)["85"].stringOr(""), "13") << "1,300 shares";
    EXPECT_EQ(second.root().at(0)["31"].stringOr(""), "10.01");
    m_ibkr.exchange().setHalted(0, true);
    EXPECT_EQ(get(path).json().root().at(0)["31"].stringOr(""), "H10.01");
    EXPECT_EQ(formatSize(Quantity::of("1234567.5")), "1,234,567.5");
}

TEST_F(Gateway, TheStreamTakesItsSessionByCookieOrByMessage)
{
    open();
    for (const bool byCookie : {true, false}) {
        const auto ear = listen(byCookie);
        EXPECT_EQ(ear->count(R"("topic":"system","success")"), 1u) << byCookie;
        EXPECT_EQ(ear->count(R"("topic":"sts")"), 1u) << byCookie;
        world.run(seconds(11));
        EXPECT_GE(ear->count(R"("hb":)"), 1u);
    }
}

TEST_F(Gateway, OrdersAreNotConfirmedAndFiltersSilenceThemUntilForced)
{
    open();
    const auto ear = listen(true);
    ear->socket->send({false, "sor+{}"});
    ear->socket->send({false, R"(str+{"realtimeUpdatesOnly":true})"});
    world.run(seconds(1));
    EXPECT_EQ(ear->count(R"("topic":"sor")"), 0u);
    EXPECT_EQ(ear->count(R"("topic":"str")"), 1u);
    place("a");
    EXPECT_EQ(ear->count(R"("topic":"sor")"), 1u);
    get("/iserver/account/orders?filters=submitted");
    place("b");
    EXPECT_EQ(ear->count(R"("topic":"sor")"), 1u) << "silent";
    world.run(seconds(6));
    get("/iserver/account/orders?force=true");
    place("c");
    EXPECT_EQ(ear->count(R"("topic":"sor")"), 2u);
}

TEST_F(Gateway, AFillIsAStateWithoutAWordOfItsOwnAndAnExecution)
{
    open();
    const auto ear = listen(true);
    ear->socket->send({false, "sor+{}"});
    ear->socket->send({false, R"(str+{"realtimeUpdatesOnly":true})"});
    world.run(seconds(1));
    ASSERT_TRUE(m_ibkr.misbehave(R"({"kind":"fill_partial","quantity":"4"})"));
    place("a", "10.03");
    world.run(seconds(1));
    EXPECT_EQ(ear->count("execution_id"), 2u);
    EXPECT_EQ(ear->count("partially"), 0u);
    EXPECT_EQ(ear->count(R"("sizeAndFills":"4/10","remainingQuantity":6,"filledQuantity":4,"totalSize":10,)"
                         R"("status":"Submitted")"),
              1u);
}

TEST_F(Gateway, MarketDataEndsAfterTenMinutesWithoutAWord)
{
    open();
    const auto ear = listen(true);
    ear->socket->send({false, "smd+" + conid() + R"(+{"fields":["31","84"]})"});
    world.run(seconds(1));
    ASSERT_EQ(ear->count("\"topic\":\"smd+"), 1u);
    m_ibkr.quote("ACME", Price::of("10.03"), Price::of("10.05"));
    world.run(seconds(1));
    EXPECT_EQ(ear->count("\"84\":\"10.03\""), 1u);
    EXPECT_EQ(ear->count("\"31\""), 1u) << "only what changed";
    for (int i = 0; i < 6; ++i) { // somebody keeps the session
        ask("POST", "/tickle");
        world.run(minutes(2));
    }
    m_ibkr.quote("ACME", Price::of("10.04"), Price::of("10.06"));
    world.run(seconds(1));
    EXPECT_EQ(ear->count("\"84\":\"10.04\""), 0u);
}

TEST_F(Gateway, ACompetingProgramTakesTheSessionUntilItIsTakenBack)
{
    open();
    const auto ear = listen(true);
    m_ibkr.venue().session().compete();
    world.run(seconds(1));
    EXPECT_EQ(ear->count(R"("competing":true)"), 1u);
    EXPECT_EQ(get("/iserver/accounts").status, 400);
    EXPECT_TRUE(ask("POST", "/iserver/auth/ssodh/init", R"({"compete":false})").says(R"("competing":true)"));
    EXPECT_TRUE(ask("POST", "/iserver/auth/ssodh/init", R"({"compete":true})").says(R"("competing":false)"));
    EXPECT_EQ(get("/iserver/accounts").status, 200);
}

TEST_F(Gateway, IdlenessAndTheNightEndTheBrokerageSession)
{
    open();
    world.run(minutes(7));
    EXPECT_TRUE(get("/iserver/accounts").says("no bridge"));
    open();
    for (int i = 0; i < 16 * 12; ++i) { // past 06:00 UTC from 15:00
        ask("POST", "/tickle");
        world.run(minutes(5));
    }
    EXPECT_TRUE(get("/iserver/accounts").says("no bridge"));
}

TEST_F(Gateway, APreviewCostsNothing)
{
    open();
    const auto told = ask("POST", "/iserver/account/" + account() + "/orders/whatif",
                          R"({"orders":[)" + order("a", "9.00") + "]}");
    EXPECT_TRUE(told.says(R"("total":"90.00 USD")")) << told.body;
    EXPECT_TRUE(m_ibkr.venue().orders().all().empty());
}

} // namespace
} // namespace qd::sandbox::ibkr
