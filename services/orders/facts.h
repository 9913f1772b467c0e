#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/orders/order.h"
#include "models/orders/validation.h"
#include "services/orders/held.h"

namespace qd::orders {

enum class TradingState {
    Active,   ///< everything allowed
    Reducing, ///< only orders that bring a position towards zero
    Halted,   ///< nothing new; cancels always pass
};
std::string_view toString(TradingState state);
Result<TradingState> parseTradingState(std::string_view text);

/// Where we and the broker disagree. Shown until it vanishes or a person takes the broker's word for
/// it; see differences.h.
struct Difference {
    std::string kind;   ///< "position", "order", "cash"
    std::string symbol; ///< of the position or order
    std::string key;    ///< client id for orders, else the symbol
    std::string ours, theirs;
    Timestamp since;
    std::string delta = {}; ///< theirs − ours, where both are numbers
    std::string id = {};    ///< `differenceId`
    friend bool operator==(const Difference&, const Difference&) = default;
};

/// A difference in which a person took the broker's word.
struct AcceptedDifference {
    std::string id, kind, symbol;
    std::string before, after; ///< ours
    std::string reason, actor;
    Timestamp time;
    std::int64_t sequence = 0; ///< of its event
};

struct TradingStatus {
    TradingState state = TradingState::Active;
    std::string reason;
    Timestamp since;
    bool reconciling = true; ///< true until the broker has been compared after (re)connecting
    bool brokerConnected = false;
    std::vector<Difference> differences;
    friend bool operator==(const TradingStatus&, const TradingStatus&) = default;
};

/// What one comparison with the broker found and did.
struct ReconcileReport {
    std::string trigger; ///< "start", "reconnect", "timer", "demand", "recheck"
    bool complete = false;
    std::string failure; ///< why it is not complete
    int ordersCompared = 0, ordersCorrected = 0, ordersAdopted = 0;
    int fillsRecovered = 0, fillsInferred = 0;
    int positionsCompared = 0;
    bool openingAdopted = false;
    std::vector<Difference> differences;
    Timestamp startedAt, finishedAt;
};

enum class Severity { Info, Warning, Critical };
std::string_view toString(Severity severity);

struct Notice {
    Severity severity = Severity::Info;
    std::string title;
    std::string text;
    std::string subject; ///< "order/<id>", "position/SPY"
};

/// One committed change, in log order. At most one fact of each sort.
struct Committed {
    std::int64_t sequence = 0; ///< in the event log
    Timestamp time;
    std::string kind; ///< "order.accepted", "account.updated", "trading.changed", "notice" …
    Shared<Order> order;
    Boxed<Fill> fill;
    Boxed<Position> position;
    Boxed<AccountSnapshot> account;
    Boxed<TradingStatus> trading;
    Boxed<ReconcileReport> report;
    Boxed<Notice> notice;
};

/// One rule and what it found.
struct Check {
    enum class Severity { Refuse, Confirm };
    std::string code;  ///< "risk.buying_power", "precaution.percent_off_market"
    std::string title; ///< "Buying power"
    Severity severity = Severity::Refuse;
    bool passed = true;
    std::string detail;  ///< "needs 1250.00, has 900.00"; also said when passed, where it helps
    std::string field;   ///< of the request
    std::string example; ///< a value that would pass
};

/// What an order would do, without sending it.
struct Preview {
    Money notional;
    Money estimatedFee;
    Money buyingPowerBefore, buyingPowerAfter;
    Quantity positionAfter;
    std::vector<Check> checks; ///< all of them, in the order they are applied
};

/// Something the trader must say yes to: send the order again with `code` in its confirmations.
struct ConfirmationAsked {
    std::string code;
    std::string text;
};

/// Why a command was not taken.
struct Refusal {
    Error error; ///< the first reason; Conflict "orders.confirmation_needed" when only asking
    std::vector<FieldError> errors;
    std::vector<ConfirmationAsked> confirmations;
    std::optional<Duration> retryAfter;
    std::string wayBack = {}; ///< of a broker that does not let us in: what a person can do about it
};

} // namespace qd::orders
