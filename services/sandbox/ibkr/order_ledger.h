#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "services/sandbox/order_chains.h"

namespace qd::sandbox::ibkr {

/// One order as IBKR tells of it: a change keeps its number.
struct LiveOrder : OrderChain {
    std::string orderRef;    ///< the customer's own id ("cOID"); empty if it gave none
    std::int64_t parent = 0; ///< number of the entry that a leg belongs to; 0: none
};

/// The account's orders, with what IBKR keeps of them beside what the exchange does. One thread.
class OrderLedger {
public:
    static constexpr std::size_t kNamesMax = 100'000;

    OrderLedger(alpaca::Desk& desk, AccountId account)
        : m_desk(desk), m_chains(desk), m_account(std::move(account))
    {
    }

    const AccountId& account() const { return m_account; }
    /// Newest first; legs stand alone.
    std::vector<LiveOrder> all() const;
    std::optional<LiveOrder> find(std::int64_t number) const;
    bool knowsRef(const std::string& orderRef) const;
    /// The order that one of the exchange's belongs to. `member` may be newer than what is on record.
    LiveOrder orderOf(const exchange::VenueOrder& member) const;

    /// The exchange has taken it from us.
    void noteTaken(const VenueOrderId& id);
    bool tookOrder(const VenueOrderId& id) const { return m_taken.contains(id); }
    /// A leg's own id: the exchange makes one up.
    void nameLeg(const VenueOrderId& leg, std::string orderRef);

private:
    LiveOrder withNames(OrderChain chain) const;

    alpaca::Desk& m_desk;
    OrderChains m_chains;
    AccountId m_account;
    std::unordered_set<VenueOrderId> m_taken;
    std::unordered_map<VenueOrderId, std::string> m_legNames;
};

} // namespace qd::sandbox::ibkr
