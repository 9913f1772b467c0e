#include <gtest/gtest.h>

#include "services/orders/book.h"
#include "services/orders/differences.h"
#include "tests/support/orders_backend.h"

// Numbers of the outside world that are each countable and whose sums are not.

namespace qd::test {
namespace {

using namespace std::chrono_literals;

const Quantity kNinetyBillion = Quantity::of("90000000000");
const Quantity kMost = Quantity::of("92233720368.54775807");

Order openOrder(const std::string& id)
{
    Order order;
    order.request = buy(1, "ACME").limit("12.50").id(ClientOrderId(id));
    order.request.quantity = kNinetyBillion;
    order.state = OrderState::Accepted;
    return order;
}

/// A broker that lists each execution three times, under three names.
class Stutterer final : public brokers::Broker {
public:
    explicit Stutterer(brokers::Broker& broker) : m_broker(broker) {}

    void listExecutions(Timestamp since, Callback<std::vector<Fill>> done) override
    {
        m_broker.listExecutions(since, [done = std::move(done)](Result<std::vector<Fill>> listed) {
            if (!listed) return done(std::move(listed));
            std::vector<Fill> all;
            for (const Fill& fill : *listed) {
                for (const char* name : {"", "-again", "-and-again"}) {
                    all.push_back(fill);
                    all.back().executionId = ExecutionId(fill.executionId.text() + name);
                }
            }
            done(std::move(all));
        });
    }

    const brokers::Capabilities& capabilities() const override { return m_broker.capabilities(); }
    brokers::BrokerStatus status() const override { return m_broker.status(); }
    void submit(const OrderRequest& request, const std::string& traceParent,
                OutcomeCallback done) override
    {
        m_broker.submit(request, traceParent, std::move(done));
    }
    void modify(const VenueOrderId& order, const brokers::Modification& change,
                const std::string& traceParent, OutcomeCallback done) override
    {
        m_broker.modify(order, change, traceParent, std::move(done));
    }
    void cancel(const VenueOrderId& order, const std::string& traceParent,
                OutcomeCallback done) override
    {
        m_broker.cancel(order, traceParent, std::move(done));
    }
    void findByClientId(const ClientOrderId& id, Callback<brokers::OrderReport> done) override
    {
        m_broker.findByClientId(id, std::move(done));
    }
    void listOrders(const brokers::OrderQuery& query,
                    Callback<std::vector<brokers::OrderReport>> done) override
    {
        m_broker.listOrders(query, std::move(done));
    }
    void listPositions(Callback<std::vector<Position>> done) override
    {
        m_broker.listPositions(std::move(done));
    }
    void account(Callback<AccountSnapshot> done) override { m_broker.account(std::move(done)); }
    void listInstruments(Callback<std::vector<Instrument>> done) override
    {
        m_broker.listInstruments(std::move(done));
    }
    void start(std::function<void(brokers::BrokerEvent)> events) override
    {
        m_broker.start(std::move(events));
    }
    void stop() override { m_broker.stop(); }

private:
    brokers::Broker& m_broker;
};

TEST(Sums, OpenOrdersBeyondAQuantityCountAsTheMostAndComeBackExactly)
{
    orders::Book book;
    book.put(openOrder("a"));
    book.put(openOrder("b"));
    EXPECT_EQ(book.exposure(Symbol::of("ACME")).openBuy, kMost);
    EXPECT_EQ(book.exposureWithout(openOrder("a")).openBuy, kNinetyBillion);
    Order ended = openOrder("a");
    ended.state = OrderState::Canceled;
    book.put(ended);
    EXPECT_EQ(book.exposure(Symbol::of("ACME")).openBuy, kNinetyBillion);
}

TEST(Sums, WhatOpeningBalancesIncludeMayBeMoreThanAQuantity)
{
    orders::Book book;
    for (const char* execution : {"x-1", "x-2"}) {
        orders::ExplainedExecution explained;
        explained.executionId = ExecutionId(execution);
        explained.clientOrderId = orders::openingKey("v-1");
        explained.quantity = kNinetyBillion;
        book.addExplained(explained);
    }
    EXPECT_EQ(book.filledBeforeOpening(ClientOrderId("a"), VenueOrderId("v-1")), kMost);
}

TEST(Sums, ExecutionsThatCannotBeAddedUpDoNotAgreeWithTheirOrder)
{
    Backend backend({}, 1, /*started=*/false);
    backend.decorate = [](brokers::Broker& broker) { return std::make_unique<Stutterer>(broker); };
    OrderRequest theirs = buy(1, "SPY").limit("12.50");
    theirs.quantity = Quantity::of("91000000000"); // still open behind its fill
    ASSERT_TRUE(backend.venue.place(theirs));
    backend.venue.fill(backend.venue.idOf(theirs.clientOrderId), kNinetyBillion, Price::of("0.01"));
    backend.boot();
    backend.run(10s);
    const orders::ReconcileReport report = backend.reconcile();
    EXPECT_FALSE(report.complete);
    EXPECT_NE(report.failure.find("orders.opening_moved"), std::string::npos) << report.failure;
}

TEST(Sums, PositionsFurtherApartThanAQuantityAreToldAndNotAdded)
{
    Backend backend;
    const Symbol acme = Symbol::of("ACME");
    const auto shown = [&] { return backend.service().trading().differences; };
    const auto accept = [&] {
        std::optional<std::string> code;
        const std::string id = shown().front().id;
        backend.service().acceptDifference(
            id, "as the broker says", {"user:anna", {}, {}},
            [&](const auto& answer) { code = answer ? "" : answer.error().error.code; });
        backend.world.runUntil([&] { return code.has_value(); });
        return *code;
    };
    backend.venue.movePosition(acme, -kNinetyBillion);
    backend.run(2min);
    ASSERT_EQ(shown().size(), 1u);
    EXPECT_EQ(accept(), "");
    EXPECT_EQ(backend.position("ACME"), -kNinetyBillion);
    backend.venue.movePosition(acme, kNinetyBillion);
    backend.venue.movePosition(acme, kNinetyBillion);
    backend.run(2min);
    ASSERT_EQ(shown().size(), 1u);
    EXPECT_EQ(shown().front().ours, (-kNinetyBillion).toString());
    EXPECT_EQ(shown().front().theirs, kNinetyBillion.toString());
    EXPECT_EQ(shown().front().delta, kMost.toString());
    // As far as one step leads; the rest is shown next.
    EXPECT_EQ(accept(), "");
    backend.run(2min);
    ASSERT_EQ(shown().size(), 1u);
    EXPECT_EQ(accept(), "");
    EXPECT_EQ(backend.position("ACME"), kNinetyBillion);
    // What an order would make of it is shown, too.
    backend.run(2min);
    OrderRequest more = buy(1, "ACME").limit("0.01");
    more.quantity = kNinetyBillion;
    const auto preview = backend.service().preview(more);
    ASSERT_TRUE(preview);
    EXPECT_EQ(preview->positionAfter, kMost);
}

} // namespace
} // namespace qd::test
