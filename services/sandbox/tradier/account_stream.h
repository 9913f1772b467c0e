#pragma once

#include <set>

#include "services/sandbox/order_chains.h"
#include "services/sandbox/tradier/event_sessions.h"
#include "services/sandbox/update_faults.h"

namespace qd::sandbox::tradier {

/// /v1/accounts/events: what becomes of orders, and a heartbeat. An order that is at the market is told
/// to be "open" and only then to be "pending", as the vendor's own sample has it. One thread.
class AccountStream {
public:
    static constexpr Duration kHeartbeatEvery = std::chrono::seconds(15);

    AccountStream(alpaca::Desk& desk, const alpaca::KeyRing& keys, OrderChains& chains);

    EventSessions& sessions() { return m_sessions; }
    /// As the faults in force will have it, or faithfully.
    void publish(const exchange::OrderUpdate& update, bool faithfully);

private:
    void deliver(const AccountId& account, const std::string& message);
    std::string write(const exchange::OrderUpdate& update) const;
    std::string heartbeat() const;
    void beat();

    alpaca::Desk& m_desk;
    OrderChains& m_chains;
    EventSessions m_sessions;
    std::set<EventSessions::SocketId> m_listening; ///< have asked for "order"
    UpdateFaults m_faults;
    runtime::Timer m_heartbeat;
};

} // namespace qd::sandbox::tradier
