#pragma once

#include <deque>
#include <functional>

#include "services/exchange/exchange.h"
#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox {

/// What of an order that comes in decides whether a fault strikes it. Views into `order`.
FaultSubject faultSubject(const exchange::NewOrder& order);

/// Orders that are taken, and rejected a little later by what is behind the API (`reject_later`),
/// whatever protocol they came in. One thread; what it is given outlives it.
class LateRejections {
public:
    /// `publish` puts updates on the streams: the exchange does not know these orders.
    LateRejections(alpaca::Desk& desk, std::function<void(const exchange::OrderUpdate&)> publish)
        : m_desk(desk), m_publish(std::move(publish))
    {
    }

    /// The order as it was taken. Its rejection comes after the fault's delay, in the fault's words.
    exchange::VenueOrder take(const AccountId& account, const exchange::NewOrder& form,
                              const Fault& fault);

private:
    void reject(const exchange::VenueOrder& order, const std::string& reason);

    alpaca::Desk& m_desk;
    std::function<void(const exchange::OrderUpdate&)> m_publish;
    std::deque<runtime::Timer> m_pending;
};

} // namespace qd::sandbox
