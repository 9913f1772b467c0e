#include "services/orders/reservations.h"

namespace qd::orders {

void Reservations::reserve(std::int64_t order, Money amount)
{
    if (!amount.isPositive()) return release(order);
    const auto [place, isNew] = m_reservations.try_emplace(order);
    if (!isNew) m_total -= place->second.amount;
    place->second = {amount, {}};
    m_total += amount;
}

void Reservations::acknowledge(std::int64_t order, Timestamp when)
{
    const auto found = m_reservations.find(order);
    if (found != m_reservations.end() && !found->second.acknowledgedAt.isSet()) {
        found->second.acknowledgedAt = when;
    }
}

void Reservations::release(std::int64_t order)
{
    const auto found = m_reservations.find(order);
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

Money Reservations::of(std::int64_t order) const
{
    const auto found = m_reservations.find(order);
    return found == m_reservations.end() ? Money() : found->second.amount;
}

} // namespace qd::orders
