#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/ids.h"
#include "models/base/money.h"
#include "models/market/instrument.h"

namespace qd {

enum class Side { Buy, Sell };
enum class OrderType { Market, Limit, Stop, StopLimit, TrailingStop };
enum class TimeInForce { Day, Gtc, Ioc, Fok, Opg, Cls };
/// Simple: one order. Bracket: entry, then take-profit and stop-loss as one-cancels-other.
/// Oco: two exits, one cancels the other. Oto: entry, then one exit.
enum class OrderClass { Simple, Bracket, Oco, Oto };

/// Wire names, lower case: "buy", "stop_limit", "day", "bracket". `parse…` fail with Invalid
/// "order.unknown_value", the field's JSON name and the accepted values in the detail.
std::string_view toString(Side side);
std::string_view toString(OrderType type);
std::string_view toString(TimeInForce timeInForce);
std::string_view toString(OrderClass orderClass);
Result<Side> parseSide(std::string_view text);
Result<OrderType> parseOrderType(std::string_view text);
Result<TimeInForce> parseTimeInForce(std::string_view text);
Result<OrderClass> parseOrderClass(std::string_view text);
inline Side opposite(Side side) { return side == Side::Buy ? Side::Sell : Side::Buy; }

struct TakeProfit {
    Price limitPrice;
    friend bool operator==(const TakeProfit&, const TakeProfit&) = default;
};
struct StopLoss {
    Price stopPrice;
    std::optional<Price> limitPrice; ///< makes it a stop-limit
    friend bool operator==(const StopLoss&, const StopLoss&) = default;
};

/// What a trader asks for. Immutable; nothing here is known to be true or allowed yet.
struct OrderRequest {
    ClientOrderId clientOrderId; ///< UUIDv4, made where the order is typed
    AccountId account;
    Symbol symbol;
    Side side = Side::Buy;
    OrderType type = OrderType::Market;
    TimeInForce timeInForce = TimeInForce::Day;
    Quantity quantity;
    std::optional<Price> limitPrice;
    std::optional<Price> stopPrice;
    std::optional<Price> trailPrice;     ///< trailing distance in currency; xor trailPercent
    std::optional<Decimal> trailPercent; ///< trailing distance in percent, 0 < p < 100
    bool extendedHours = false;
    bool reduceOnly = false; ///< may only bring the position towards zero
    OrderClass orderClass = OrderClass::Simple;
    std::optional<TakeProfit> takeProfit;
    std::optional<StopLoss> stopLoss;
    /// Codes of the precautionary rules that the trader has confirmed for this order.
    std::vector<std::string> confirmations;
    friend bool operator==(const OrderRequest&, const OrderRequest&) = default;
};

/// Where an order is in its life. `facts/trading.md` §4.1 names the transitions; see order_states.h.
enum class OrderState {
    Initialized,          ///< made, nothing checked
    AwaitingConfirmation, ///< the broker asks a question before it takes the order
    Denied,               ///< refused by us; was never sent
    Emulated,             ///< held by us until a condition comes true
    Released,             ///< its condition came true; about to be sent
    Submitted,            ///< on disk and on its way
    Accepted,             ///< the venue has it
    Held,                 ///< the venue has it, inactive until its parent fills
    Rejected,             ///< refused by the venue
    Canceled,
    Expired,
    Triggered,            ///< its stop was hit; now a live order
    PendingUpdate,        ///< a change was asked for
    PendingCancel,        ///< a cancel was asked for
    PartiallyFilled,
    Filled,
    Replaced,             ///< ended because another order took its place
};
std::string_view toString(OrderState state); ///< "partially_filled"
Result<OrderState> parseOrderState(std::string_view text);
bool isClosed(OrderState state);   ///< no more events are expected (a late fill may still come)
bool isOpen(OrderState state);     ///< the venue has it and it may trade or become live
bool isInFlight(OrderState state); ///< we wait for the venue's answer

/// Who made the order.
enum class OrderOrigin {
    Ours,     ///< through this backend
    External, ///< found at the broker: another program or the broker itself made it
};
std::string_view toString(OrderOrigin origin);

/// One order as we know it now: the request, and everything that has become of it.
struct Order {
    OrderRequest request;
    OrderState state = OrderState::Initialized;
    OrderState previousState = OrderState::Initialized; ///< restored when a change is refused
    bool outcomeUnknown = false; ///< the last request to the venue has no known outcome
    OrderOrigin origin = OrderOrigin::Ours;
    std::vector<VenueOrderId> venueOrderIds; ///< newest last
    Quantity filledQuantity;
    Quantity overfillQuantity; ///< what was filled beyond the order's quantity
    Price averagePrice;        ///< of all fills, half-even at 1e-8; zero if none
    ClientOrderId parent;      ///< entry order of a bracket leg
    std::string groupId;       ///< orders that cancel each other
    ClientOrderId replaces, replacedBy;
    std::string reasonCode;    ///< why denied, rejected or canceled: "risk.buying_power"
    std::string reasonText;
    Timestamp createdAt, submittedAt, acceptedAt, closedAt, updatedAt;
    std::int64_t version = 0;  ///< log sequence of the last event applied

    Quantity leavesQuantity() const; ///< what may still fill; never negative
    friend bool operator==(const Order&, const Order&) = default;
};

/// One execution. The id is unique per venue and account.
struct Fill {
    ExecutionId executionId;
    ClientOrderId clientOrderId;
    AccountId account;
    Symbol symbol;
    Side side = Side::Buy;
    Price price;
    Quantity quantity;
    Money fee;
    Timestamp eventTime;   ///< the venue's
    Timestamp receiveTime; ///< ours
    bool inferred = false; ///< derived from totals because the venue did not report it singly
    VenueOrderId venueOrderId; ///< the venue's id of the order it belongs to; reports of executions
                               ///< may carry only this, with an empty clientOrderId
    friend bool operator==(const Fill&, const Fill&) = default;
};

/// A net holding. Quantity is signed: short < 0.
struct Position {
    AccountId account;
    Symbol symbol;
    Quantity quantity;
    Price averagePrice; ///< of the open quantity
    Money realised;     ///< profit and loss of closed quantity since the position was first opened
    friend bool operator==(const Position&, const Position&) = default;
};

/// The position after one fill (average cost method; crossing zero opens at the fill's price).
Position afterFill(Position position, const Fill& fill);

/// A broker account's figures, as the broker reports them.
struct AccountSnapshot {
    AccountId account;
    std::string currency = "USD";
    Money cash;
    Money equity;
    Money lastEquity;   ///< at the previous close; day P&L = equity − lastEquity
    Money buyingPower;
    Money initialMargin;
    Money maintenanceMargin;
    bool tradingBlocked = false;
    bool shortingEnabled = false;
    Timestamp asOf;
    friend bool operator==(const AccountSnapshot&, const AccountSnapshot&) = default;
};

} // namespace qd
