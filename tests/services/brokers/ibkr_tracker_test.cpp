// What is known of IBKR's orders, put together from lists, partial messages and executions.

#include <gtest/gtest.h>

#include "services/brokers/ibkr/order_tracker.h"
#include "tests/support/sim_world.h"

namespace qd::brokers::ibkr {
namespace {

class Tracker : public ::testing::Test {
protected:
    /// Nothing is asked: what is needed is in the messages.
    struct NoHttp final : wire::HttpClient {
        void send(wire::HttpRequest, Callback) override { ADD_FAILURE() << "asked"; }
    };

    Result<void> merge(const char* text)
    {
        const auto document = json::Document::parse(text);
        QD_ASSERT(document.has_value());
        const auto order = readLiveOrder(document->root());
        return order ? orders.merge(*order) : Result<void>(tl::unexpected(order.error()));
    }
    std::vector<OrderEventKind> news(const char* id)
    {
        std::vector<OrderEventKind> kinds;
        for (const auto& update : orders.news(id, world.now())) kinds.push_back(update.kind);
        return kinds;
    }
    OrderUpdate execute(const char* id, const char* quantity, const char* price)
    {
        Execution execution;
        execution.fill.executionId = ExecutionId(id);
        execution.fill.clientOrderId = ClientOrderId("c");
        execution.fill.quantity = Quantity::of(quantity);
        execution.fill.price = Price::of(price);
        execution.conid = 7;
        execution.ticker = "ACME";
        execution.secType = "STK";
        return orders.executed(*orders.fillOf(std::move(execution)));
    }

    static constexpr const char* kWhole =
        R"({"orderId":1,"conid":7,"ticker":"ACME","secType":"STK","side":"BUY","totalSize":10,
            "filledQuantity":0,"status":"Submitted","origOrderType":"LIMIT","price":"9.00",
            "timeInForce":"GTC","order_ref":"c"})";

    qd::test::SimWorld world;
    qd::test::SimExecutor core{world};
    NoHttp http;
    IbkrSettings settings;
    RequestGate gate{gateTerms(settings), http, core, world.random()};
    ConidBook conids{settings, gate};
    OrderTracker orders{conids, AccountId("paper")};
};

using Kinds = std::vector<OrderEventKind>;

TEST_F(Tracker, AChangeOfAnUnknownOrderIsNotGuessedAt)
{
    const auto merged = merge(R"({"orderId":1,"status":"Filled","filledQuantity":10})");
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().code, "ibkr.unknown_order");
    EXPECT_FALSE(orders.find("1"));
}

TEST_F(Tracker, NewsIsToldOnceAndFillsByExecutionsAlone)
{
    ASSERT_TRUE(merge(kWhole));
    EXPECT_EQ(news("1"), Kinds{OrderEventKind::Accepted});
    EXPECT_EQ(news("1"), Kinds{});
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"Submitted","filledQuantity":4})"));
    EXPECT_EQ(news("1"), Kinds{}) << "a partial fill has no word of its own";
    EXPECT_EQ(orders.find("1")->state, OrderState::PartiallyFilled);
    ASSERT_TRUE(merge(R"({"orderId":1,"price":"9.10"})"));
    EXPECT_EQ(news("1"), Kinds{OrderEventKind::Updated});
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"Cancelled"})"));
    EXPECT_EQ(news("1"), Kinds{OrderEventKind::Canceled});
}

TEST_F(Tracker, AnExecutionToldTwiceCountsOnce)
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId("c");
    request.symbol = Symbol::of("ACME");
    request.quantity = Quantity::of("10");
    orders.noteTaken(request, 7, {{{"1", "c", "PreSubmitted"}}}, world.now());
    EXPECT_EQ(execute("e1", "4", "9.00").report.filledQuantity, Quantity::of("4"));
    EXPECT_EQ(execute("e1", "4", "9.00").report.filledQuantity, Quantity::of("4"));
    const auto last = execute("e2", "6", "9.10");
    EXPECT_EQ(last.report.filledQuantity, Quantity::of("10"));
    EXPECT_EQ(last.report.averagePrice, Price::of("9.06"));
    EXPECT_EQ(last.fill->venueOrderId, VenueOrderId("1"));
}

TEST_F(Tracker, AWordThatNobodyKnowsIsNoNews)
{
    ASSERT_TRUE(merge(kWhole));
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"Frozen"})"));
    EXPECT_EQ(orders.find("1")->state, OrderState::Submitted);
    EXPECT_EQ(orders.find("1")->venueStatus, "unknown: status Frozen");
}

TEST_F(Tracker, FillsMayComeWhileACancelIsUnderWay)
{
    ASSERT_TRUE(merge(kWhole));
    EXPECT_EQ(news("1"), Kinds{OrderEventKind::Accepted});
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"PendingCancel"})"));
    EXPECT_EQ(news("1"), Kinds{OrderEventKind::PendingCancel});
    const auto filled = execute("e1", "4", "9.00");
    EXPECT_EQ(filled.kind, OrderEventKind::Filled);
    EXPECT_EQ(filled.report.filledQuantity, Quantity::of("4"));
    EXPECT_EQ(filled.report.state, OrderState::PendingCancel) << "the cancel is still asked for";
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"PendingCancel","filledQuantity":4})"));
    EXPECT_EQ(news("1"), Kinds{});
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"Cancelled","filledQuantity":4})"));
    EXPECT_EQ(news("1"), Kinds{OrderEventKind::Canceled});
    EXPECT_EQ(orders.find("1")->filledQuantity, Quantity::of("4"));
}

TEST_F(Tracker, InactiveIsDeadOnlyWhereItIsSaid)
{
    ASSERT_TRUE(merge(kWhole));
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"Inactive"})"));
    EXPECT_EQ(orders.find("1")->state, OrderState::Held);
    ASSERT_TRUE(merge(R"({"orderId":1,"status":"Inactive","cannot_cancel_order":true})"));
    EXPECT_EQ(orders.find("1")->state, OrderState::Rejected);
    EXPECT_FALSE(orders.find("1")->reason.empty());
}

TEST_F(Tracker, ExitsThatNameEachOtherEndTheirReports)
{
    ASSERT_TRUE(merge(R"({"orderId":1,"conid":7,"ticker":"ACME","side":"BUY","totalSize":1,"status":"Submitted",
                          "parentId":1,"order_ref":"c"})"));
    EXPECT_TRUE(orders.find("1")->legs.empty());
    ASSERT_TRUE(merge(R"({"orderId":2,"conid":7,"ticker":"ACME","side":"SELL","totalSize":1,"status":"PreSubmitted",
                          "parentId":1})"));
    ASSERT_TRUE(merge(R"({"orderId":1,"parentId":2})"));
    ASSERT_EQ(orders.find("1")->legs.size(), 1u);
    EXPECT_TRUE(orders.find("1")->legs[0].legs.empty());
}

} // namespace
} // namespace qd::brokers::ibkr
