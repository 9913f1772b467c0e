#pragma once

#include <string_view>

namespace qd::market {

/// What a print may change, by its sale conditions (CTA and UTP consolidated tape rules).
struct TradeEffect {
    bool last = true;   ///< the last price, and open and close of a bar
    bool range = true;  ///< high and low
    bool volume = true;
};

/// Conditions as the tapes write them, "@ I": one letter each, blanks ignored; the most restrictive
/// counts. Unknown letters and no conditions at all restrict nothing.
TradeEffect effectOf(std::string_view conditions);

} // namespace qd::market
