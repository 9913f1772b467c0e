#pragma once

#include <functional>
#include <string>
#include <unordered_set>

#include "services/sandbox/ibkr/order_json.h"
#include "services/sandbox/update_faults.h"

namespace qd::sandbox::ibkr {

/// Makes the stream's messages of what becomes of orders. A fill is two: the order's new state (`sor`)
/// and the execution (`str`). An order is told whole the first time, then only what may change.
/// One thread; what it is given outlives it.
class OrderTeller {
public:
    static constexpr std::size_t kToldMax = 100'000;

    /// `deliver` gets one message at a time.
    OrderTeller(alpaca::Desk& desk, const Contracts& contracts, OrderLedger& ledger,
                std::string accountNumber, std::function<void(const std::string&)> deliver);

    /// Orders that came in here are told as the faults in force will have it, others as they are.
    void publish(const exchange::OrderUpdate& update);

private:
    std::string write(const exchange::OrderUpdate& update);
    void deliverEach(const std::string& messages) const;

    alpaca::Desk& m_desk;
    const Contracts& m_contracts;
    OrderLedger& m_ledger;
    std::string m_accountNumber;
    std::function<void(const std::string&)> m_deliver;
    std::unordered_set<std::int64_t> m_told;
    UpdateFaults m_faults;
};

} // namespace qd::sandbox::ibkr
