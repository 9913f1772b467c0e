#pragma once

#include <optional>
#include <span>

#include "models/orders/order.h"

namespace qd {

/// What can happen to an order. Each is one event in the log ("order.accepted").
enum class OrderEventKind {
    Initialized,
    Denied,
    Emulated,
    Released,
    ConfirmationAsked,
    Submitted,
    Accepted,
    Held,
    Rejected,
    Canceled,
    Expired,
    Triggered,
    PendingUpdate,
    PendingCancel,
    ModifyRejected, ///< restores the state before the request
    CancelRejected, ///< restores the state before the request
    Updated,        ///< price or quantity changed; the state stays (or is restored from pending)
    Replaced,
    Filled,         ///< one execution; partial or full is decided by the cumulative quantity
    OutcomeUnknown, ///< a flag, not a state: we do not know what the venue did
    OutcomeKnown,   ///< clears the flag
};
std::string_view toString(OrderEventKind kind); ///< "accepted", "modify_rejected"
Result<OrderEventKind> parseOrderEventKind(std::string_view text);

/// One row of the state table. `facts/trading.md` §4.1, plus Held, Replaced, AwaitingConfirmation.
struct Transition {
    OrderState from;
    OrderEventKind event;
    OrderState to;
};
std::span<const Transition> orderTransitions();

/// Where `event` leads from `from`; nothing if the table forbids it. `fullyFilled` decides between
/// PartiallyFilled and Filled; `previous` is where a refused change returns to.
std::optional<OrderState> nextState(OrderState from, OrderEventKind event, bool fullyFilled,
                                    OrderState previous);

} // namespace qd
