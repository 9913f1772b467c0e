#pragma once

#include <string_view>

#include "services/client/facts.h"

/// The words of the wire, by the type they stand for. Fail with Invalid.
namespace qd::client {

inline Result<Side> parseAs(std::string_view text, Side) { return parseSide(text); }
inline Result<OrderType> parseAs(std::string_view text, OrderType) { return parseOrderType(text); }
inline Result<TimeInForce> parseAs(std::string_view text, TimeInForce)
{
    return parseTimeInForce(text);
}
inline Result<OrderClass> parseAs(std::string_view text, OrderClass)
{
    return parseOrderClass(text);
}
inline Result<OrderState> parseAs(std::string_view text, OrderState)
{
    return parseOrderState(text);
}
inline Result<Freshness> parseAs(std::string_view text, Freshness) { return parseFreshness(text); }
inline Result<FeedClass> parseAs(std::string_view text, FeedClass) { return parseFeedClass(text); }
inline Result<SessionPhase> parseAs(std::string_view text, SessionPhase)
{
    return parseSessionPhase(text);
}
inline Result<AssetClass> parseAs(std::string_view text, AssetClass)
{
    return parseAssetClass(text);
}
inline Result<BarInterval> parseAs(std::string_view text, BarInterval)
{
    return parseBarInterval(text);
}
Result<OrderOrigin> parseAs(std::string_view text, OrderOrigin);
Result<TradingState> parseAs(std::string_view text, TradingState);
Result<Severity> parseAs(std::string_view text, Severity);

} // namespace qd::client
