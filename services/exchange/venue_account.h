#pragma once

#include <map>
#include <optional>
#include <string>

#include "services/exchange/venue_order.h"

namespace qd::exchange {

/// How much an account may borrow.
enum class MarginModel {
    Cash,     ///< no borrowing, no shorts
    RegT,     ///< twice the equity
    Intraday, ///< four times the equity
};

/// What an account is opened with.
struct AccountTerms {
    AccountId id;
    Money cash = Money::of("100000");
    MarginModel margin = MarginModel::Intraday;
    bool shortingEnabled = true;
    friend bool operator==(const AccountTerms&, const AccountTerms&) = default;
};

struct VenuePosition {
    Symbol symbol;
    AssetClass assetClass = AssetClass::Equity;
    Quantity quantity;          ///< signed
    Quantity quantityAvailable; ///< not held by open closing orders; signed like `quantity`
    Price averageEntry;
    Money costBasis;            ///< signed like `quantity`
    Money marketValue;          ///< signed like `quantity`
    Money unrealised;
    Money unrealisedToday;
    Price currentPrice;         ///< last trade, else the middle of the quote
    Price lastDayPrice;         ///< previous close
};

/// An account's figures at the current prices.
struct VenueAccount {
    AccountId id;
    std::string number;          ///< "PA3…" style, fixed for the account
    std::string uuid;
    Timestamp createdAt;
    MarginModel margin = MarginModel::Intraday;
    int multiplier = 4;          ///< 1, 2 or 4
    bool shortingEnabled = true;
    bool tradingBlocked = false;
    Money cash;
    Money equity;                ///< cash + long + short market value
    Money lastEquity;            ///< at the previous session's close
    Money longMarketValue;
    Money shortMarketValue;      ///< ≤ 0
    Money initialMargin;         ///< half of the gross market value
    Money maintenanceMargin;     ///< 25 % of longs, 30 % of shorts
    Money buyingPower;           ///< what a new opening order may cost
    Money regTBuyingPower;
    Money nonMarginableBuyingPower; ///< for crypto: cash that is not spoken for
    Money reserved;              ///< held by open opening orders
    Money fees;                  ///< paid so far
    Money deposits;              ///< paid in so far, minus withdrawals
};

/// Fees a venue takes; zero by default (paper). All rounded up to a cent per execution.
struct FeeSchedule {
    Decimal perShare;             ///< currency per share or contract
    Decimal minimumPerOrder;      ///< charged with the first execution
    Decimal cryptoTakerPercent;   ///< percent of the notional
    Decimal sellNotionalPercent;  ///< regulatory fee on sales, percent of the notional
};

} // namespace qd::exchange
