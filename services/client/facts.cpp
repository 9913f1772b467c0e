#include "services/client/facts.h"

namespace qd::client {

std::string_view toString(TradingState state)
{
    switch (state) {
    case TradingState::Active: return "active";
    case TradingState::Reducing: return "reducing";
    case TradingState::Halted: return "halted";
    }
    return "";
}

} // namespace qd::client
