#include "models/orders/order_states.h"

namespace qd {

namespace {

using S = OrderState;
using E = OrderEventKind;

// The whole life of an order. A row whose target is the state it left means "stays", except that a
// pending state returns to where it came from (ModifyRejected, CancelRejected, Updated), and that
// Filled means PartiallyFilled while the order is not complete; see nextState.
constexpr Transition kTransitions[] = {
    {S::Initialized, E::Denied, S::Denied},
    {S::Initialized, E::Emulated, S::Emulated},
    {S::Initialized, E::Released, S::Released},
    {S::Initialized, E::ConfirmationAsked, S::AwaitingConfirmation},
    {S::Initialized, E::Submitted, S::Submitted},
    {S::Initialized, E::Updated, S::Initialized},
    // Found at the broker: made by another program, or legs that the venue made for us.
    {S::Initialized, E::Accepted, S::Accepted},
    {S::Initialized, E::Held, S::Held},
    {S::Initialized, E::Rejected, S::Rejected},
    {S::Initialized, E::Canceled, S::Canceled},
    {S::Initialized, E::Expired, S::Expired},
    {S::Initialized, E::Triggered, S::Triggered},
    {S::Initialized, E::Replaced, S::Replaced},

    {S::AwaitingConfirmation, E::Submitted, S::Submitted},
    {S::AwaitingConfirmation, E::Denied, S::Denied},
    {S::AwaitingConfirmation, E::Accepted, S::Accepted},
    {S::AwaitingConfirmation, E::Rejected, S::Rejected},
    {S::AwaitingConfirmation, E::Canceled, S::Canceled},
    {S::AwaitingConfirmation, E::PendingCancel, S::PendingCancel},
    {S::AwaitingConfirmation, E::Expired, S::Expired}, // nobody answered in time
    {S::AwaitingConfirmation, E::Filled, S::Filled},   // answered elsewhere; that news was lost

    {S::Emulated, E::Canceled, S::Canceled},
    {S::Emulated, E::Expired, S::Expired},
    {S::Emulated, E::Released, S::Released},
    {S::Emulated, E::Updated, S::Emulated},

    {S::Released, E::Submitted, S::Submitted},
    {S::Released, E::Denied, S::Denied},
    {S::Released, E::Canceled, S::Canceled},
    {S::Released, E::Updated, S::Released},

    {S::Submitted, E::ConfirmationAsked, S::AwaitingConfirmation},
    {S::Submitted, E::PendingUpdate, S::PendingUpdate},
    {S::Submitted, E::PendingCancel, S::PendingCancel},
    {S::Submitted, E::Rejected, S::Rejected},
    {S::Submitted, E::Canceled, S::Canceled}, // immediate-or-cancel, fill-or-kill
    {S::Submitted, E::Expired, S::Expired},   // found out late, after an outage
    {S::Submitted, E::Accepted, S::Accepted},
    {S::Submitted, E::Held, S::Held},
    {S::Submitted, E::Triggered, S::Triggered},
    {S::Submitted, E::Replaced, S::Replaced},
    {S::Submitted, E::Filled, S::Filled},
    {S::Submitted, E::Updated, S::Submitted},

    {S::Accepted, E::Rejected, S::Rejected}, // a stop-limit that is refused when it triggers
    {S::Accepted, E::PendingUpdate, S::PendingUpdate},
    {S::Accepted, E::PendingCancel, S::PendingCancel},
    {S::Accepted, E::Canceled, S::Canceled},
    {S::Accepted, E::Triggered, S::Triggered},
    {S::Accepted, E::Expired, S::Expired},
    {S::Accepted, E::Filled, S::Filled},
    {S::Accepted, E::Replaced, S::Replaced},
    {S::Accepted, E::Updated, S::Accepted},

    {S::Held, E::Accepted, S::Accepted},
    {S::Held, E::Rejected, S::Rejected},
    {S::Held, E::PendingUpdate, S::PendingUpdate},
    {S::Held, E::PendingCancel, S::PendingCancel},
    {S::Held, E::Canceled, S::Canceled},
    {S::Held, E::Expired, S::Expired},
    {S::Held, E::Triggered, S::Triggered},
    {S::Held, E::Filled, S::Filled},
    {S::Held, E::Replaced, S::Replaced},
    {S::Held, E::Updated, S::Held},

    {S::PendingUpdate, E::Rejected, S::Rejected},
    {S::PendingUpdate, E::Accepted, S::Accepted},
    {S::PendingUpdate, E::Canceled, S::Canceled},
    {S::PendingUpdate, E::Expired, S::Expired},
    {S::PendingUpdate, E::Triggered, S::Triggered},
    {S::PendingUpdate, E::PendingUpdate, S::PendingUpdate},
    {S::PendingUpdate, E::PendingCancel, S::PendingCancel},
    {S::PendingUpdate, E::Filled, S::Filled},
    {S::PendingUpdate, E::Replaced, S::Replaced},
    {S::PendingUpdate, E::ModifyRejected, S::PendingUpdate},
    {S::PendingUpdate, E::Updated, S::PendingUpdate},

    {S::PendingCancel, E::Rejected, S::Rejected},
    {S::PendingCancel, E::PendingCancel, S::PendingCancel},
    {S::PendingCancel, E::Canceled, S::Canceled},
    {S::PendingCancel, E::Expired, S::Expired},
    {S::PendingCancel, E::Accepted, S::Accepted}, // the cancel failed
    {S::PendingCancel, E::Filled, S::Filled},
    {S::PendingCancel, E::Replaced, S::Replaced}, // a change won the race
    {S::PendingCancel, E::CancelRejected, S::PendingCancel},

    {S::Triggered, E::Rejected, S::Rejected},
    {S::Triggered, E::PendingUpdate, S::PendingUpdate},
    {S::Triggered, E::PendingCancel, S::PendingCancel},
    {S::Triggered, E::Canceled, S::Canceled},
    {S::Triggered, E::Expired, S::Expired},
    {S::Triggered, E::Filled, S::Filled},
    {S::Triggered, E::Replaced, S::Replaced},
    {S::Triggered, E::Updated, S::Triggered},

    {S::PartiallyFilled, E::PendingUpdate, S::PendingUpdate},
    {S::PartiallyFilled, E::PendingCancel, S::PendingCancel},
    {S::PartiallyFilled, E::Canceled, S::Canceled},
    {S::PartiallyFilled, E::Expired, S::Expired},
    {S::PartiallyFilled, E::Filled, S::Filled},
    {S::PartiallyFilled, E::Replaced, S::Replaced},
    {S::PartiallyFilled, E::Accepted, S::PartiallyFilled}, // a late acknowledgement
    {S::PartiallyFilled, E::Updated, S::PartiallyFilled},

    // A fill that happened before the end but was told after it is a fact.
    {S::Canceled, E::Filled, S::Filled},
    {S::Expired, E::Filled, S::Filled},
    {S::Replaced, E::Filled, S::Filled},
    {S::Filled, E::Filled, S::Filled}, // an overfill: recorded, and alarming
};

bool isFlag(OrderEventKind event)
{
    return event == E::OutcomeUnknown || event == E::OutcomeKnown;
}

bool returnsToPrevious(OrderState from, OrderEventKind event)
{
    if (from == S::PendingUpdate) return event == E::ModifyRejected || event == E::Updated;
    return from == S::PendingCancel && event == E::CancelRejected;
}

/// Where a fill that does not complete the order leads.
OrderState afterPartialFill(OrderState from)
{
    if (from == S::PendingUpdate || from == S::PendingCancel) return from; // still asked for
    if (isClosed(from)) return from;                                       // late: stays ended
    return S::PartiallyFilled;
}

} // namespace

std::span<const Transition> orderTransitions() { return kTransitions; }

std::optional<OrderState> nextState(OrderState from, OrderEventKind event, bool fullyFilled,
                                    OrderState previous)
{
    if (isFlag(event)) return isClosed(from) ? std::nullopt : std::optional(from);
    for (const Transition& row : kTransitions) {
        if (row.from != from || row.event != event) continue;
        if (returnsToPrevious(from, event)) return previous;
        if (event == E::Filled && !fullyFilled) return afterPartialFill(from);
        return row.to;
    }
    return std::nullopt;
}

bool isClosed(OrderState state)
{
    switch (state) {
    case S::Denied:
    case S::Rejected:
    case S::Canceled:
    case S::Expired:
    case S::Filled:
    case S::Replaced: return true;
    default: return false;
    }
}

bool isOpen(OrderState state)
{
    switch (state) {
    case S::Accepted:
    case S::Held:
    case S::Triggered:
    case S::PendingUpdate:
    case S::PendingCancel:
    case S::PartiallyFilled: return true;
    default: return false;
    }
}

bool isInFlight(OrderState state)
{
    return state == S::Submitted || state == S::PendingUpdate || state == S::PendingCancel;
}

} // namespace qd
