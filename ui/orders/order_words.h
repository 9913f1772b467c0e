#pragma once

#include "services/client/facts.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// How orders are spoken of, short enough for a table.
QString shortWord(OrderType type);      ///< "LMT"
QString shortWord(TimeInForce inForce); ///< "DAY"
QString sideWord(Side side);            ///< "BUY"
/// "WORKING"; a word that this version does not know as it came.
QString stateWord(const client::OrderFacts& order);
Tone stateTone(const client::OrderFacts& order);
QString sideWord(const client::OrderFacts& order);
QString typeWord(const client::OrderFacts& order);
QString timeInForceWord(const client::OrderFacts& order);
/// The price that matters: limit, else stop.
std::optional<Price> shownPrice(const OrderRequest& request);
/// The venue's id if there is one, else the first part of ours.
QString shortId(const Order& order);
/// "BUY 300 SPY @ 511.86 LMT", with exits "… + BRACKET", an OCO "SELL 500 SPY OCO 513.10 / 511.05".
QString headline(const OrderRequest& request, int places);

} // namespace qd::ui
