#include "services/sandbox/ibkr/order_ledger.h"

#include <algorithm>

namespace qd::sandbox::ibkr {

LiveOrder OrderLedger::withNames(OrderChain chain) const
{
    LiveOrder order{std::move(chain), {}, 0};
    const auto named = m_legNames.find(order.root.id);
    if (named != m_legNames.end())
        order.orderRef = named->second;
    else if (!order.root.parent)
        order.orderRef = order.root.clientOrderId;
    if (order.root.parent)
        if (const auto parent = m_desk.records.order(m_account, *order.root.parent))
            order.parent = m_chains.chainOf(*parent).number;
    return order;
}

std::vector<LiveOrder> OrderLedger::all() const
{
    std::vector<LiveOrder> orders;
    for (auto& chain : m_chains.all(m_account))
        orders.push_back(withNames(std::move(chain)));
    return orders;
}

std::optional<LiveOrder> OrderLedger::find(std::int64_t number) const
{
    auto chain = m_chains.find(m_account, number);
    return chain ? std::optional(withNames(std::move(*chain))) : std::nullopt;
}

LiveOrder OrderLedger::orderOf(const exchange::VenueOrder& member) const
{
    return withNames(m_chains.chainOf(member));
}

bool OrderLedger::knowsRef(const std::string& orderRef) const
{
    return m_desk.records.orderByClientId(m_account, orderRef).has_value()
        || std::ranges::any_of(m_legNames,
                               [&](const auto& named) { return named.second == orderRef; });
}

void OrderLedger::noteTaken(const VenueOrderId& id)
{
    if (m_taken.size() >= kNamesMax)
        m_taken.clear();
    m_taken.insert(id);
}

void OrderLedger::nameLeg(const VenueOrderId& leg, std::string orderRef)
{
    if (m_legNames.size() >= kNamesMax)
        m_legNames.erase(m_legNames.begin());
    m_legNames[leg] = std::move(orderRef);
}

} // namespace qd::sandbox::ibkr
