#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "services/brokers/broker.h"

namespace qd::test {

/// A broker without a network behind it: accepts every order at once, and remembers none. What
/// happens to an order then is for a derived one to say. Core executor.
class InstantBroker : public brokers::Broker {
public:
    explicit InstantBroker(runtime::Executor& core, const char* name = "instant") : m_core(core)
    {
        m_capabilities.broker = BrokerId(name);
        m_capabilities.orderTypes = {OrderType::Market, OrderType::Limit};
        m_capabilities.timesInForce = {TimeInForce::Day, TimeInForce::Gtc};
        m_capabilities.orderClasses = {OrderClass::Simple};
        m_capabilities.ordersPerMinuteMax = 1'000'000'000;
    }

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
        brokers::OrderReport report;
        report.clientOrderId = request.clientOrderId;
        report.venueOrderId = newId();
        report.request = request;
        report.state = OrderState::Accepted;
        report.venueStatus = "new";
        report.createdAt = report.updatedAt = m_core.clock().now();
        arrived(report);
        m_core.post([this, report = std::move(report), done = std::move(done)] {
            done(brokers::Accepted{report});
            answered(report);
        });
    }
    void modify(const VenueOrderId&, const brokers::Modification&, const std::string&,
                OutcomeCallback done) override
    {
        refuse(std::move(done));
    }
    void cancel(const VenueOrderId&, const std::string&, OutcomeCallback done) override
    {
        refuse(std::move(done));
    }
    void findByClientId(const ClientOrderId&, Callback<brokers::OrderReport> done) override
    {
        reply<brokers::OrderReport>(
            std::move(done), fail(ErrorKind::NotFound, "broker.order_not_found", "no such order"));
    }
    void listOrders(const brokers::OrderQuery&,
                    Callback<std::vector<brokers::OrderReport>> done) override
    {
        reply<std::vector<brokers::OrderReport>>(std::move(done), {});
    }
    void listExecutions(Timestamp, Callback<std::vector<Fill>> done) override
    {
        reply<std::vector<Fill>>(std::move(done), {});
    }
    void listPositions(Callback<std::vector<Position>> done) override
    {
        reply<std::vector<Position>>(std::move(done), {});
    }
    void account(Callback<AccountSnapshot> done) override
    {
        AccountSnapshot snapshot;
        snapshot.account = AccountId("paper");
        snapshot.cash = snapshot.equity = snapshot.lastEquity = snapshot.buyingPower =
            Money::of("1000000000000");
        snapshot.asOf = m_core.clock().now();
        reply<AccountSnapshot>(std::move(done), std::move(snapshot));
    }
    void listInstruments(Callback<std::vector<Instrument>> done) override
    {
        reply<std::vector<Instrument>>(std::move(done), {});
    }
    void start(std::function<void(brokers::BrokerEvent)> events) override
    {
        m_events = std::move(events);
        m_core.post([this] { tell(brokers::ConnectionChange{true, "", {}}); });
    }
    void stop() override {}

protected:
    virtual VenueOrderId newId() { return VenueOrderId("v" + std::to_string(++m_submitted)); }
    /// Within `submit`.
    virtual void arrived(const brokers::OrderReport&) {}
    /// After the answer to it.
    virtual void answered(brokers::OrderReport) {}

    void tell(brokers::BrokerEvent event) { m_events(std::move(event)); }
    /// `report`, which had nothing yet, has `quantity` at its limit from now on; to be told.
    brokers::OrderUpdate fill(brokers::OrderReport& report, Quantity quantity, ExecutionId id)
    {
        Fill fill;
        fill.executionId = std::move(id);
        fill.clientOrderId = report.clientOrderId;
        fill.venueOrderId = report.venueOrderId;
        fill.symbol = report.request.symbol;
        fill.side = report.request.side;
        fill.price = *report.request.limitPrice;
        fill.quantity = quantity;
        fill.eventTime = m_core.clock().now();
        report.filledQuantity = quantity;
        report.averagePrice = fill.price;
        report.state = quantity == report.request.quantity ? OrderState::Filled
                                                           : OrderState::PartiallyFilled;
        report.updatedAt = fill.eventTime;
        brokers::OrderUpdate update;
        update.kind = OrderEventKind::Filled;
        update.report = report;
        update.fill = fill;
        update.eventTime = update.receiveTime = fill.eventTime;
        return update;
    }

    template <typename T>
    void reply(Callback<T> done, Result<T> answer)
    {
        m_core.post([done = std::move(done), answer = std::move(answer)] { done(answer); });
    }

private:
    void refuse(OutcomeCallback done)
    {
        done(brokers::Refused{{ErrorKind::Invalid, "broker.unsupported", "only takes", {}}});
    }

    runtime::Executor& m_core;
    brokers::Capabilities m_capabilities;
    std::function<void(brokers::BrokerEvent)> m_events;
    std::uint64_t m_submitted = 0;
};

} // namespace qd::test
