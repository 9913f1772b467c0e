#include "services/market/symbol_state.h"

namespace qd::market {

Price SymbolState::reference() const
{
    if (bid.isPositive() && ask.isPositive()) {
        const Int128 sum = static_cast<Int128>(bid.units()) + ask.units();
        return Price::fromUnits(static_cast<std::int64_t>(sum / 2));
    }
    return last;
}

Price SymbolState::change() const
{
    return last.isPositive() && previousClose.isPositive() ? last - previousClose : Price{};
}

} // namespace qd::market
