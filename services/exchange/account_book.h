#pragma once

#include <deque>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "services/exchange/venue_account.h"

namespace qd::exchange {

/// What one holding cost. Average cost: a reduction takes its share of the cost with it.
struct Holding {
    Quantity quantity; ///< signed
    Money cost;        ///< signed like `quantity`
    Money realised;

    /// The effect of one execution; a holding that crosses zero starts again at `price`.
    void apply(Side side, Price price, Quantity quantity);
    friend bool operator==(const Holding&, const Holding&) = default;
};

/// One account's money, holdings and executions.
struct Account {
    AccountTerms terms;
    std::string number, uuid;
    Timestamp createdAt;
    bool blocked = false;
    Money cash, lastEquity, fees, deposits;
    std::map<Symbol, Holding> holdings; ///< never holds a zero quantity
    std::deque<VenueExecution> executions;
    std::uint64_t executionCount = 0; ///< ever; the last of `executions` has this number

    int multiplier() const;
    Quantity held(const Symbol& symbol) const; ///< signed
};

/// Gross and net value of an account's holdings at given prices.
struct Valuation {
    Money longValue, shortValue; ///< shortValue ≤ 0
    Money cryptoValue;           ///< part of longValue that lends nothing
    Money equity;

    Money gross() const { return longValue - shortValue; }
};
using MarkOf = std::function<Price(const Symbol&)>;
Valuation valuate(const Account& account, const MarkOf& mark);

/// Accounts of the venue: what they own, and what executions do to it. One thread.
class AccountBook {
public:
    static constexpr std::size_t kExecutionsKept = 100'000; ///< per account

    Account* find(const AccountId& id);
    const Account* find(const AccountId& id) const;
    Account& add(AccountTerms terms, std::string number, std::string uuid, Timestamp now);
    std::vector<AccountId> ids() const;
    /// Money, holding and record of one execution; sets `execution.positionAfter`.
    static void settle(Account& account, VenueExecution& execution);

private:
    std::map<AccountId, Account> m_accounts;
};

/// All figures of an account; `reserved` is what its open orders hold back.
VenueAccount describeAccount(const Account& account, const MarkOf& mark, Money reserved);

/// The venue's fee for one execution, rounded up to a cent. `firstOfOrder` adds the minimum.
Money feeFor(const FeeSchedule& fees, const VenueExecution& execution, AssetClass assetClass,
             bool firstOfOrder);

} // namespace qd::exchange
