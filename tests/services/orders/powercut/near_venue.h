#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "services/brokers/broker.h"
#include "services/orders/store.h"
#include "services/runtime/random.h"

namespace qd::powercut {

/// A venue without a network: takes every order at once, and fills every third of them whole and
/// every third in part. It stands on another machine, so a power cut takes nothing from it: what the
/// order room had been told before is given back with `remember`. Core executor.
class NearVenue final : public brokers::Broker {
public:
    NearVenue(runtime::Executor& core, runtime::Random& random) : m_core(core), m_random(random)
    {
        m_capabilities.broker = BrokerId("near");
        m_capabilities.orderTypes = {OrderType::Limit};
        m_capabilities.timesInForce = {TimeInForce::Gtc};
        m_capabilities.orderClasses = {OrderClass::Simple};
        m_capabilities.ordersPerMinuteMax = 1'000'000'000;
    }

    void remember(const orders::Loaded& loaded)
    {
        for (const auto& stored : loaded.orders) {
            if (stored.order.venueOrderIds.empty()) continue; // never known to have arrived
            brokers::OrderReport report;
            report.clientOrderId = stored.order.request.clientOrderId;
            report.venueOrderId = stored.order.venueOrderIds.back();
            report.request = stored.order.request;
            report.state = stored.order.state;
            report.filledQuantity = stored.order.filledQuantity;
            report.averagePrice = stored.order.averagePrice;
            report.createdAt = stored.order.createdAt;
            report.updatedAt = stored.order.updatedAt;
            m_orders[report.clientOrderId] = report;
        }
        for (const auto& stored : loaded.fills) keep(stored.fill);
    }

    // ── Broker ───────────────────────────────────────────────────────────────────────────────────
    const brokers::Capabilities& capabilities() const override { return m_capabilities; }
    brokers::BrokerStatus status() const override
    {
        brokers::BrokerStatus status;
        status.connected = status.authenticated = true;
        status.breakerState = "closed";
        return status;
    }
    void submit(const OrderRequest& request, const std::string&, OutcomeCallback done) override
    {
        brokers::OrderReport& report = m_orders[request.clientOrderId];
        report.clientOrderId = request.clientOrderId;
        report.venueOrderId = VenueOrderId("v-" + m_random.uuidV4());
        report.request = request;
        report.state = OrderState::Accepted;
        report.createdAt = report.updatedAt = m_core.clock().now();
        m_core.post([this, id = request.clientOrderId, done] {
            done(brokers::Accepted{m_orders.at(id)});
            trade(m_orders.at(id));
        });
    }
    void modify(const VenueOrderId&, const brokers::Modification&, const std::string&,
                OutcomeCallback done) override
    {
        done(brokers::Refused{notDone()});
    }
    void cancel(const VenueOrderId&, const std::string&, OutcomeCallback done) override
    {
        done(brokers::Refused{notDone()});
    }
    void findByClientId(const ClientOrderId& id, Callback<brokers::OrderReport> done) override
    {
        const auto found = m_orders.find(id);
        if (found == m_orders.end())
            return reply<brokers::OrderReport>(
                done, fail(ErrorKind::NotFound, "broker.order_not_found", "no such order"));
        reply<brokers::OrderReport>(done, found->second);
    }
    void listOrders(const brokers::OrderQuery& query,
                    Callback<std::vector<brokers::OrderReport>> done) override
    {
        std::vector<brokers::OrderReport> all;
        for (const auto& [id, report] : m_orders)
            if (!query.openOnly || !isClosed(report.state)) all.push_back(report);
        reply<std::vector<brokers::OrderReport>>(done, std::move(all));
    }
    void listExecutions(Timestamp since, Callback<std::vector<Fill>> done) override
    {
        std::vector<Fill> all;
        std::ranges::copy_if(m_fills, std::back_inserter(all),
                             [since](const Fill& fill) { return fill.eventTime >= since; });
        reply<std::vector<Fill>>(done, std::move(all));
    }
    void listPositions(Callback<std::vector<Position>> done) override
    {
        reply<std::vector<Position>>(
            done, m_position.quantity.isZero() ? std::vector<Position>()
                                               : std::vector<Position>{m_position});
    }
    void account(Callback<AccountSnapshot> done) override
    {
        AccountSnapshot snapshot;
        snapshot.account = AccountId("paper");
        snapshot.buyingPower = snapshot.cash = snapshot.equity = Money::of("1000000000000");
        snapshot.asOf = m_core.clock().now();
        reply<AccountSnapshot>(done, std::move(snapshot));
    }
    void listInstruments(Callback<std::vector<Instrument>> done) override
    {
        reply<std::vector<Instrument>>(done, std::vector<Instrument>());
    }
    void start(std::function<void(brokers::BrokerEvent)> events) override
    {
        m_events = std::move(events);
        m_core.post([this] { m_events(brokers::ConnectionChange{true, "", {}}); });
    }
    void stop() override {}

private:
    static Error notDone() { return {ErrorKind::Invalid, "broker.unsupported", "only takes", {}}; }

    template <typename T>
    void reply(Callback<T> done, Result<T> answer)
    {
        m_core.post([done = std::move(done), answer = std::move(answer)] { done(answer); });
    }

    void keep(const Fill& fill)
    {
        m_fills.push_back(fill);
        m_position = afterFill(m_position, fill);
        m_position.symbol = fill.symbol;
    }

    void trade(brokers::OrderReport& report)
    {
        const int turn = m_turn++ % 3;
        if (turn == 0) return;
        Fill fill;
        fill.executionId = ExecutionId("x-" + m_random.uuidV4());
        fill.clientOrderId = report.clientOrderId;
        fill.venueOrderId = report.venueOrderId;
        fill.symbol = report.request.symbol;
        fill.side = report.request.side;
        fill.price = *report.request.limitPrice;
        fill.quantity = turn == 1 ? report.request.quantity : Quantity::of("1");
        fill.eventTime = m_core.clock().now();
        report.filledQuantity = fill.quantity;
        report.averagePrice = fill.price;
        report.state = fill.quantity == report.request.quantity ? OrderState::Filled
                                                                : OrderState::PartiallyFilled;
        report.updatedAt = fill.eventTime;
        keep(fill);
        brokers::OrderUpdate update;
        update.kind = OrderEventKind::Filled;
        update.report = report;
        update.fill = fill;
        update.eventTime = update.receiveTime = fill.eventTime;
        m_events(update);
    }

    runtime::Executor& m_core;
    runtime::Random& m_random;
    brokers::Capabilities m_capabilities;
    std::function<void(brokers::BrokerEvent)> m_events;
    std::map<ClientOrderId, brokers::OrderReport> m_orders;
    std::vector<Fill> m_fills;
    Position m_position; ///< of the one symbol
    int m_turn = 0;
};

} // namespace qd::powercut
