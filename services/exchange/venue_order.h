#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/base/ids.h"
#include "models/market/instrument.h"
#include "models/orders/order.h"

namespace qd::exchange {

/// What a customer asks the venue for. Nothing is checked yet.
struct NewOrder {
    std::string clientOrderId; ///< empty: the venue makes one
    Symbol symbol;
    Side side = Side::Buy;
    OrderType type = OrderType::Market;
    TimeInForce timeInForce = TimeInForce::Day;
    std::optional<Quantity> quantity; ///< xor notional
    std::optional<Decimal> notional;  ///< market, day: as many shares as this buys
    std::optional<Price> limitPrice, stopPrice, trailPrice;
    std::optional<Decimal> trailPercent;
    bool extendedHours = false;
    OrderClass orderClass = OrderClass::Simple;
    std::optional<TakeProfit> takeProfit;
    std::optional<StopLoss> stopLoss;
};

/// What may be changed of a working order; what is not given stays.
struct OrderChange {
    std::string clientOrderId; ///< of the order that takes its place; empty: made
    std::optional<Quantity> quantity;
    std::optional<TimeInForce> timeInForce;
    std::optional<Price> limitPrice, stopPrice;
    std::optional<Decimal> trail; ///< currency or percent, as the order has it
};

enum class VenueStatus {
    PendingNew,    ///< taken; not yet at the market
    Accepted,      ///< taken while the market is shut, or waiting for its auction
    New,           ///< working
    Held,          ///< a leg, until its entry is filled or its sibling ends
    PartiallyFilled,
    Filled,
    DoneForDay,
    Canceled,
    Expired,
    Replaced,
    PendingCancel,
    PendingReplace,
    Rejected,
};
std::string_view toString(VenueStatus status); ///< Alpaca's words: "pending_new", "held"
std::optional<VenueStatus> parseVenueStatus(std::string_view word);
bool isFinal(VenueStatus status);

/// One order as the venue keeps it. Copies are handed out; the venue's own changes.
struct VenueOrder {
    VenueOrderId id;
    std::string clientOrderId;
    AccountId account;
    Symbol symbol;
    AssetClass assetClass = AssetClass::Equity;
    Side side = Side::Buy;
    OrderType type = OrderType::Market;
    TimeInForce timeInForce = TimeInForce::Day;
    Quantity quantity;                ///< zero while a notional order has not been sized
    std::optional<Decimal> notional;
    std::optional<Price> limitPrice, stopPrice, trailPrice;
    std::optional<Decimal> trailPercent;
    std::optional<Price> highWaterMark; ///< trailing stops: best price seen
    bool extendedHours = false;
    OrderClass orderClass = OrderClass::Simple;
    VenueStatus status = VenueStatus::PendingNew;
    bool triggered = false; ///< its stop was hit
    Quantity filledQuantity;
    std::optional<Price> averagePrice;
    std::optional<VenueOrderId> parent;  ///< entry (bracket, OTO) or take-profit (OCO) of a leg
    std::vector<VenueOrderId> legs;      ///< take-profit first, then stop-loss
    std::optional<VenueOrderId> replaces, replacedBy;
    std::string reason; ///< why rejected, canceled or expired, in words
    Timestamp createdAt, submittedAt, updatedAt;
    std::optional<Timestamp> filledAt, expiredAt, canceledAt, failedAt, replacedAt;

    Quantity leaves() const { return quantity - filledQuantity; }
    friend bool operator==(const VenueOrder&, const VenueOrder&) = default;
};

struct VenueExecution {
    ExecutionId id; ///< UUID
    VenueOrderId order;
    AccountId account;
    Symbol symbol;
    Side side = Side::Buy;
    Price price;
    Quantity quantity;
    Quantity cumulative, leaves; ///< of the order, after this
    Money fee;
    Quantity positionAfter; ///< signed
    Timestamp at;
};

enum class OrderEvent {
    PendingNew,
    Accepted,
    New,
    PartialFill,
    Fill,
    Canceled,
    Expired,
    DoneForDay,
    Replaced,
    Rejected,
    PendingCancel,
    PendingReplace,
    Held,
    ReplaceRejected,
    CancelRejected,
};
std::string_view toString(OrderEvent event); ///< Alpaca's words: "partial_fill"

/// Something became of an order.
struct OrderUpdate {
    OrderEvent event = OrderEvent::New;
    VenueOrder order; ///< as it is now
    std::optional<VenueExecution> execution; ///< with PartialFill and Fill
    Quantity positionQuantity;               ///< signed, now
    Timestamp at;
};

/// Why the venue refuses. Stable; a protocol in front of the venue maps it to its own codes.
enum class Refusal {
    UnknownAccount,
    AccountBlocked,
    UnknownSymbol,
    NotTradable,
    NotFractionable,
    NotShortable,
    InvalidQuantity,    ///< missing, zero, negative, not a lot multiple, both or neither notional
    InvalidNotional,
    InvalidPrice,       ///< missing, unwanted, zero or negative
    SubPenny,           ///< price is finer than the tick
    InvalidCombination, ///< type, time in force, class or extended hours do not go together
    InvalidLegs,        ///< bracket prices missing or on the wrong side
    ClientOrderIdTooLong,
    DuplicateClientOrderId,
    InsufficientBuyingPower, ///< figures: buying_power, cost_basis
    InsufficientQuantity,    ///< figures: existing_qty, held_for_orders, available, requested
    CrossesZero,             ///< long to short or back in one order
    WashTrade,               ///< would trade with an order of the same account
    AuctionWindow,           ///< opg or cls outside its hours
    NoMarket,                ///< no price to value a market order
    OrderNotFound,
    NotCancelable, ///< figures: status
    NotReplaceable,
    PositionNotFound,
};

/// A refusal with its figures, e.g. {"buying_power","176531.28"}.
struct VenueRefusal {
    Refusal reason = Refusal::InvalidCombination;
    std::string message;
    std::string field; ///< JSON name of the offending input; empty if none
    std::vector<std::pair<std::string, std::string>> figures;
};
template <typename T>
using VenueResult = tl::expected<T, VenueRefusal>;

} // namespace qd::exchange
