#include "services/market/value_checks.h"

#include <algorithm>

namespace qd::market {

namespace {

bool isFarFrom(Price price, Price reference)
{
    const Int128 a = price.units(), b = reference.units();
    return a > b * kJumpMax || a * kJumpMax < b;
}

/// Is `price` possible after what was believed? Counts the refused ones that agree.
bool isPlausible(Price price, Believed& believed)
{
    if (price > kPriceMax) return false;
    if (!believed.reference.isPositive() || !isFarFrom(price, believed.reference)) {
        believed.suspects = 0;
        return true;
    }
    const bool agrees = believed.suspects > 0 && believed.suspect.isPositive() &&
                        price.units() / 2 < believed.suspect.units() &&
                        believed.suspect.units() / 2 < price.units();
    believed.suspects = agrees ? believed.suspects + 1 : 1;
    believed.suspect = price;
    if (believed.suspects < kSuspectsAgreed) return false;
    believed.suspects = 0;
    return true;
}

bool isPossible(Timestamp eventTime, Timestamp now)
{
    return eventTime <= now + kFutureMax && eventTime >= now - kPastMax;
}

Price middle(const Quote& quote)
{
    if (quote.bid.isZero()) return quote.ask;
    if (quote.ask.isZero()) return quote.bid;
    // Halved first: two prices near the maximum do not overflow.
    return Price::fromUnits(quote.bid.units() / 2 + quote.ask.units() / 2);
}

} // namespace

Doubt check(const Quote& quote, Timestamp now, Believed& believed)
{
    if (quote.bid.isNegative() || quote.ask.isNegative() || quote.bidSize.isNegative() ||
        quote.askSize.isNegative() || (quote.bid.isZero() && quote.ask.isZero()))
        return Doubt::Negative;
    if (quote.bid > quote.ask && quote.ask.isPositive()) return Doubt::Crossed;
    if (!isPossible(quote.eventTime, now)) return Doubt::Absurd;
    if (quote.eventTime < believed.quoteTime) return Doubt::OutOfOrder;
    const Price price = middle(quote);
    if (quote.ask > kPriceMax || !isPlausible(price, believed)) return Doubt::Absurd;
    believed.reference = price;
    believed.quoteTime = quote.eventTime;
    return Doubt::None;
}

Doubt check(const Trade& trade, Timestamp now, Believed& believed)
{
    if (!trade.price.isPositive() || !trade.size.isPositive()) return Doubt::Negative;
    if (!isPossible(trade.eventTime, now)) return Doubt::Absurd;
    if (!isPlausible(trade.price, believed)) return Doubt::Absurd;
    if (trade.eventTime < believed.tradeTime) return Doubt::None;
    believed.reference = trade.price;
    believed.tradeTime = trade.eventTime;
    return Doubt::None;
}

} // namespace qd::market
