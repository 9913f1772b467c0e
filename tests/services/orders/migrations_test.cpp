#include <gtest/gtest.h>

#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;

/// All rows of all tables of the room, as text: what must be the same after a way down and up.
std::string dump(storage::Database& database)
{
    std::string text;
    for (const char* sql :
         {"SELECT client_id, symbol, state, request_hash, version FROM orders ORDER BY number",
          "SELECT execution_id, client_id, body, number FROM fills ORDER BY number",
          "SELECT execution_id, client_id, quantity, '' FROM explained_executions ORDER BY 1",
          "SELECT symbol, account, quantity, average_price FROM position_openings ORDER BY 1",
          "SELECT key, value, '', '' FROM order_room ORDER BY key",
          "SELECT origin, message, reason, sequence FROM order_quarantine ORDER BY number"}) {
        auto rows = database.prepare(sql);
        QD_ASSERT(rows.has_value());
        while (rows->step().value()) {
            for (int column = 0; column < 4; ++column)
                text += std::string(rows->text(column)) + "|";
            text += "\n";
        }
    }
    return text;
}

std::string schemaOf(storage::Database& database)
{
    std::string text;
    auto rows = database.prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
    QD_ASSERT(rows.has_value());
    while (rows->step().value()) text += std::string(rows->text(0)) + "|" + std::string(rows->text(1)) + "\n";
    return text;
}

int tablesOfOrders(storage::Database& database)
{
    auto rows = database.prepare(
        "SELECT count(*) FROM sqlite_master WHERE name IN ('orders','fills','explained_executions',"
        "'position_openings','order_room','order_quarantine')");
    QD_ASSERT(rows && rows->step().value());
    return static_cast<int>(rows->integer(0));
}

/// A venue that had a position before we came, and an order of every fate.
struct Filled {
    Filled() : backend({}, 7, /*started=*/false)
    {
        backend.venue.movePosition(Symbol::of("SPY"), Quantity::of("5"));
        backend.start();
        resting = backend.submit(buy(10, "ACME").limit("12.00"));
        partly = backend.submit(buy(100, "ACME").limit("12.50"));
        whole = backend.submit(buy(7, "ACME").limit("12.50"));
        const auto refused = backend.submit(buy(3, "ACME").limit("12.50"));
        backend.run(1s);
        backend.fill(partly, 30, "12.50");
        backend.fill(whole, 7, "12.49");
        backend.venue.reject(backend.venue.idOf(refused));
        backend.run(1s);
        EXPECT_TRUE(backend.cancel(backend.submit(buy(2, "ACME").limit("12.00"))).has_value());
        backend.run(1s);
        for (const auto& order : backend.service().orders({}).orders) orders.push_back(order);
    }

    Backend backend;
    ClientOrderId resting, partly, whole;
    std::vector<Order> orders;
};

TEST(OrderMigrations, EachStepDownAndUpAgainKeepsWhatItsReleaseKnew)
{
    Filled world;
    world.backend.crash();
    const auto& set = orders::orderMigrations();
    const int newest = static_cast<int>(set.steps.size());
    for (int target = newest - 1; target >= 1; --target) {
        auto database = world.backend.openDatabase();
        const auto before = dump(database), schema = schemaOf(database);
        ASSERT_FALSE(before.empty());
        ASSERT_TRUE(storage::migrate(database, set, target)) << target;
        EXPECT_EQ(storage::schemaVersion(database, "orders").value(), target);
        ASSERT_TRUE(storage::migrate(database, set, newest)) << target;
        EXPECT_EQ(dump(database), before) << "down to " << target;
        EXPECT_EQ(schemaOf(database), schema) << "down to " << target;
    }
    world.backend.start();
    EXPECT_FALSE(world.backend.noticed("A stored row was malformed"));
    for (const Order& order : world.orders)
        EXPECT_EQ(world.backend.order(order.request.clientOrderId), order);
    EXPECT_EQ(world.backend.position("ACME"), Quantity::of("37"));
    EXPECT_EQ(world.backend.position("SPY"), Quantity::of("5"));
    world.backend.fill(world.partly, 70, "12.50"); // and life goes on
    EXPECT_EQ(world.backend.state(world.partly), OrderState::Filled);
}

TEST(OrderMigrations, AllTheWayDownLeavesTheLogAndComesUpEmpty)
{
    Filled world;
    world.backend.crash();
    auto database = world.backend.openDatabase();
    const auto set = orders::orderMigrations();
    const auto events = storage::verifyEvents(database, {}).value();
    ASSERT_GT(events.eventCount, 0);
    ASSERT_EQ(tablesOfOrders(database), 6);
    const auto schema = schemaOf(database);
    ASSERT_TRUE(storage::migrate(database, set, 0));
    EXPECT_EQ(tablesOfOrders(database), 0) << "a table of the room was left behind";
    EXPECT_EQ(storage::schemaVersion(database, "orders").value(), 0);
    const auto after = storage::verifyEvents(database, {}).value();
    EXPECT_EQ(after.brokenAt, 0);
    EXPECT_EQ(after.head, events.head) << "the log is nobody's to migrate but storage's";
    ASSERT_TRUE(storage::migrate(database, set, static_cast<int>(set.steps.size())));
    EXPECT_EQ(schemaOf(database), schema);
    EXPECT_EQ(dump(database), "");
}

} // namespace
} // namespace qd::test
