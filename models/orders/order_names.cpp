#include "models/orders/order.h"
#include "models/orders/order_states.h"

#include <array>
#include <utility>

namespace qd {

namespace {

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Side, 2> kSides{{{Side::Buy, "buy"}, {Side::Sell, "sell"}}};

constexpr Names<OrderType, 5> kTypes{{
    {OrderType::Market, "market"},
    {OrderType::Limit, "limit"},
    {OrderType::Stop, "stop"},
    {OrderType::StopLimit, "stop_limit"},
    {OrderType::TrailingStop, "trailing_stop"},
}};

constexpr Names<TimeInForce, 6> kTimesInForce{{
    {TimeInForce::Day, "day"},
    {TimeInForce::Gtc, "gtc"},
    {TimeInForce::Ioc, "ioc"},
    {TimeInForce::Fok, "fok"},
    {TimeInForce::Opg, "opg"},
    {TimeInForce::Cls, "cls"},
}};

constexpr Names<OrderClass, 4> kClasses{{
    {OrderClass::Simple, "simple"},
    {OrderClass::Bracket, "bracket"},
    {OrderClass::Oco, "oco"},
    {OrderClass::Oto, "oto"},
}};

constexpr Names<OrderOrigin, 2> kOrigins{{
    {OrderOrigin::Ours, "ours"},
    {OrderOrigin::External, "external"},
}};

constexpr Names<OrderState, 17> kStates{{
    {OrderState::Initialized, "initialized"},
    {OrderState::AwaitingConfirmation, "awaiting_confirmation"},
    {OrderState::Denied, "denied"},
    {OrderState::Emulated, "emulated"},
    {OrderState::Released, "released"},
    {OrderState::Submitted, "submitted"},
    {OrderState::Accepted, "accepted"},
    {OrderState::Held, "held"},
    {OrderState::Rejected, "rejected"},
    {OrderState::Canceled, "canceled"},
    {OrderState::Expired, "expired"},
    {OrderState::Triggered, "triggered"},
    {OrderState::PendingUpdate, "pending_update"},
    {OrderState::PendingCancel, "pending_cancel"},
    {OrderState::PartiallyFilled, "partially_filled"},
    {OrderState::Filled, "filled"},
    {OrderState::Replaced, "replaced"},
}};

constexpr Names<OrderEventKind, 21> kEventKinds{{
    {OrderEventKind::Initialized, "initialized"},
    {OrderEventKind::Denied, "denied"},
    {OrderEventKind::Emulated, "emulated"},
    {OrderEventKind::Released, "released"},
    {OrderEventKind::ConfirmationAsked, "confirmation_asked"},
    {OrderEventKind::Submitted, "submitted"},
    {OrderEventKind::Accepted, "accepted"},
    {OrderEventKind::Held, "held"},
    {OrderEventKind::Rejected, "rejected"},
    {OrderEventKind::Canceled, "canceled"},
    {OrderEventKind::Expired, "expired"},
    {OrderEventKind::Triggered, "triggered"},
    {OrderEventKind::PendingUpdate, "pending_update"},
    {OrderEventKind::PendingCancel, "pending_cancel"},
    {OrderEventKind::ModifyRejected, "modify_rejected"},
    {OrderEventKind::CancelRejected, "cancel_rejected"},
    {OrderEventKind::Updated, "updated"},
    {OrderEventKind::Replaced, "replaced"},
    {OrderEventKind::Filled, "filled"},
    {OrderEventKind::OutcomeUnknown, "outcome_unknown"},
    {OrderEventKind::OutcomeKnown, "outcome_known"},
}};

template <typename Enum, std::size_t N>
std::string_view nameOf(const Names<Enum, N>& names, Enum value)
{
    for (const auto& [candidate, name] : names) {
        if (candidate == value) return name;
    }
    return "unknown";
}

template <typename Enum, std::size_t N>
Result<Enum> valueOf(const Names<Enum, N>& names, std::string_view text, const char* field)
{
    std::string accepted;
    for (const auto& [value, name] : names) {
        if (name == text) return value;
        if (!accepted.empty()) accepted += ", ";
        accepted += name;
    }
    return fail(ErrorKind::Invalid, "order.unknown_value",
                "expected one of " + accepted + ", was \"" + std::string(text) + "\"", field);
}

} // namespace

std::string_view toString(Side side) { return nameOf(kSides, side); }
std::string_view toString(OrderType type) { return nameOf(kTypes, type); }
std::string_view toString(TimeInForce timeInForce) { return nameOf(kTimesInForce, timeInForce); }
std::string_view toString(OrderClass orderClass) { return nameOf(kClasses, orderClass); }
std::string_view toString(OrderOrigin origin) { return nameOf(kOrigins, origin); }
std::string_view toString(OrderState state) { return nameOf(kStates, state); }
std::string_view toString(OrderEventKind kind) { return nameOf(kEventKinds, kind); }

Result<Side> parseSide(std::string_view text) { return valueOf(kSides, text, "side"); }
Result<OrderType> parseOrderType(std::string_view text) { return valueOf(kTypes, text, "type"); }
Result<TimeInForce> parseTimeInForce(std::string_view text)
{
    return valueOf(kTimesInForce, text, "timeInForce");
}
Result<OrderClass> parseOrderClass(std::string_view text)
{
    return valueOf(kClasses, text, "orderClass");
}
Result<OrderState> parseOrderState(std::string_view text)
{
    return valueOf(kStates, text, "state");
}
Result<OrderEventKind> parseOrderEventKind(std::string_view text)
{
    return valueOf(kEventKinds, text, "kind");
}

} // namespace qd
