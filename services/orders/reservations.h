#pragma once

#include <cstdint>
#include <unordered_map>

#include "models/base/money.h"
#include "models/base/timestamp.h"

namespace qd::orders {

/// Buying power that our open orders will use but that the broker's last figure does not know of yet.
/// Orders go by the number of their row: the newest, which are asked for, lie side by side.
class Reservations {
public:
    /// The order is about to be sent and will need `amount`.
    void reserve(std::int64_t order, Money amount);
    /// The venue has taken the order at `when`: a later snapshot of the account includes it.
    void acknowledge(std::int64_t order, Timestamp when);
    /// The order ended without ever counting.
    void release(std::int64_t order);
    /// An account snapshot arrived that was asked for at `askedAt`.
    void absorb(Timestamp askedAt);
    Money total() const { return m_total; }
    Money of(std::int64_t order) const;

private:
    struct Reservation {
        Money amount;
        Timestamp acknowledgedAt; ///< unset while the venue has not answered
    };
    std::unordered_map<std::int64_t, Reservation> m_reservations;
    Money m_total;
};

} // namespace qd::orders
