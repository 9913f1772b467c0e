#pragma once

#include <deque>
#include <set>
#include <unordered_map>

#include "services/orders/order_service.h"
#include "services/orders/store.h"

namespace qd::orders {

/// What everybody may see: the facts of the last commit, and nothing that is not on disk.
class Projection {
public:
    /// Start anew from what the tables hold.
    void reset(const Loaded& loaded);
    void apply(const Entry& entry);

    /// By the number of its row.
    const Order* find(std::int64_t orderNumber) const;
    OrderPage page(const OrderFilter& filter) const;
    FillPage fills(const FillFilter& filter) const;
    std::vector<Position> positions() const;
    std::optional<Position> position(const Symbol& symbol) const;
    const std::optional<AccountSnapshot>& account() const { return m_account; }
    const TradingStatus& trading() const { return m_trading; }
    Money openRisk() const { return m_openRisk; }
    std::int64_t lastSequence() const { return m_lastSequence; }
    std::size_t orderCount() const { return m_numbers.size(); }
    std::size_t openCount() const { return m_open.size(); }

private:
    struct Row {
        Shared<Order> order;
        Money risk; ///< its share of m_openRisk
    };
    using Number = std::uint64_t; ///< position in m_rows: the order of first commit

    void put(std::int64_t orderNumber, const Shared<Order>& order);
    void addFill(const Fill& fill);

    std::deque<Row> m_rows;
    std::unordered_map<std::int64_t, Number> m_numbers; ///< by the number of the row on disk
    std::unordered_map<Symbol, std::vector<Number>> m_bySymbol;
    std::set<Number> m_open;
    std::deque<Fill> m_fills;
    std::unordered_map<Symbol, std::vector<std::size_t>> m_fillsBySymbol;
    std::unordered_map<Symbol, Position> m_positions;
    std::optional<AccountSnapshot> m_account;
    TradingStatus m_trading;
    Money m_openRisk;
    std::int64_t m_lastSequence = 0;
};

} // namespace qd::orders
