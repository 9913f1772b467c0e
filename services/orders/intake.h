#pragma once

#include <deque>
#include <unordered_map>

#include "services/orders/checks.h"
#include "services/orders/sender.h"

namespace qd::orders {

/// Takes commands: dedupe, shape, risk, questions; then writes, answers, and lets the sender send.
/// Core executor.
class Intake {
public:
    Intake(Room& room, Sender& sender);

    void submit(OrderRequest request, const CommandContext& context, OrderService::OrderDone done);
    tl::expected<Preview, Refusal> preview(OrderRequest request) const;
    void modify(const ClientOrderId& id, const ChangeRequest& change,
                const CommandContext& context, OrderService::OrderDone done);
    void cancel(const ClientOrderId& id, const CommandContext& context,
                OrderService::OrderDone done);
    std::vector<ClientOrderId> cancelAll(const std::optional<Symbol>& symbol,
                                         const std::optional<Side>& side,
                                         const CommandContext& context);
    /// Commands whose commit was under way when the memory was thrown away are answered so.
    void abandon(const Error& error);

private:
    std::optional<Refusal> notReady() const;
    void repeated(const Tracked& tracked, const OrderRequest& request, OrderService::OrderDone done);
    Order newOrder(OrderRequest request) const;
    brokers::BrokerStatus brokerStatus() const { return m_room.broker.status(); }
    CheckInput inputFor(const OrderRequest& request, const brokers::BrokerStatus& status,
                        const Order* replaced) const;
    /// The buying power that the order will need, or why it is not taken.
    tl::expected<Money, Refusal> judge(const OrderRequest& request, const Order* replaced) const;
    std::optional<Refusal> brokerGate(const brokers::BrokerStatus& status) const;
    void commitNew(Change change, const ClientOrderId& id, std::function<void()> send);
    void answer(const ClientOrderId& id, const Result<void>& committed);
    int submitsInLastMinute() const;
    void logRefusal(const OrderRequest& request, const Refusal& refusal,
                    const CommandContext& context);
    Result<OrderRequest> changed(const Order& order, const ChangeRequest& change) const;

    Room& m_room;
    Sender& m_sender;
    /// Who waits for an order's first commit; usually one, more if the command was repeated.
    std::unordered_map<ClientOrderId, std::vector<OrderService::OrderDone>> m_waiting;
    mutable std::deque<Timestamp> m_submits; ///< of the last minute
};

} // namespace qd::orders
