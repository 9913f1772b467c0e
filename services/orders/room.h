#pragma once

#include <map>
#include <unordered_map>
#include <unordered_set>

#include "models/orders/order_states.h"
#include "services/orders/book.h"
#include "services/orders/cash_ledger.h"
#include "services/orders/journal.h"
#include "services/orders/order_service.h"
#include "services/orders/projection.h"
#include "services/orders/reservations.h"

namespace qd::orders {

/// What the steps of an order's path share: the world, the working memory and the way to the disk.
/// Owned by the service; the steps hold references. Core executor.
struct Room {
    Room(OrderService::Dependencies dependencies, Settings theSettings, Journal::Events events);

    storage::Writer& writer;
    runtime::Executor& core;
    runtime::Random& random;
    brokers::Broker& broker;
    const MarketView& market;
    const Settings settings;

    Book book;
    CashLedger cash;
    /// Open orders that the broker, asked by name, no longer knows; since when.
    std::map<ClientOrderId, Timestamp> vanished;
    Projection projection;
    Reservations reservations;
    Journal journal;
    TradingStatus trading; ///< working copy; the projection has the committed one
    std::optional<Timestamp> adoptedAt, reconciledAt;
    bool loaded = false;
    std::string storageError;
    OrderService::Figures counters; ///< the sums among them; the rest is asked for

    Timestamp now() const { return core.clock().now(); }
    std::string brokerActor() const;
    /// What everybody may see of an order: as its last event on disk left it; null without one.
    const Order* committed(const ClientOrderId& id) const;

    /// Take `order` one step along the state table and add the event to `change`; the book follows.
    /// False, and nothing changed, if the table forbids it.
    bool step(Change& change, Order order, OrderEventKind kind, const Source& source);
    /// As `step`, without asking the table: for facts that need no transition.
    void record(Change& change, Order order, std::string kind, const Source& source);
    void quarantine(Change& change, const std::string& message, const std::string& reason,
                    const std::string& subject, const Source& source);
    void notify(Change& change, Severity severity, std::string title, std::string text,
                std::string subject);
    /// Add the working trading status to `change`.
    void recordTrading(Change& change, const Source& source);
};

} // namespace qd::orders
