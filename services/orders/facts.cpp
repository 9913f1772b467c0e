#include "services/orders/facts.h"

namespace qd::orders {

std::string_view toString(TradingState state)
{
    switch (state) {
    case TradingState::Active: return "active";
    case TradingState::Reducing: return "reducing";
    case TradingState::Halted: return "halted";
    }
    return "unknown";
}

Result<TradingState> parseTradingState(std::string_view text)
{
    for (const TradingState state :
         {TradingState::Active, TradingState::Reducing, TradingState::Halted}) {
        if (toString(state) == text) return state;
    }
    return fail(ErrorKind::Invalid, "order.unknown_value",
                "expected one of active, reducing, halted, was \"" + std::string(text) + "\"",
                "state");
}

std::string_view toString(Severity severity)
{
    switch (severity) {
    case Severity::Info: return "info";
    case Severity::Warning: return "warning";
    case Severity::Critical: return "critical";
    }
    return "unknown";
}

} // namespace qd::orders
