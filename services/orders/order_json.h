#pragma once

#include <string>

#include "models/orders/order.h"
#include "services/json/json.h"
#include "services/orders/facts.h"

namespace qd::orders {

/// JSON of orders as `resources/api.md` spells it. `Log` adds what only the tables and the event log
/// need to rebuild an order (earlier state, all venue ids, confirmations …), and leaves out what is null.
enum class Detail { Api, Log };

void writeOrder(json::Writer& writer, const Order& order, Detail detail = Detail::Api);
void writeFill(json::Writer& writer, const Fill& fill, Detail detail = Detail::Api);
/// What the account's own figures do not say.
struct AccountExtras {
    Money openRisk;
    bool live = false;
};
void writeAccount(json::Writer& writer, const AccountSnapshot& account,
                  const AccountExtras& extras = {});
void writeDifference(json::Writer& writer, const Difference& difference);
/// `{"state","reason","since","reconciling","brokerConnected","differences":[…]}`
void writeTrading(json::Writer& writer, const TradingStatus& trading);
void writeReport(json::Writer& writer, const ReconcileReport& report);
void writeNotice(json::Writer& writer, const Notice& notice);
void writeCheck(json::Writer& writer, const Check& check);

/// The market's side of a position, where the caller knows it.
struct PositionValue {
    std::optional<Price> lastPrice;
    std::optional<Price> previousClose;
    bool reconciled = true;
};
void writePosition(json::Writer& writer, const Position& position, const PositionValue& value);

/// The request members of an order (`clientOrderId` … `stopLoss`, `confirmations`). Unknown members
/// are tolerated; missing prices stay unset, for validation to name. All problems of shape at once:
/// wrong type, unknown word, not a number; `field` names each.
tl::expected<OrderRequest, std::vector<FieldError>> readRequest(json::Value value);
/// The inverse of `writeOrder(…, Log)`. Fails with: Invalid and the member's name.
Result<Order> readOrder(json::Value value);
Result<Fill> readFill(json::Value value);
Result<AccountSnapshot> readAccount(json::Value value);

} // namespace qd::orders
