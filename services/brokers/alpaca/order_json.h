#pragma once

#include <string>

#include "services/brokers/broker.h"
#include "services/json/json.h"

/// Alpaca's order, account, position, asset and activity texts ↔ our values (Trading API v2).
/// Readers tolerate unknown members; a missing required one is Invalid "alpaca.schema". An order with
/// a status, type or time in force that we do not know is read all the same: see unknown_words.h.
/// Numbers that cannot be meant are Invalid "alpaca.schema" too: the rooms behind add and subtract
/// what they are told, and a sum that no number holds ends the program.
namespace qd::brokers::alpaca {

/// The most of an order, an execution or a holding; a few of them still add up.
inline constexpr Quantity kQuantityMax = Quantity::fromUnits(20'000'000'000 * Decimal::kOne);
/// Either way from zero: an order of several legs may have a negative price.
inline constexpr Price kPriceMax = Price::fromUnits(1'000'000'000 * Decimal::kOne);
inline constexpr Money kMoneyMax = Money(Decimal::fromUnits(90'000'000'000 * Decimal::kOne));

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
/// One of /v2/options/contracts; its name is made from its symbol.
Result<Instrument> readContract(const json::Value& contract);
/// A FILL activity. The order is named by the venue's id only.
Result<Fill> readFillActivity(const json::Value& activity, const AccountId& account,
                              Timestamp receiveTime);

/// What an error answer means: HTTP status and `{"code":…,"message":…}` → our Error.
/// Denied "alpaca.unauthorized" for 401 and key failures, "alpaca.insufficient_buying_power", …
Error readError(int status, std::string_view body);

/// A number of shares, contracts or coins: not negative, at most kQuantityMax.
Result<Quantity> readQuantity(const json::Value& value, const char* field);
/// At most kPriceMax.
Result<Price> readPrice(const json::Value& value, const char* field);

/// Our spelling ↔ Alpaca's: equal but for OCC options, which Alpaca writes without padding too.
Result<Symbol> readSymbol(const json::Value& value);

} // namespace qd::brokers::alpaca
