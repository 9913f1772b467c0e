#include "ui/state/order_store.h"

#include <algorithm>

namespace qd::ui {

int OrderStore::itemOf(const ClientOrderId& id) const
{
    const auto found = m_index.find(id);
    return found == m_index.end() ? -1 : found->second;
}

void OrderStore::recount()
{
    m_openCount = int(std::count_if(m_orders.begin(), m_orders.end(),
                                    [](const Order& order) { return !isClosed(order.state); }));
}

void OrderStore::reset(std::vector<client::OrderFacts> orders)
{
    std::stable_sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
        return a.createdAt < b.createdAt;
    });
    m_orders = std::move(orders);
    m_index.clear();
    for (int item = 0; item < count(); ++item) m_index[at(item).request.clientOrderId] = item;
    recount();
    Q_EMIT storeReset();
}

void OrderStore::apply(const client::OrderFacts& order)
{
    const int known = itemOf(order.request.clientOrderId);
    if (known >= 0) {
        if (order.version < at(known).version) return;
        m_orders[std::size_t(known)] = order;
        recount();
        Q_EMIT orderChanged(known);
        return;
    }
    m_index[order.request.clientOrderId] = count();
    m_orders.push_back(order);
    recount();
    Q_EMIT orderAdded(count() - 1);
}

void FillStore::reset(std::vector<Fill> fills)
{
    std::stable_sort(fills.begin(), fills.end(), [](const Fill& a, const Fill& b) {
        return a.eventTime < b.eventTime;
    });
    m_fills = std::move(fills);
    m_index.clear();
    for (int item = 0; item < count(); ++item) m_index[at(item).executionId] = item;
    Q_EMIT storeReset();
}

bool FillStore::apply(const Fill& fill)
{
    if (!m_index.try_emplace(fill.executionId, count()).second) return false;
    m_fills.push_back(fill);
    Q_EMIT fillAdded(count() - 1);
    return true;
}

} // namespace qd::ui
