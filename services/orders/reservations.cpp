#include "services/orders/reservations.h"

namespace qd::orders {

void Reservations::reserve(const ClientOrderId& id, Money amount)
{
    release(id);
    if (!amount.isPositive()) return;
    m_reservations[id] = {amount, {}};
    m_total += amount;
}

void Reservations::acknowledge(const ClientOrderId& id, Timestamp when)
{
    const auto found = m_reservations.find(id);
    if (found != m_reservations.end() && !found->second.acknowledgedAt.isSet()) {
        found->second.acknowledgedAt = when;
    }
}

void Reservations::release(const ClientOrderId& id)
{
    const auto found = m_reservations.find(id);
    if (found == m_reservations.end()) return;
    m_total -= found->second.amount;
    m_reservations.erase(found);
}

void Reservations::absorb(Timestamp askedAt)
{
    for (auto it = m_reservations.begin(); it != m_reservations.end();) {
        const Timestamp acknowledged = it->second.acknowledgedAt;
        if (acknowledged.isSet() && acknowledged < askedAt) {
            m_total -= it->second.amount;
            it = m_reservations.erase(it);
        } else {
            ++it;
        }
    }
}

Money Reservations::of(const ClientOrderId& id) const
{
    const auto found = m_reservations.find(id);
    return found == m_reservations.end() ? Money() : found->second.amount;
}

} // namespace qd::orders
