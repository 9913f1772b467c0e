#include <gtest/gtest.h>

#include "services/orders/order_json.h"
#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;

TEST(Events, PartialFillsAreTrackedToTheEnd) // TB-1.6, TB-3.6
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 30, "12.50");
    EXPECT_EQ(backend.state(id), OrderState::PartiallyFilled);
    EXPECT_EQ(backend.order(id).leavesQuantity(), Quantity::of("70"));
    EXPECT_EQ(backend.position("ACME"), Quantity::of("30"));
    ASSERT_TRUE(backend.cancel(id));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("30"));
}

TEST(Events, ADuplicateExecutionIsBookedOnce) // TB-3.5
{
    Backend backend;
    backend.link->faults.eventDoubled = 1;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(20s);
    backend.fill(id, 60, "12.50");
    backend.run(20s);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("60"));
    EXPECT_GE(backend.service().figures().duplicateFills, 1u);
}

TEST(Events, ALostFillIsRecoveredByComparison) // TB-3.5, TB-5.4
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.link->faults.eventLost = 1;
    backend.venue.fill(backend.venue.idOf(id), Quantity::of("100"), Price::of("12.50"));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    backend.run(2min);
    EXPECT_EQ(backend.state(id), OrderState::Filled);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("100"));
    EXPECT_FALSE(backend.service().fills({}).front().inferred);
}

TEST(Events, AFillAfterTheCancelStillCounts)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    ASSERT_TRUE(backend.cancel(id));
    backend.run(1s);
    backend.venue.forceFill(backend.venue.idOf(id), Quantity::of("40"), Price::of("12.50"));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("40"));
}

TEST(Events, AnOverfillIsBookedAndAlarms)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.venue.forceFill(backend.venue.idOf(id), Quantity::of("110"), Price::of("12.50"));
    backend.run(1s);
    EXPECT_EQ(backend.order(id).overfillQuantity, Quantity::of("10"));
    EXPECT_EQ(backend.position("ACME"), Quantity::of("110"));
    EXPECT_TRUE(backend.noticed("More was filled than ordered"));
}

TEST(Events, AFillBeyondAllNumbersIsSetAside)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 40, "12.50");
    brokers::OrderUpdate update;
    update.kind = OrderEventKind::Filled;
    update.report = backend.venue.findByClientId(id)->report;
    Fill fill;
    fill.executionId = ExecutionId("monster");
    fill.venueOrderId = update.report.venueOrderId;
    fill.symbol = Symbol::of("ACME");
    fill.quantity = Quantity::of("92233720368");
    fill.price = Price::of("12.50");
    update.fill = fill;
    backend.link->inject(update);
    backend.run(1s);
    EXPECT_TRUE(backend.noticed("A broker message was set aside"));
    EXPECT_EQ(backend.position("ACME"), Quantity::of("40"));
}

TEST(Events, AnEndedOrderDoesNotComeBack) // TB-3.5
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 100, "12.50");
    brokers::OrderUpdate late;
    late.kind = OrderEventKind::Accepted;
    late.report = backend.venue.findByClientId(id)->report;
    backend.link->inject(late);
    late.kind = OrderEventKind::Canceled;
    backend.link->inject(late);
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Filled);
    EXPECT_TRUE(backend.noticed("A broker message was set aside")); // canceled after filled
}

TEST(Events, AMalformedMessageIsQuarantinedWhole)
{
    Backend backend;
    backend.link->inject(brokers::Malformed{"{\"event\":?}", {ErrorKind::Invalid, "json.syntax",
                                                              "expected a value", {}}});
    backend.run(1s);
    EXPECT_EQ(backend.service().figures().quarantined, 1u);
    backend.crash();
    auto database = backend.openDatabase();
    auto row = database.prepare("SELECT message FROM order_quarantine");
    ASSERT_TRUE(row && row->step().value());
    EXPECT_EQ(row->text(0), "{\"event\":?}");
}

TEST(Events, APositionThatDiffersStopsEntriesUntilItVanishes) // TB-5.4
{
    Backend backend;
    const auto id = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 10, "12.50");
    backend.venue.movePosition(Symbol::of("ACME"), Quantity::of("-4"));
    backend.run(2min);
    const auto trading = backend.service().trading();
    ASSERT_EQ(trading.differences.size(), 1u);
    EXPECT_EQ(trading.differences[0].ours, "10");
    EXPECT_EQ(trading.differences[0].theirs, "6");
    EXPECT_FALSE(backend.service().isReconciled(Symbol::of("ACME")));
    EXPECT_EQ(backend.refusalOf(buy(1, "SPY").limit("12.50")), "risk.unreconciled");
    EXPECT_EQ(backend.refusalOf(sell(5, "ACME").limit("12.50")), ""); // closing is allowed
    backend.venue.movePosition(Symbol::of("ACME"), Quantity::of("4"));
    backend.run(2min);
    EXPECT_TRUE(backend.service().trading().differences.empty());
    EXPECT_EQ(backend.refusalOf(buy(1, "SPY").limit("12.50")), "");
}

TEST(Events, NoOrdersWhileTheStreamIsDown) // TB-3.8
{
    Backend backend;
    backend.link->dropStream(30s);
    backend.run(1s);
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "orders.broker_not_ready");
    backend.run(1min);
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "");
}

TEST(Events, OthersOrdersAreAdoptedAndMarked)
{
    Backend backend;
    const OrderRequest theirs = buy(7, "SPY").limit("12.50");
    ASSERT_TRUE(backend.venue.place(theirs));
    backend.run(1s);
    EXPECT_EQ(backend.order(theirs.clientOrderId).origin, OrderOrigin::External);
    ASSERT_TRUE(backend.cancel(theirs.clientOrderId));
    backend.run(1s);
    EXPECT_EQ(backend.state(theirs.clientOrderId), OrderState::Canceled);
}

TEST(Events, ABracketsExitsAlwaysSumToThePosition)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50").bracket("14", "11"));
    backend.run(1s);
    const ClientOrderId profit(id.text() + "-profit"), loss(id.text() + "-loss");
    EXPECT_EQ(backend.state(profit), OrderState::Held);
    EXPECT_EQ(backend.order(loss).parent, id);
    EXPECT_EQ(backend.order(loss).groupId, backend.order(id).groupId);
    backend.fill(id, 100, "12.50");
    EXPECT_EQ(backend.state(profit), OrderState::Accepted);
    backend.fill(profit, 40, "14");
    EXPECT_EQ(backend.order(loss).leavesQuantity(), backend.position("ACME"));
    EXPECT_EQ(backend.order(profit).leavesQuantity(), backend.position("ACME"));
    backend.fill(profit, 60, "14");
    EXPECT_EQ(backend.state(loss), OrderState::Canceled);
    EXPECT_EQ(backend.position("ACME"), Quantity());
}

TEST(Events, TheTimelineTellsTheOrdersLife)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 100, "12.50");
    std::vector<std::string> kinds;
    backend.service().timeline(id, [&](const Result<std::vector<storage::Event>>& events) {
        for (const storage::Event& event : *events) kinds.push_back(event.kind);
    });
    backend.run(1s);
    // The venue named the order as it took it: one event tells both.
    EXPECT_EQ(kinds, (std::vector<std::string>{"order.submitted", "order.accepted", "order.filled"}));
    EXPECT_FALSE(backend.order(id).venueOrderIds.empty());
    EXPECT_EQ(backend.committed.back().sequence, backend.service().lastSequence());
}

TEST(OrderJson, AnOrderReadsBackAsItWasWritten)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50").bracket("14", "11"));
    backend.run(1s);
    backend.fill(id, 30, "12.50");
    Order order = backend.order(id);
    json::Writer writer;
    orders::writeOrder(writer, order, orders::Detail::Log);
    const auto document = json::Document::parse(writer.text());
    ASSERT_TRUE(document);
    const auto read = orders::readOrder(document->root());
    ASSERT_TRUE(read) << describe(read.error());
    order.version = 0; // the event's own sequence
    EXPECT_EQ(*read, order);
}

TEST(OrderJson, EveryUnreadableMemberIsNamed)
{
    const auto document =
        json::Document::parse(R"({"side":"long","type":"limit","quantity":"many","symbol":"AC ME"})");
    const auto request = orders::readRequest(document->root());
    ASSERT_FALSE(request);
    std::vector<std::string> fields;
    for (const FieldError& error : request.error()) fields.push_back(error.field);
    EXPECT_EQ(fields, (std::vector<std::string>{"symbol", "side", "quantity"}));
}

} // namespace
} // namespace qd::test
