#pragma once

#include "models/orders/order.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// How orders are spoken of, short enough for a table.
QString shortWord(OrderType type);      ///< "LMT"
QString shortWord(TimeInForce inForce); ///< "DAY"
QString sideWord(Side side);            ///< "BUY"
QString stateWord(const Order& order);  ///< "WORKING"
Tone stateTone(const Order& order);
/// The price that matters: limit, else stop.
std::optional<Price> shownPrice(const OrderRequest& request);
/// The venue's id if there is one, else the first part of ours.
QString shortId(const Order& order);
/// "BUY 300 SPY @ 511.86 LMT".
QString headline(const OrderRequest& request, int places);

} // namespace qd::ui
