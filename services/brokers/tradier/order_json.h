#pragma once

#include <optional>
#include <vector>

#include "services/brokers/broker.h"
#include "services/json/json.h"

namespace qd::brokers::tradier {

/// Numbers beyond these cannot be meant; the rooms behind add and multiply.
inline const Quantity kQuantityMax = Quantity::of("1000000000");
inline const Price kPriceMax = Price::of("100000000");

/// The elements called `name` in a list that was made from XML: none ("null"), one (an object), or several.
std::vector<json::Value> elementsOf(const json::Value& list, std::string_view name);

/// An order as REST tells of it.
struct ToldOrder {
    OrderReport report;      ///< the client id is the tag, or the venue's id where there is none
    std::int64_t id = 0;
    std::int64_t fillsId = 0; ///< whose totals its executions are worked out from: a group's entry
    std::vector<ToldOrder> exits;
};
/// Fails with: Invalid "tradier.schema" and the field.
Result<ToldOrder> readOrder(const json::Value& order, const AccountId& account);

/// An order event of the account stream: neither symbol nor side are in it.
struct ToldEvent {
    std::int64_t id = 0, parentId = 0;
    std::string tag, status, reason;
    std::optional<Price> price, stop;
    Price average;
    Quantity filled;
    Timestamp at;
};
/// Fails with: Invalid "tradier.schema" and the field.
Result<ToldEvent> readEvent(const json::Value& event);

/// An unknown word leaves the state Submitted and is told as "unknown: status …".
OrderState readState(std::string_view status, Quantity filled, std::string& venueStatus);

Result<AccountSnapshot> readBalances(const json::Value& balances, const AccountId& account, Timestamp asOf);
Result<Position> readPosition(const json::Value& position, const AccountId& account);
Result<Instrument> readSecurity(const json::Value& security);

/// What Tradier says of class shares ("BRK/B") and what we say ("BRK.B").
Result<Symbol> readSymbol(const json::Value& value);
std::string symbolText(const Symbol& symbol);

/// Tradier's `side` for an order while `held` is the position.
std::string_view sideWord(Side side, Quantity held);
/// The form of POST orders. `held`: the position; `now` decides between pre and post.
std::string writeOrder(const OrderRequest& request, Quantity held, Timestamp now);
std::string writeModification(const Modification& change);

/// What an answer of status ≥ 400 means.
Error readError(int status, std::string_view body);
/// The refusal in an answer of status 200; nothing if there is none.
std::optional<Error> readErrors(const json::Value& root);

} // namespace qd::brokers::tradier
