#pragma once

#include <memory>

#include "services/orders/applier.h"
#include "services/orders/resolver.h"

namespace qd::orders {

/// Hands committed commands to the broker, once each, and files what it answers. Core executor.
class Sender {
public:
    Sender(Room& room, Applier& applier, Resolver& resolver);

    /// The order is on disk as submitted.
    void submit(const Shared<Order>& order, const std::string& traceParent);
    /// The order is on disk as pending cancel. Waits for the venue's id if it is not known yet.
    void cancel(const ClientOrderId& id, const std::string& traceParent);
    /// `id` is on disk as pending update, and `replacement` (empty where ids are kept) as submitted.
    void modify(const ClientOrderId& id, const brokers::Modification& change,
                const ClientOrderId& replacement, const std::string& traceParent);
    /// Answers still under way are not taken any more.
    void abandon() { m_alive = std::make_shared<bool>(true); }

private:
    using Handler = void (Sender::*)(const ClientOrderId&, brokers::Outcome);
    brokers::Broker::OutcomeCallback guarded(const ClientOrderId& id, Handler handler);

    void submitAnswered(const ClientOrderId& id, brokers::Outcome outcome);
    void cancelAnswered(const ClientOrderId& id, brokers::Outcome outcome);
    void modifyAnswered(const ClientOrderId& id, const ClientOrderId& replacement,
                        brokers::Outcome outcome);
    void refused(Change& change, const ClientOrderId& id, const Error& error);
    void cancelRefused(Change& change, const Order& order, const Error& error);
    void changeRefused(Change& change, const ClientOrderId& id, const ClientOrderId& replacement,
                       const Error& error);
    void unknown(Change& change, const ClientOrderId& id, const Error& error);
    Source source(const Error* error = nullptr) const;

    Room& m_room;
    Applier& m_applier;
    Resolver& m_resolver;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::orders
