#pragma once

#include "services/client/facts.h"
#include "services/client/field_reader.h"

/// The facts of `resources/api.md`, from JSON to values and requests the other way. Errors are
/// remembered by the reader; a record with a wrong member is never half believed.
namespace qd::client {

OrderFacts readOrder(FieldReader& read, const json::Value& value);
Fill readFill(FieldReader& read, const json::Value& value);
PositionFacts readPosition(FieldReader& read, const json::Value& value);
AccountFacts readAccount(FieldReader& read, const json::Value& value);
TradingFacts readTrading(FieldReader& read, const json::Value& value);
MarketFacts readMarket(FieldReader& read, const json::Value& value);
Notice readNotice(FieldReader& read, const json::Value& value, Timestamp time);
StatusReport readStatus(FieldReader& read, const json::Value& value);
QuoteFacts readQuote(FieldReader& read, const json::Value& value);
Instrument readInstrument(FieldReader& read, const json::Value& value);
OrderPreview readPreview(FieldReader& read, const json::Value& value);
BarSeries readBars(FieldReader& read, const json::Value& value);
TimelineEvent readTimelineEvent(FieldReader& read, const json::Value& value);
LogEvent readLogEvent(FieldReader& read, const json::Value& value);
Span readSpan(FieldReader& read, const json::Value& value);
/// A record of compact "key: value" pairs, for people.
std::string pairsOf(const json::Value& object);

/// Every element of an array (none if it is absent), by `one`.
template <typename T>
std::vector<T> readAll(FieldReader& read, const json::Value& array,
                       T (*one)(FieldReader&, const json::Value&))
{
    std::vector<T> all;
    all.reserve(array.size());
    for (const auto& item : array.items()) all.push_back(one(read, item));
    return all;
}

/// Bodies of requests.
std::string orderBody(const OrderRequest& order);
std::string changeBody(const OrderChange& change);
std::string tradingBody(TradingState state, const std::string& reason);
std::string reasonBody(const std::string& reason);
std::string subscribeMessage(const WishList& wishes);

} // namespace qd::client
