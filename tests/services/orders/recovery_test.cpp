#include <gtest/gtest.h>

#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;
using Next = VenueLink::Next;

TEST(Recovery, KilledAfterEachStepNothingIsLostOrDoubled) // PE-3.8, TB-5.5
{
    // The process dies after n tasks of the world, for every n of an order's life.
    for (int steps = 0; steps < 40; ++steps) {
        Backend backend({}, static_cast<std::uint64_t>(steps) + 1);
        std::optional<bool> answered;
        const OrderRequest request = buy(100, "ACME").limit("12.50");
        backend.service().submit(request, {}, [&](const auto& answer) { answered = answer.has_value(); });
        for (int i = 0; i < steps; ++i) backend.world.step();
        backend.crash();
        const auto venueId = backend.venue.idOf(request.clientOrderId);
        backend.run(1s);
        if (!venueId.empty()) {
            backend.venue.fill(venueId, Quantity::of("100"), Price::of("12.50"));
        }
        backend.start();
        backend.run(2min);
        const auto* record = backend.venue.findByClientId(request.clientOrderId);
        const bool isKnown = backend.service().order(request.clientOrderId).has_value();
        EXPECT_TRUE(isKnown || !(answered.value_or(false) || record)) << steps;
        EXPECT_TRUE(!record || record->timesPlaced == 1) << steps;
        if (isKnown && !record) {
            EXPECT_EQ(backend.state(request.clientOrderId), OrderState::Rejected) << steps;
        }
        EXPECT_EQ(backend.position("ACME"), backend.venue.positionOf(Symbol::of("ACME"))) << steps;
    }
}

TEST(Recovery, FillsDuringAnOutageAreBookedOnce)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 30, "12.50");
    backend.crash();
    backend.venue.fill(backend.venue.idOf(id), Quantity::of("70"), Price::of("12.40"));
    backend.run(1h);
    backend.start();
    EXPECT_EQ(backend.state(id), OrderState::Filled);
    EXPECT_EQ(backend.order(id).averagePrice, Price::of("12.43"));
    EXPECT_EQ(backend.position("ACME"), Quantity::of("100"));
    EXPECT_EQ(backend.service().fills({}).size(), 2u);
    backend.restart();
    EXPECT_EQ(backend.service().fills({}).size(), 2u);
}

TEST(Recovery, AMalformedRowIsRebuiltFromItsEvents) // TB-5.3
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 30, "12.50");
    const Order before = backend.order(id);
    backend.crash();
    {
        auto database = backend.openDatabase();
        ASSERT_TRUE(database.execute("UPDATE orders SET body='{\"state\":\"sleepy\"}'"));
        ASSERT_TRUE(database.execute("UPDATE fills SET body='not json'"));
    }
    backend.start();
    EXPECT_EQ(backend.order(id), before);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("30"));
    EXPECT_TRUE(backend.noticed("A stored row was malformed"));
    backend.fill(id, 70, "12.50");
    EXPECT_EQ(backend.state(id), OrderState::Filled);
}

TEST(Recovery, RowsOfAnEarlierReleaseAreReadAndWrittenForIt)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    const Order before = backend.order(id);
    backend.crash();
    {
        auto database = backend.openDatabase();
        constexpr int kRowsToldOrders = 2; // the last step at which they did
        ASSERT_TRUE(storage::migrate(database, orders::orderMigrations(), kRowsToldOrders));
        ASSERT_TRUE(database.execute(
            "UPDATE orders SET body=json_set(body, '$.reasonText', 'told by the row')"));
    }
    backend.start();
    EXPECT_EQ(backend.order(id).reasonText, "told by the row");
    EXPECT_EQ(backend.order(id).version, before.version);
    EXPECT_FALSE(backend.noticed("A stored row was malformed"));
    backend.fill(id, 30, "12.50");
    const Order after = backend.order(id);
    backend.restart();
    EXPECT_EQ(backend.order(id), after);
}

TEST(Recovery, ADoubledClientIdOnDiskIsOneOrder) // TB-5.3
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    const Order before = backend.order(id);
    backend.crash();
    {
        auto database = backend.openDatabase();
        ASSERT_TRUE(database.execute(
            "INSERT INTO orders(client_id, symbol, state, request_hash, version, body) "
            "SELECT client_id, symbol, state, request_hash, version, body FROM orders"));
    }
    backend.start();
    EXPECT_EQ(backend.order(id), before);
    EXPECT_EQ(backend.service().figures().orders, 1u);
    EXPECT_TRUE(backend.noticed("A stored row was malformed"));
    backend.restart(); // the second row is gone, not only passed over
    EXPECT_EQ(backend.service().figures().orders, 1u);
    const auto next = backend.submit(buy(1, "ACME").limit("12.50"));
    backend.run(1s);
    EXPECT_EQ(backend.state(next), OrderState::Accepted);
}

TEST(Recovery, AFailedCommitIsNeitherAnsweredNorSent)
{
    Backend backend({}, 1, /*started=*/false);
    auto failing = std::make_shared<bool>(false);
    backend.writerOptions().fault = [failing](std::string_view point) -> Result<void> {
        if (!*failing || point != "before-commit") return {};
        return fail(ErrorKind::Unavailable, "storage.full", "no space left on device");
    };
    backend.start();
    *failing = true;
    const OrderRequest request = buy(100, "ACME").limit("12.50");
    EXPECT_EQ(backend.refusalOf(request), "orders.storage_unavailable");
    EXPECT_FALSE(backend.service().order(request.clientOrderId));
    *failing = false;
    ASSERT_TRUE(backend.world.runUntil([&] { return backend.isReady(); }));
    EXPECT_EQ(backend.link->submits, 0);
    backend.submit(request);
    backend.run(1s);
    EXPECT_EQ(backend.state(request.clientOrderId), OrderState::Accepted);
}

TEST(Recovery, OpeningBalancesAreTakenOnceAndTold)
{
    Backend backend({}, 1, /*started=*/false);
    OrderRequest theirs = buy(70, "SPY").limit("12.50");
    ASSERT_TRUE(backend.venue.place(theirs));
    backend.venue.fill(backend.venue.idOf(theirs.clientOrderId), Quantity::of("40"),
                       Price::of("12"));
    backend.start();
    EXPECT_EQ(backend.position("SPY"), Quantity::of("40"));
    EXPECT_EQ(backend.service().fills({}).size(), 0u);
    const Order adopted = backend.order(theirs.clientOrderId);
    EXPECT_EQ(adopted.origin, OrderOrigin::External);
    EXPECT_EQ(adopted.filledQuantity, Quantity::of("40"));
    backend.fill(theirs.clientOrderId, 30, "12");
    EXPECT_EQ(backend.position("SPY"), Quantity::of("70"));
    EXPECT_EQ(backend.state(theirs.clientOrderId), OrderState::Filled);
    backend.restart();
    EXPECT_EQ(backend.position("SPY"), Quantity::of("70"));
    EXPECT_TRUE(backend.service().trading().differences.empty());
}

TEST(Recovery, ALateMessageDoesNotFixTheAverageOfWhatFilledBefore)
{
    Backend backend({}, 1, /*started=*/false);
    const OrderRequest theirs = buy(70, "SPY").limit("13.50");
    const ClientOrderId id = theirs.clientOrderId;
    ASSERT_TRUE(backend.venue.place(theirs));
    backend.venue.fill(backend.venue.idOf(id), Quantity::of("40"), Price::of("12"));
    brokers::OrderUpdate late;
    late.kind = OrderEventKind::Filled;
    late.report = backend.venue.findByClientId(id)->report;
    late.fill = backend.venue.findByClientId(id)->fills.front();
    backend.run(1s);
    backend.venue.fill(backend.venue.idOf(id), Quantity::of("30"), Price::of("13"));
    backend.start(); // both fills are in the opening balances
    backend.link->inject(late);
    backend.run(100ms);
    ASSERT_EQ(backend.order(id).filledQuantity, Quantity::of("70"));
    backend.run(2min);
    const Price average = backend.venue.findByClientId(id)->report.averagePrice;
    EXPECT_EQ(backend.order(id).averagePrice, average) << "of both, not of the one told late";
    EXPECT_EQ(backend.service().fills({}).size(), 0u);
    backend.restart();
    EXPECT_EQ(backend.order(id).averagePrice, average);
    // The next fill is added to the average that the venue told.
    backend.venue.forceFill(backend.venue.idOf(id), Quantity::of("10"), Price::of("14"));
    backend.run(1s);
    EXPECT_EQ(backend.order(id).averagePrice,
              backend.venue.findByClientId(id)->report.averagePrice);
}

TEST(Recovery, TheSwitchStaysWhereItWasThrown)
{
    Backend backend;
    backend.setTrading(orders::TradingState::Halted);
    backend.restart();
    EXPECT_EQ(backend.service().trading().state, orders::TradingState::Halted);
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "risk.trading_halted");
}

} // namespace
} // namespace qd::test
