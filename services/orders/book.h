#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "services/orders/change.h"
#include "services/orders/id_hash.h"
#include "services/storage/hashing.h"

namespace qd::orders {

/// What the book keeps of an order beyond the order itself.
struct Tracked {
    Shared<Order> order;       ///< the newest; the last committed one is mostly the same
    std::int64_t number = 0;   ///< of its row: 1, 2, 3 … in the order of first commit
    std::int64_t version = 0;  ///< of its last event on disk
    Boxed<storage::Hash> requestHash = {}; ///< of the request as it first came
    Int128 filledNotional = 0; ///< Σ price × quantity of what filled, 1e-16 units: an exact average
    Quantity filledSingly;     ///< the part of it that came as fills; the rest is in opening balances
    Quantity inferred;         ///< filled by inference and not yet explained by a true execution
    bool committed = false;    ///< its first event is on disk
};

/// Stands in for the order's id where an execution belongs to the opening balances.
ClientOrderId openingKey(const std::string& orderId);

/// Open orders of one symbol, added up; at most what a Quantity holds.
struct Exposure {
    Quantity openBuy, openSell; ///< Σ leaves of open orders
};

/// The working memory of the core: what is true once everything under way is on disk. Decisions are
/// taken on it; nobody outside the order room sees it. Every question it answers costs the same
/// whether it holds a thousand orders or a hundred thousand.
class Book {
public:
    const Tracked* find(const ClientOrderId& id) const;
    const Tracked* findByVenueId(const VenueOrderId& id) const;
    /// Insert or replace the order; the indexes follow.
    const Tracked& put(Shared<Order> order);
    /// After loading: the row that the order was read from.
    void setNumber(const ClientOrderId& id, std::int64_t number);
    void putHash(const ClientOrderId& id, const storage::Hash& requestHash);
    /// A name of the venue's for the order, and the order that it takes the place of, if any.
    void addVenueId(const ClientOrderId& id, const VenueOrderId& venueId,
                    const ClientOrderId& replaces);
    void markCommitted(const ClientOrderId& id, std::int64_t version);

    bool knowsExecution(const ExecutionId& id) const { return m_executions.contains(id); }
    /// Count a fill into its order's sums and the position. The order itself changes by `put`.
    void addFill(const Fill& fill);
    void addExplained(const ExplainedExecution& execution);
    void addOpening(const Position& opening);
    /// How much of an order that we did not know then the opening balances include; at most what a
    /// Quantity holds.
    Quantity filledBeforeOpening(const ClientOrderId& id, const VenueOrderId& venueId) const;
    /// After loading: averages of orders that were partly filled before we knew them.
    void completeNotionals();

    Position position(const Symbol& symbol) const;
    const std::unordered_map<Symbol, Position>& positions() const { return m_positions; }
    Exposure exposure(const Symbol& symbol) const;
    /// As if `except` had never been sent: for the order that is to take its place.
    Exposure exposureWithout(const Order& except) const;
    /// In the order of first commit.
    std::vector<ClientOrderId> openOrders() const { return idsOf(m_open); }
    std::size_t openCount() const { return m_open.size(); }
    std::vector<ClientOrderId> openOrdersOf(const Symbol& symbol) const;
    /// Orders that wait for an answer of the venue.
    std::vector<ClientOrderId> inFlight() const { return idsOf(m_inFlight); }
    const std::vector<ClientOrderId>& membersOf(const std::string& groupId) const;
    std::size_t orderCount() const { return m_orders.size(); }
    /// Grows with every fill of the symbol: tells whether a comparison was overtaken.
    std::uint64_t fillCount(const Symbol& symbol) const;

private:
    /// By number: replays walk it in the same order, and a new order goes to the end.
    using ByNumber = std::map<std::int64_t, const Tracked*>;
    /// Σ leaves in 1e-8 units, exact: others' orders at the broker need not add up to a Quantity.
    struct OpenSums {
        Int128 buy = 0, sell = 0;
        Int128& of(Side side) { return side == Side::Buy ? buy : sell; }
    };

    static std::vector<ClientOrderId> idsOf(const ByNumber& orders);
    void unindex(const Tracked& tracked);
    void index(const Tracked& tracked);
    void indexVenueIds(const Tracked& tracked);
    OpenSums openSums(const Symbol& symbol) const;
    void count(const Order& order, bool add);

    /// Orders by the id that they hold themselves. The hash is kept beside each, as with `IdHash`.
    struct OrderHash {
        using is_transparent = void;
        std::size_t operator()(const ClientOrderId& id) const { return IdHash()(id); }
        std::size_t operator()(const std::unique_ptr<Tracked>& tracked) const;
    };
    struct SameOrder {
        using is_transparent = void;
        bool operator()(const std::unique_ptr<Tracked>& a, const std::unique_ptr<Tracked>& b) const;
        bool operator()(const ClientOrderId& id, const std::unique_ptr<Tracked>& tracked) const;
    };

    Tracked* mutableOrder(const ClientOrderId& id); ///< null if it is not known
    Tracked& known(const ClientOrderId& id);
    Tracked& add(const Shared<Order>& order);

    /// Each by itself, so that a walk past other entries stays within what the table needs.
    std::unordered_set<std::unique_ptr<Tracked>, OrderHash, SameOrder> m_orders;
    std::int64_t m_lastNumber = 0;
    std::unordered_map<VenueOrderId, const Tracked*, IdHash> m_byVenueId;
    std::unordered_map<std::string, std::vector<ClientOrderId>> m_groups;
    std::unordered_set<ExecutionId, IdHash> m_executions;
    /// 1e-8 units, by `openingKey`.
    std::unordered_map<ClientOrderId, Int128, IdHash> m_filledBeforeOpening;
    std::unordered_map<Symbol, Position> m_positions;
    std::unordered_map<Symbol, std::uint64_t> m_fillCounts;
    std::unordered_map<Symbol, OpenSums> m_openSums;
    std::unordered_map<Symbol, ByNumber> m_openBySymbol;
    ByNumber m_open; ///< everything not closed, in-flight included
    ByNumber m_inFlight;
};

} // namespace qd::orders
