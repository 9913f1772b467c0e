#include <gmock/gmock.h>

#include "tests/services/sandbox/venue_fixture.h"

namespace qd::sandbox::test {
namespace {

using testing::HasSubstr;
using Faults = VenueTest;

constexpr const char* kMarketMine =
    R"("type":"market","time_in_force":"day","client_order_id":"mine-1")";

TEST_F(Faults, ARejectionStrikesAsOftenAsItWasAskedFor)
{
    price("SPY", "99.9", "100");
    fault(R"({"kind":"reject","count":2,"symbol":"SPY","status":422,"code":42210000,"message":"no"})");
    EXPECT_EQ(order("buy", "1", "SPY").string("message"), "no");
    EXPECT_EQ(order("buy", "1", "SPY").status, 422);
    EXPECT_EQ(order("buy", "1", "SPY").status, 200);
}

TEST_F(Faults, AnOrderCanBeRejectedAfterItWasTaken)
{
    auto socket = listenToTrades();
    fault(R"({"kind":"reject_later","delayMs":100})");
    const Answer taken = order("buy", "1", "SPY", kMarketMine);
    EXPECT_EQ(taken.status, 200);
    EXPECT_EQ(taken.string("status"), "pending_new");
    world.run(200ms);
    EXPECT_TRUE(socket->saw(R"("event":"rejected")"));
    EXPECT_EQ(statusOf(taken.string("id")), "rejected");
    EXPECT_EQ(ask("GET", "/v2/orders:by_client_order_id?client_order_id=mine-1").status, 200);
}

TEST_F(Faults, AnIgnoredOrderIsNeitherAnsweredNorTaken)
{
    price("SPY", "99.9", "100");
    fault(R"({"kind":"ignore","path":"/v2/orders","method":"POST"})");
    const std::string body =
        R"({"symbol":"SPY","qty":"1","side":"buy",)" + std::string(kMarketMine) + "}";
    const auto answer = begin(venue, "POST", "/v2/orders", body, credentials());
    world.run(30s);
    EXPECT_FALSE(answer->came);
    EXPECT_EQ(ask("GET", "/v2/orders:by_client_order_id?client_order_id=mine-1").status, 404);
    world.run(31s);
    EXPECT_EQ(answer->status, 504);
}

TEST_F(Faults, ALostAcknowledgementHidesAnOrderThatWasTaken)
{
    price("SPY", "99.9", "100");
    fault(R"({"kind":"lose_ack","path":"/v2/orders","method":"POST"})");
    const std::string body =
        R"({"symbol":"SPY","qty":"1","side":"buy",)" + std::string(kMarketMine) + "}";
    const auto answer = begin(venue, "POST", "/v2/orders", body, credentials());
    world.run(1s);
    EXPECT_FALSE(answer->came);
    EXPECT_EQ(ask("GET", "/v2/orders:by_client_order_id?client_order_id=mine-1").string("status"),
              "filled");
}

TEST_F(Faults, ASilentlyTakenOrderIsNotOnTheStreamEither)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    fault(R"({"kind":"accept_silently"})");
    const std::string body =
        R"({"symbol":"SPY","qty":"1","side":"buy",)" + std::string(kMarketMine) + "}";
    const auto answer = begin(venue, "POST", "/v2/orders", body, credentials());
    world.run(1s);
    EXPECT_FALSE(answer->came);
    EXPECT_TRUE(socket->sent.empty());
    EXPECT_EQ(ask("GET", "/v2/orders:by_client_order_id?client_order_id=mine-1").string("status"),
              "filled");
}

TEST_F(Faults, AFillTwiceIsAnOverfillEverywhere)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    fault(R"({"kind":"fill_twice"})");
    const Answer taken = order("buy", "10", "SPY");
    world.run(1s);
    EXPECT_EQ(socket->count(R"("event":"fill")"), 2);
    EXPECT_EQ(ask("GET", "/v2/orders/" + taken.string("id")).string("filled_qty"), "20");
    EXPECT_EQ(ask("GET", "/v2/positions/SPY").string("qty"), "20");
    EXPECT_EQ(ask("GET", "/v2/account/activities/FILL").size(), 2u);
}

TEST_F(Faults, APartialFillIsTwoExecutionsEverywhere)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    fault(R"({"kind":"fill_partial","quantity":"3"})");
    order("buy", "10", "SPY");
    world.run(1s);
    EXPECT_EQ(socket->count(R"("event":"partial_fill")"), 1);
    EXPECT_EQ(socket->count(R"("event":"fill")"), 1);
    const Answer activities = ask("GET", "/v2/account/activities/FILL?direction=asc");
    ASSERT_EQ(activities.size(), 2u);
    EXPECT_EQ(activities.at(0)["qty"].decimalOr({}) + activities.at(1)["qty"].decimalOr({}),
              Decimal::of("10"));
}

TEST_F(Faults, AFillComesLate)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    fault(R"({"kind":"fill_late","delayMs":5000})");
    const Answer taken = order("buy", "10", "SPY");
    world.run(1s);
    EXPECT_EQ(statusOf(taken.string("id")), "filled");
    EXPECT_EQ(socket->count(R"("event":"fill")"), 0);
    world.run(5s);
    EXPECT_EQ(socket->count(R"("event":"fill")"), 1);
}

TEST_F(Faults, UpdatesAreDroppedDoubledAndReordered)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    fault(R"({"kind":"drop_trade_update","event":"fill"})");
    order("buy", "1", "SPY");
    world.run(1s);
    EXPECT_EQ(socket->count(R"("event":"fill")"), 0);
    fault(R"({"kind":"duplicate_trade_update","event":"fill"})");
    order("buy", "1", "SPY");
    world.run(1s);
    EXPECT_EQ(socket->count(R"("event":"fill")"), 2);
    socket->take();
    fault(R"({"kind":"reorder","event":"new"})");
    order("buy", "1", "SPY");
    world.run(1s);
    const std::string all = socket->take();
    EXPECT_LT(all.find(R"("event":"fill")"), all.find(R"("event":"new")"));
}

TEST_F(Faults, MaintenanceRefusesEverythingUntilItsTimeIsOver)
{
    fault(R"({"kind":"maintenance","durationMs":60000})");
    EXPECT_EQ(ask("GET", "/v2/account").status, 503);
    EXPECT_EQ(connect("/stream"), nullptr);
    EXPECT_EQ(refusedStatus, 503);
    world.run(61s);
    EXPECT_EQ(ask("GET", "/v2/account").status, 200);
}

TEST_F(Faults, AnAnswerIsReplacedOrDelayed)
{
    fault(R"({"kind":"http_status","status":502,"path":"/v2/positions"})");
    EXPECT_EQ(ask("GET", "/v2/account").status, 200);
    EXPECT_EQ(ask("GET", "/v2/positions").status, 502);
    fault(R"({"kind":"delay","delayMs":700,"path":"/v2/clock"})");
    const auto late = begin(venue, "GET", "/v2/clock", "", credentials());
    world.run(600ms);
    EXPECT_FALSE(late->came);
    world.run(200ms);
    EXPECT_EQ(late->status, 200);
}

TEST_F(Faults, ARevokedKeyOpensNothingAndItsStreamsClose)
{
    auto socket = listenToTrades();
    const Answer made = drill("POST", "/faults", R"({"kind":"revoke_key"})");
    EXPECT_FALSE(socket->open);
    EXPECT_EQ(ask("GET", "/v2/account").status, 403);
    EXPECT_EQ(drill("DELETE", fmt::format("/faults/{}", made["id"].integerOr(0))).status, 204);
    EXPECT_EQ(ask("GET", "/v2/account").status, 200);
}

TEST_F(Faults, AStaleSymbolIsSilentWhileOthersMove)
{
    auto socket = openData();
    socket->say(R"({"action":"subscribe","quotes":["SPY","AAPL"]})");
    fault(R"({"kind":"stale_symbol","symbol":"SPY"})");
    socket->take();
    price("SPY", "99.9", "100");
    price("AAPL", "199.9", "200");
    EXPECT_EQ(socket->count(R"("S":"SPY")"), 0);
    EXPECT_GE(socket->count(R"("S":"AAPL")"), 1);
}

TEST_F(Faults, HaltedByAFaultItResumesWithTheFaultsEnd)
{
    price("SPY", "99.9", "100");
    fault(R"({"kind":"halt","symbol":"SPY","durationMs":1000})");
    const Answer taken = order("buy", "1", "SPY");
    world.run(500ms);
    EXPECT_NE(statusOf(taken.string("id")), "filled");
    world.run(1s);
    price("SPY", "99.9", "100");
    world.run(500ms);
    EXPECT_EQ(statusOf(taken.string("id")), "filled");
}

TEST_F(Faults, ATruncatedMessageIsNoJson)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    fault(R"({"kind":"truncate_message","event":"fill"})");
    order("buy", "1", "SPY");
    world.run(1s);
    EXPECT_FALSE(json::Document::parse(socket->sent.back().payload).has_value());
}

TEST_F(Faults, UnknownKindsAndFieldsOutOfRangeAreRefused)
{
    EXPECT_EQ(drill("POST", "/faults", R"({"kind":"gremlin"})").status, 422);
    EXPECT_EQ(drill("POST", "/faults", R"({"kind":"delay","delayMs":1e12})").string("field"),
              "delayMs");
    EXPECT_EQ(drill("POST", "/faults", "{").status, 400);
    EXPECT_EQ(drill("DELETE", "/faults/99").status, 404);
    EXPECT_EQ(drill("GET", "/faults").size(), 0u);
}

TEST_F(Faults, AnotherProgramsOrderAppearsOnTheStream)
{
    price("SPY", "99.9", "100");
    auto socket = listenToTrades();
    const Answer foreign = drill(
        "POST", "/orders/foreign",
        R"({"symbol":"SPY","qty":"2","side":"buy","type":"market","time_in_force":"day"})");
    ASSERT_EQ(foreign.status, 200) << foreign.text;
    world.run(1s);
    EXPECT_TRUE(socket->saw(foreign.string("id")));
}

TEST_F(Faults, APositionDriftsUntilTheFaultsAreCleared)
{
    const Answer adjusted =
        drill("POST", "/positions/adjust", R"({"symbol":"SPY","qty":"-7","price":"100"})");
    ASSERT_EQ(adjusted.status, 200) << adjusted.text;
    const Answer position = ask("GET", "/v2/positions/SPY");
    EXPECT_EQ(position.string("qty"), "-7");
    EXPECT_EQ(position.string("side"), "short");
    drill("DELETE", "/faults");
    EXPECT_EQ(ask("GET", "/v2/positions/SPY").status, 404);
}

TEST_F(Faults, AShutSessionSaysSoAndFillsNothing)
{
    price("SPY", "99.9", "100");
    auto socket = openData();
    socket->say(R"({"action":"subscribe","statuses":["*"]})");
    socket->take();
    drill("POST", "/market/session", R"({"open":false})");
    EXPECT_FALSE(ask("GET", "/v2/clock")["is_open"].booleanOr(true));
    const Answer taken = order("buy", "1", "SPY");
    world.run(1s);
    EXPECT_NE(statusOf(taken.string("id")), "filled");
    EXPECT_TRUE(socket->sent.empty()); // shut is not halted
    drill("POST", "/market/session", R"({"open":true})");
    price("SPY", "99.9", "100");
    world.run(1s);
    EXPECT_EQ(statusOf(taken.string("id")), "filled");
}

} // namespace
} // namespace qd::sandbox::test
