#pragma once

#include <unordered_map>

#include "models/orders/order.h"
#include "services/orders/id_hash.h"

namespace qd::orders {

/// Buying power that our open orders will use but that the broker's last figure does not know of yet.
class Reservations {
public:
    /// The order is about to be sent and will need `amount`.
    void reserve(const ClientOrderId& id, Money amount);
    /// The venue has taken the order at `when`: a later snapshot of the account includes it.
    void acknowledge(const ClientOrderId& id, Timestamp when);
    /// The order ended without ever counting.
    void release(const ClientOrderId& id);
    /// An account snapshot arrived that was asked for at `askedAt`.
    void absorb(Timestamp askedAt);
    Money total() const { return m_total; }
    Money of(const ClientOrderId& id) const;

private:
    struct Reservation {
        Money amount;
        Timestamp acknowledgedAt; ///< unset while the venue has not answered
    };
    std::unordered_map<ClientOrderId, Reservation, IdHash> m_reservations;
    Money m_total;
};

} // namespace qd::orders
