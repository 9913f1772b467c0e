#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "services/orders/store.h"
#include "services/runtime/random.h"
#include "tests/support/instant_broker.h"

namespace qd::powercut {

/// A venue without a network: takes every order at once, and fills every third of them whole and
/// every third in part. It stands on another machine, so a power cut takes nothing from it: what the
/// order room had been told before is given back with `remember`. Core executor.
class NearVenue final : public qd::test::InstantBroker {
public:
    NearVenue(runtime::Executor& core, runtime::Random& random)
        : InstantBroker(core, "near"), m_random(random)
    {
    }

    void remember(const orders::Loaded& loaded)
    {
        for (const auto& stored : loaded.orders) {
            const Order& order = *stored.order;
            if (order.venueOrderIds.empty()) continue; // never known to have arrived
            brokers::OrderReport report;
            report.clientOrderId = order.request.clientOrderId;
            report.venueOrderId = order.venueOrderIds.back();
            report.request = order.request;
            report.state = order.state;
            report.filledQuantity = order.filledQuantity;
            report.averagePrice = order.averagePrice;
            report.createdAt = order.createdAt;
            report.updatedAt = order.updatedAt;
            m_orders[report.clientOrderId] = report;
        }
        for (const auto& stored : loaded.fills) keep(stored.fill);
    }

    // ── Broker ───────────────────────────────────────────────────────────────────────────────────
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

private:
    VenueOrderId newId() override { return VenueOrderId("v-" + m_random.uuidV4()); }
    void arrived(const brokers::OrderReport& report) override
    {
        m_orders[report.clientOrderId] = report;
    }
    void answered(brokers::OrderReport report) override
    {
        const int turn = m_turn++ % 3;
        if (turn == 0) return;
        const Quantity quantity = turn == 1 ? report.request.quantity : Quantity::of("1");
        auto update = fill(report, quantity, ExecutionId("x-" + m_random.uuidV4()));
        m_orders[report.clientOrderId] = report;
        keep(*update.fill);
        tell(std::move(update));
    }

    void keep(const Fill& fill)
    {
        m_fills.push_back(fill);
        m_position = afterFill(m_position, fill);
        m_position.symbol = fill.symbol;
    }

    runtime::Random& m_random;
    std::map<ClientOrderId, brokers::OrderReport> m_orders;
    std::vector<Fill> m_fills;
    Position m_position; ///< of the one symbol
    int m_turn = 0;
};

} // namespace qd::powercut
