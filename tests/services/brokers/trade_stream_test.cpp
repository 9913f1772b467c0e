#include "services/brokers/alpaca/trade_stream.h"

#include <gtest/gtest.h>

#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::alpaca {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::alpacaOrder;

class TradeStreamTest : public ::testing::Test, public test::VenueWorld {
protected:
    void SetUp() override
    {
        venue.onText = [this](test::ScriptedVenue::Session& session, const std::string& text) {
            const auto document = json::Document::parse(text);
            ASSERT_TRUE(document) << text;
            const auto action = document->root()["action"].stringOr({});
            if (action == "authenticate")
                session.tell(std::string(R"({"stream":"authorization","data":{"status":")") +
                             (letIn ? "authorized" : "unauthorized") +
                             R"(","action":"authenticate"}})");
            if (action == "listen" && answersListen)
                session.tell(R"({"stream":"listening","data":{"streams":["trade_updates"]}})");
        };
    }
    void start()
    {
        stream->start([this](BrokerEvent event) { events.push_back(std::move(event)); });
    }
    template <typename T>
    std::vector<T> all() const
    {
        std::vector<T> found;
        for (const auto& event : events)
            if (const auto* value = std::get_if<T>(&event)) found.push_back(*value);
        return found;
    }
    static std::string update(const std::string& event, const std::string& order,
                              const std::string& more = {})
    {
        return R"({"stream":"trade_updates","data":{"event":")" + event +
               R"(","timestamp":"2026-01-05T15:00:02.5Z")" + more + ",\"order\":" + order + "}}";
    }

    bool letIn = true, answersListen = true;
    AlpacaSettings given = settings();
    std::unique_ptr<TradeStream> stream =
        std::make_unique<TradeStream>(given, *sockets, core, world.random());
    std::vector<BrokerEvent> events;
};

TEST_F(TradeStreamTest, ItLogsInListensAndAnnouncesItself)
{
    start();
    run(seconds(1));
    EXPECT_TRUE(stream->line().isListening());
    ASSERT_EQ(all<ConnectionChange>().size(), 1u);
    EXPECT_TRUE(all<ConnectionChange>()[0].connected);
    ASSERT_EQ(venue.sessions.size(), 1u);
    EXPECT_NE(venue.sessions[0]->received[0].find("PKTEST"), std::string::npos);
}

TEST_F(TradeStreamTest, AFillCarriesItsExecution)
{
    start();
    run(seconds(1));
    venue.sessions[0]->tell(
        update("fill",
               alpacaOrder("mine", {{"status", "\"filled\""},
                                    {"filled_qty", "\"15\""},
                                    {"filled_avg_price", "\"107.25\""}}),
               R"(,"execution_id":"x-1","price":"107.25","qty":"15","position_qty":"15")"));
    run(seconds(1));
    const auto updates = all<OrderUpdate>();
    ASSERT_EQ(updates.size(), 1u);
    EXPECT_EQ(updates[0].kind, OrderEventKind::Filled);
    EXPECT_EQ(updates[0].eventTime, Timestamp::of("2026-01-05T15:00:02.5Z"));
    ASSERT_TRUE(updates[0].fill);
    EXPECT_EQ(updates[0].fill->executionId, ExecutionId("x-1"));
    EXPECT_EQ(updates[0].fill->price, Price::of("107.25"));
    EXPECT_EQ(updates[0].fill->quantity, Quantity::of("15"));
    EXPECT_EQ(updates[0].fill->clientOrderId, ClientOrderId("mine"));
    EXPECT_EQ(updates[0].report.state, OrderState::Filled);
}

TEST_F(TradeStreamTest, EveryEventOfTheDocumentsIsUnderstood)
{
    const struct {
        const char* word;
        OrderEventKind kind;
    } rows[] = {{"new", OrderEventKind::Accepted},
                {"accepted", OrderEventKind::Accepted},
                {"pending_new", OrderEventKind::Accepted},
                {"canceled", OrderEventKind::Canceled},
                {"expired", OrderEventKind::Expired},
                {"rejected", OrderEventKind::Rejected},
                {"replaced", OrderEventKind::Replaced},
                {"pending_cancel", OrderEventKind::PendingCancel},
                {"pending_replace", OrderEventKind::PendingUpdate},
                {"order_replace_rejected", OrderEventKind::ModifyRejected},
                {"order_cancel_rejected", OrderEventKind::CancelRejected},
                {"done_for_day", OrderEventKind::Updated},
                {"stopped", OrderEventKind::Updated},
                {"suspended", OrderEventKind::Updated},
                {"calculated", OrderEventKind::Updated}};
    for (const auto& row : rows) {
        const auto document = json::Document::parse(update(row.word, alpacaOrder("a")));
        ASSERT_TRUE(document);
        const auto read = readTradeUpdate(document->root()["data"], AccountId("paper"),
                                          Timestamp::fromSeconds(1));
        ASSERT_TRUE(read) << row.word;
        EXPECT_EQ(read->kind, row.kind) << row.word;
        EXPECT_FALSE(read->fill);
    }
}

TEST_F(TradeStreamTest, WhatMakesNoSenseIsKeptAndTheStreamGoesOn)
{
    start();
    run(seconds(1));
    const std::string bad[] = {
        "not json",
        R"({"data":{}})",
        update("exploded", alpacaOrder("a")),
        update("new", R"({"id":17,"qty":"a few"})"),
        update("fill", alpacaOrder("a"), R"(,"price":"1","qty":"1")"), // no id
        update("fill", alpacaOrder("a"),
               R"(,"execution_id":"x","price":"free","qty":"1")"), // no price
    };
    for (const auto& text : bad) venue.sessions[0]->tell(text);
    venue.sessions[0]->tell(R"({"stream":"something_new","data":{}})");
    venue.sessions[0]->tell(update("new", alpacaOrder("good")));
    run(seconds(1));
    ASSERT_EQ(all<Malformed>().size(), std::size(bad));
    for (std::size_t i = 0; i < std::size(bad); ++i) EXPECT_EQ(all<Malformed>()[i].message, bad[i]);
    EXPECT_EQ(stream->line().malformedCount(), std::size(bad));
    ASSERT_EQ(all<OrderUpdate>().size(), 1u);
    EXPECT_EQ(all<OrderUpdate>()[0].report.clientOrderId, ClientOrderId("good"));
    EXPECT_TRUE(stream->line().isListening());
}

TEST_F(TradeStreamTest, ARefusedKeyIsToldAndTriedAgainLater)
{
    letIn = false;
    start();
    run(seconds(1));
    EXPECT_TRUE(stream->isUnauthorized());
    EXPECT_FALSE(stream->line().isListening());
    ASSERT_GE(all<ConnectionChange>().size(), 1u);
    EXPECT_FALSE(all<ConnectionChange>()[0].connected);
    EXPECT_NE(all<ConnectionChange>()[0].reason.find("key"), std::string::npos);
    EXPECT_GT(all<ConnectionChange>()[0].nextAttempt, Timestamp::of("2026-01-05T15:00:00Z"));
    letIn = true;
    run(seconds(60));
    EXPECT_TRUE(stream->line().isListening());
    EXPECT_FALSE(stream->isUnauthorized());
}

TEST_F(TradeStreamTest, WithoutAKeyItDoesNotEvenTry)
{
    given.secretKey = runtime::Secret();
    start();
    run(seconds(60));
    EXPECT_TRUE(stream->isUnauthorized());
    EXPECT_TRUE(venue.sessions.empty());
}

TEST_F(TradeStreamTest, AfterADropItComesBackAndSaysSo)
{
    start();
    run(seconds(1));
    network.dropSockets("alpaca.test");
    run(seconds(5));
    const auto changes = all<ConnectionChange>();
    ASSERT_EQ(changes.size(), 3u);
    EXPECT_TRUE(changes[0].connected);
    EXPECT_FALSE(changes[1].connected);
    EXPECT_TRUE(changes[1].nextAttempt.isSet());
    EXPECT_TRUE(changes[2].connected);
    EXPECT_TRUE(stream->line().isListening());
    EXPECT_EQ(venue.sessions.size(), 2u);
}

TEST_F(TradeStreamTest, AVenueThatIsAwayIsAskedLessAndLessOften)
{
    network.unserve("alpaca.test");
    start();
    run(std::chrono::minutes(10));
    const auto tries = all<ConnectionChange>().size();
    EXPECT_GT(tries, 20u) << "at most 30 s apart, full jitter";
    EXPECT_LT(tries, 120u);
    events.clear();
    run(std::chrono::minutes(10));
    EXPECT_LT(all<ConnectionChange>().size(), tries + 60);
    network.serve("alpaca.test", venue, far);
    run(seconds(31));
    EXPECT_TRUE(stream->line().isListening());
}

TEST_F(TradeStreamTest, AVenueThatStaysSilentIsLeft)
{
    answersListen = false;
    start();
    run(seconds(9));
    EXPECT_TRUE(all<ConnectionChange>().empty());
    run(seconds(2));
    ASSERT_GE(all<ConnectionChange>().size(), 1u);
    EXPECT_FALSE(all<ConnectionChange>()[0].connected);
    answersListen = true;
    run(seconds(40));
    EXPECT_TRUE(stream->line().isListening());
    EXPECT_TRUE(venue.sessions[0]->closed) << "the silent socket is not left behind";
}

TEST_F(TradeStreamTest, ACutCableIsNoticed)
{
    start();
    run(seconds(1));
    network.cut("alpaca.test");
    run(seconds(35));
    EXPECT_FALSE(stream->line().isListening());
    network.heal("alpaca.test");
    run(seconds(45));
    EXPECT_TRUE(stream->line().isListening());
}

TEST_F(TradeStreamTest, StoppedItIsQuietForGood)
{
    start();
    run(seconds(1));
    const auto seen = events.size();
    stream->stop();
    run(seconds(60));
    EXPECT_EQ(events.size(), seen);
    EXPECT_TRUE(venue.sessions[0]->closed);
    EXPECT_EQ(venue.sessions.size(), 1u);
}

TEST_F(TradeStreamTest, DestroyedInTheMiddleOfAnythingNothingComesAfter)
{
    for (const auto moment : {milliseconds(0), milliseconds(3), milliseconds(15), milliseconds(40),
                              milliseconds(200)}) {
        stream = std::make_unique<TradeStream>(given, *sockets, core, world.random());
        start();
        run(moment);
        stream.reset();
        const auto seen = events.size();
        run(seconds(60));
        EXPECT_EQ(events.size(), seen);
    }
}

} // namespace
} // namespace qd::brokers::alpaca
