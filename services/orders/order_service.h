#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/brokers/broker.h"
#include "services/orders/facts.h"
#include "services/orders/market_view.h"
#include "services/orders/settings.h"
#include "services/runtime/executor.h"
#include "services/runtime/random.h"
#include "services/storage/writer.h"

namespace qd::orders {

/// Who asks, for the audit trail.
struct CommandContext {
    std::string actor = "user:owner";
    std::string traceId;     ///< 32 hex digits; empty if none
    std::string traceParent; ///< W3C traceparent handed to the broker
};

struct OrderFilter {
    enum class Status { Open, Closed, All };
    Status status = Status::All;
    std::optional<Symbol> symbol;
    std::optional<Side> side;
    std::size_t limit = 100;
    std::string cursor = {}; ///< from the previous page; empty = newest
    std::optional<OrderState> state = {};
    Timestamp from = {}, to = {}; ///< made at or after, and before; unset = all
};
/// Newest first. A page may hold fewer than were asked for, even none, and not be the last: the search
/// for what matches is cut off so that no question costs more than another.
struct OrderPage {
    std::vector<Order> orders;
    std::string nextCursor; ///< empty at the end
};

struct FillFilter {
    std::optional<Symbol> symbol;
    Timestamp since; ///< received at or after; unset = all
    std::size_t limit = 500;
    Timestamp to = {};       ///< received before; unset = all
    std::string cursor = {}; ///< from the previous page; empty = newest
};
struct FillPage { ///< as OrderPage
    std::vector<Fill> fills;
    std::string nextCursor;
};

/// A change to an open order; absent = unchanged.
struct ChangeRequest {
    std::optional<Quantity> quantity;
    std::optional<Price> limitPrice, stopPrice;
    std::optional<Decimal> trail;
    std::optional<TimeInForce> timeInForce;
    ClientOrderId newClientOrderId; ///< of the order that takes its place; made here if empty
};

/// The order management system. Takes commands, writes every change to the log before it is seen or
/// sent, sends to the broker, applies what the broker tells, and compares with it.
///
/// Core executor only; every callback comes there too, exactly once (and not at all once the service
/// is destroyed). Nothing is visible (queries, observers) before it is on disk. An order is sent at
/// most once; an unknown outcome is neither refused nor sent again, but asked for until proven.
/// After a failed commit the service forgets its memory and loads again from the tables, exactly as
/// after a crash.
class OrderService {
public:
    struct Dependencies {
        storage::Writer& writer;
        runtime::Executor& core;
        runtime::Random& random;
        brokers::Broker& broker;
        const MarketView& market;
    };
    using OrderDone = std::function<void(tl::expected<Order, Refusal>)>;
    using AcceptDone = std::function<void(tl::expected<AcceptedDifference, Refusal>)>;
    using Observer = std::function<void(const Committed&)>;

    OrderService(Dependencies dependencies, Settings settings);
    ~OrderService();
    OrderService(const OrderService&) = delete;
    OrderService& operator=(const OrderService&) = delete;

    /// Before `start`. Called once per committed change, in log order.
    void observe(Observer observer);
    /// Load the tables, connect the broker's stream, reconcile. `loaded` comes when commands are
    /// taken (they are refused with "orders.starting" before). Fails with: Corrupt, Unavailable.
    void start(std::function<void(Result<void>)> loaded);

    // ── commands ─────────────────────────────────────────────────────────────────────────────────
    /// Answered once: the order on disk and on its way, or the refusal. The same request again gives
    /// the same order; another request under its id is refused ("orders.id_reused").
    void submit(const OrderRequest& request, const CommandContext& context, OrderDone done);
    /// All rules applied, nothing sent. Fails with: field errors when the request has no shape.
    tl::expected<Preview, Refusal> preview(const OrderRequest& request) const;
    /// The answer is the order that takes the place of `id` (or `id` itself, pending update, at
    /// brokers that keep ids). Fails with: NotFound "orders.unknown", Conflict "orders.not_open" …
    void modify(const ClientOrderId& id, const ChangeRequest& change, const CommandContext& context,
                OrderDone done);
    /// Always passes, whatever the trading state. Asking twice is not an error.
    void cancel(const ClientOrderId& id, const CommandContext& context, OrderDone done);
    /// Ask for the cancel of all open orders that match; answers with those asked for.
    void cancelAll(std::optional<Symbol> symbol, std::optional<Side> side,
                   const CommandContext& context,
                   std::function<void(std::vector<ClientOrderId>)> done);
    void setTradingState(TradingState state, std::string reason, const CommandContext& context,
                         std::function<void(Result<TradingStatus>)> done);
    /// The report comes to `done` and to the observers.
    void reconcileNow(const CommandContext& context, std::function<void(ReconcileReport)> done);
    /// Take the broker's word in one difference: a person's decision, an event of its own. A second
    /// time under the same id the first answer is given again. Fails with: NotFound
    /// "orders.difference_unknown" (vanished, or of another size by now), Invalid
    /// "orders.reason_missing", Unavailable "orders.starting", "orders.reconciling".
    void acceptDifference(const std::string& id, const std::string& reason,
                          const CommandContext& context, AcceptDone done);

    // ── queries: committed facts only ────────────────────────────────────────────────────────────
    OrderPage orders(const OrderFilter& filter) const;
    std::optional<Order> order(const ClientOrderId& id) const;
    FillPage fillPage(const FillFilter& filter) const;
    std::vector<Fill> fills(const FillFilter& filter) const; ///< the first page of them
    std::vector<Position> positions() const;                 ///< also flat ones with realised P&L
    std::optional<Position> position(const Symbol& symbol) const;
    /// Is our position equal to the broker's as of the last comparison?
    bool isReconciled(const Symbol& symbol) const;
    std::optional<AccountSnapshot> account() const;
    /// Cost of open orders to their worst end: what the account's open orders may still consume.
    Money openRisk() const;
    TradingStatus trading() const;
    /// Log sequence of the newest change seen by queries.
    std::int64_t lastSequence() const;
    /// The order's events, oldest first, from the log.
    void timeline(const ClientOrderId& id,
                  std::function<void(Result<std::vector<storage::Event>>)> done) const;

    struct Figures { ///< for health and metrics
        std::size_t orders = 0, openOrders = 0, unresolved = 0, pendingCommits = 0;
        std::uint64_t quarantined = 0, duplicateFills = 0, staleEvents = 0, overfills = 0,
                      reloads = 0, unknownWords = 0;
        Timestamp lastReconciled;
        bool loaded = false;
        std::string storageError;
    };
    Figures figures() const;

private:
    struct Desk;
    std::unique_ptr<Desk> m_desk;
};

/// The tables of this room, for `storage::migrateAll` after the event log's own.
storage::MigrationSet orderMigrations();

} // namespace qd::orders
