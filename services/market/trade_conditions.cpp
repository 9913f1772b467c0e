#include "services/market/trade_conditions.h"

namespace qd::market {

TradeEffect effectOf(std::string_view conditions)
{
    TradeEffect effect;
    for (const char condition : conditions) {
        switch (condition) {
        // Neither last nor range: average price, cash, price variation, odd lot, next day,
        // seller, contingent, qualified contingent, corrected and derivatively priced prints.
        case 'B':
        case 'C':
        case 'H':
        case 'I':
        case 'N':
        case 'R':
        case 'V':
        case 'W':
        case '4':
        case '7': effect.last = effect.range = false; break;
        // Range but not last: bunched sold, prior reference price, sold out of sequence.
        case 'G':
        case 'P':
        case 'Z': effect.last = false; break;
        // The market centre's official open and close repeat what was printed before.
        case 'M':
        case 'Q':
        case '9': effect = {false, false, false}; break;
        default: break;
        }
        if (!effect.volume) break;
    }
    return effect;
}

} // namespace qd::market
