#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/exchange/exchange.h"

namespace qd::sandbox::alpaca {

/// What the venue says of orders, executions and positions: the exchange's truth, plus the untruths
/// that drills ask for (phantom orders, overfills, positions that drift). One thread.
class VenueRecords {
public:
    /// Untruths of each kind kept; the oldest are forgotten beyond it.
    static constexpr std::size_t kUntruthsMax = 1000;

    explicit VenueRecords(const exchange::Exchange& exchange) : m_exchange(exchange) {}

    std::optional<exchange::VenueOrder> order(const AccountId& account,
                                              const VenueOrderId& id) const;
    std::optional<exchange::VenueOrder> orderByClientId(const AccountId& account,
                                                        const std::string& clientOrderId) const;
    std::vector<exchange::VenueOrder> orders(const AccountId& account,
                                             const exchange::OrderFilter& filter) const;
    std::vector<exchange::VenuePosition> positions(const AccountId& account) const;
    std::optional<exchange::VenuePosition> position(const AccountId& account,
                                                    const Symbol& symbol) const;
    /// Oldest first.
    std::vector<exchange::VenueExecution> executions(const AccountId& account) const;
    /// The order with what drills have added to it.
    exchange::VenueOrder distorted(exchange::VenueOrder order) const;
    Quantity positionQuantity(const AccountId& account, const Symbol& symbol) const;

    // ── untruths ──────────────────────────────────────────────────────────────────────────────
    /// Nothing is reported on the stream of the next order that is taken.
    void hideNextOrder() { m_hideNext = true; }
    void noteSubmitted(const VenueOrderId& id);
    bool isHidden(const VenueOrderId& id) const { return m_hidden.contains(id); }
    /// An order that was taken but never reached the market.
    void addPhantom(exchange::VenueOrder order);
    void setPhantom(const exchange::VenueOrder& order);
    /// An execution that happened twice: the order is overfilled and the position is larger.
    void addExecution(const exchange::VenueExecution& execution);
    /// One execution is reported as two: `first` and the rest, which gets the id `restId`.
    void split(const ExecutionId& id, Quantity first, const ExecutionId& restId);
    /// The position differs by `delta` from what the executions say.
    void adjustPosition(const AccountId& account, const Symbol& symbol, Quantity delta, Price price);
    void clear();

private:
    struct Drift {
        Quantity quantity;
        Price price;
    };
    struct Split {
        Quantity first;
        ExecutionId restId;
    };
    using PositionKey = std::pair<AccountId, Symbol>;

    exchange::VenuePosition drifted(exchange::VenuePosition position, const Drift& drift) const;

    const exchange::Exchange& m_exchange;
    bool m_hideNext = false;
    std::set<VenueOrderId> m_hidden;
    std::deque<exchange::VenueOrder> m_phantoms;
    std::deque<exchange::VenueExecution> m_extra;
    std::map<ExecutionId, Split> m_splits;
    std::map<PositionKey, Drift> m_drifts;
};

} // namespace qd::sandbox::alpaca
