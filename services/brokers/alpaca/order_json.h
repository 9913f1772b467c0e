#pragma once

#include <string>

#include "services/brokers/broker.h"
#include "services/json/json.h"

/// Alpaca's order, account, position, asset and activity texts ↔ our values (Trading API v2).
/// Readers tolerate unknown members; a missing required one is Invalid "alpaca.schema". An order with
/// a status, type or time in force that we do not know is read all the same: see unknown_words.h.
namespace qd::brokers::alpaca {

/// Body of POST /v2/orders.
std::string writeOrder(const OrderRequest& request);
/// Body of PATCH /v2/orders/{id}.
std::string writeModification(const Modification& change);

/// An Order object, legs included.
Result<OrderReport> readOrder(const json::Value& order, const AccountId& account);
/// Alpaca's status word → ours. Unknown words are Invalid "alpaca.schema".
Result<OrderState> readStatus(std::string_view status);

Result<AccountSnapshot> readAccount(const json::Value& account, const AccountId& id, Timestamp asOf);
Result<Position> readPosition(const json::Value& position, const AccountId& account);
Result<Instrument> readAsset(const json::Value& asset);
/// A FILL activity. The order is named by the venue's id only.
Result<Fill> readFillActivity(const json::Value& activity, const AccountId& account,
                              Timestamp receiveTime);

/// What an error answer means: HTTP status and `{"code":…,"message":…}` → our Error.
/// Denied "alpaca.unauthorized" for 401 and key failures, "alpaca.insufficient_buying_power", …
Error readError(int status, std::string_view body);

/// Our spelling ↔ Alpaca's: equal but for OCC options, which Alpaca writes without padding too.
Result<Symbol> readSymbol(const json::Value& value);

} // namespace qd::brokers::alpaca
