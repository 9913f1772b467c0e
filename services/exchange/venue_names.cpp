// The words for the venue's enumerations.

#include "services/exchange/market_source.h"
#include "services/exchange/venue_order.h"

namespace qd::exchange {

std::string_view toString(VenueStatus status)
{
    switch (status) {
    case VenueStatus::PendingNew: return "pending_new";
    case VenueStatus::Accepted: return "accepted";
    case VenueStatus::New: return "new";
    case VenueStatus::Held: return "held";
    case VenueStatus::PartiallyFilled: return "partially_filled";
    case VenueStatus::Filled: return "filled";
    case VenueStatus::DoneForDay: return "done_for_day";
    case VenueStatus::Canceled: return "canceled";
    case VenueStatus::Expired: return "expired";
    case VenueStatus::Replaced: return "replaced";
    case VenueStatus::PendingCancel: return "pending_cancel";
    case VenueStatus::PendingReplace: return "pending_replace";
    case VenueStatus::Rejected: return "rejected";
    }
    return "new";
}

std::optional<VenueStatus> parseVenueStatus(std::string_view word)
{
    for (int i = 0; i <= static_cast<int>(VenueStatus::Rejected); ++i) {
        if (toString(static_cast<VenueStatus>(i)) == word)
            return static_cast<VenueStatus>(i);
    }
    return std::nullopt;
}

bool isFinal(VenueStatus status)
{
    switch (status) {
    case VenueStatus::Filled:
    case VenueStatus::Canceled:
    case VenueStatus::Expired:
    case VenueStatus::Replaced:
    case VenueStatus::Rejected: return true;
    default: return false;
    }
}

std::string_view toString(OrderEvent event)
{
    switch (event) {
    case OrderEvent::PendingNew: return "pending_new";
    case OrderEvent::Accepted: return "accepted";
    case OrderEvent::New: return "new";
    case OrderEvent::PartialFill: return "partial_fill";
    case OrderEvent::Fill: return "fill";
    case OrderEvent::Canceled: return "canceled";
    case OrderEvent::Expired: return "expired";
    case OrderEvent::DoneForDay: return "done_for_day";
    case OrderEvent::Replaced: return "replaced";
    case OrderEvent::Rejected: return "rejected";
    case OrderEvent::PendingCancel: return "pending_cancel";
    case OrderEvent::PendingReplace: return "pending_replace";
    case OrderEvent::Held: return "held";
    case OrderEvent::ReplaceRejected: return "order_replace_rejected";
    case OrderEvent::CancelRejected: return "order_cancel_rejected";
    }
    return "new";
}

std::string_view haltCode(HaltReason reason)
{
    switch (reason) {
    case HaltReason::None: return "";
    case HaltReason::Regulatory: return "T1";
    case HaltReason::Volatility: return "LUDP";
    case HaltReason::Operator: return "M";
    }
    return "";
}

std::string_view haltText(HaltReason reason)
{
    switch (reason) {
    case HaltReason::None: return "";
    case HaltReason::Regulatory: return "News Pending";
    case HaltReason::Volatility: return "Volatility Trading Pause";
    case HaltReason::Operator: return "Halted by the Market Operator";
    }
    return "";
}

} // namespace qd::exchange
