#pragma once

#include <unordered_map>
#include <vector>

#include <QObject>

#include "services/client/facts.h"

namespace qd::ui {

/// Every order the backend told us of, oldest first; an order keeps its number.
class OrderStore : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    int count() const { return int(m_orders.size()); }
    const client::OrderFacts& at(int item) const { return m_orders[std::size_t(item)]; }
    /// -1 if unknown.
    int itemOf(const ClientOrderId& id) const;
    int openCount() const { return m_openCount; }

    /// Newest first or not: they are sorted by creation.
    void reset(std::vector<client::OrderFacts> orders);
    /// An older version of a known order is ignored.
    void apply(const client::OrderFacts& order);

Q_SIGNALS:
    void storeReset();
    void orderAdded(int item);
    void orderChanged(int item);

private:
    void recount();
    std::vector<client::OrderFacts> m_orders;
    std::unordered_map<ClientOrderId, int> m_index;
    int m_openCount = 0;
};

/// Today's executions, oldest first; an execution id counts once.
class FillStore : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    int count() const { return int(m_fills.size()); }
    const Fill& at(int item) const { return m_fills[std::size_t(item)]; }
    void reset(std::vector<Fill> fills);
    /// False if it was known already.
    bool apply(const Fill& fill);

Q_SIGNALS:
    void storeReset();
    void fillAdded(int item);

private:
    std::vector<Fill> m_fills;
    std::unordered_map<ExecutionId, int> m_index;
};

} // namespace qd::ui
