#pragma once

#include <optional>
#include <string>

#include "models/market/calendar.h"
#include "models/market/instrument.h"

namespace qd {

enum class OptionRight { Call, Put };

/// What the symbol of a listed option says: "GOOG151224C00750000" is a call on GOOG at 750.00 that
/// expires on 24 December 2015.
struct OptionContract {
    std::string root; ///< as listed: mostly the underlying's symbol
    Date expiration;
    OptionRight right = OptionRight::Call;
    Price strike;
    friend bool operator==(const OptionContract&, const OptionContract&) = default;
};

/// Nothing if `symbol` is no option's.
std::optional<OptionContract> optionContractOf(const Symbol& symbol);
/// Fails with: Invalid "symbol.option": a root that is none, a year outside 2000 … 2099, a strike
/// that is not positive, not a multiple of a tenth of a cent, or above 99,999.999.
Result<Symbol> symbolOf(const OptionContract& contract);
/// "GOOG 24 Dec 2015 750 Call".
std::string toString(const OptionContract& contract);

} // namespace qd
