#pragma once

#include <string>

#include "services/market/market_data.h"

namespace qd::gateway {

/// A `Quote` of `resources/api.md`, with its age at `now`.
std::string quoteJson(const market::SymbolState& state, Timestamp now);

/// One row of a stream frame's `quotes`: [symbol,bid,ask,bidSize,askSize,last,lastSize,volume,
/// eventMs,receiveMs,freshness], appended to `out`. The hot path of the fan-out: no allocation
/// beyond the growth of `out`.
void appendQuoteRow(std::string& out, const market::SymbolState& state);
void appendTradeRow(std::string& out, const Trade& trade);
void appendBarRow(std::string& out, const market::BarUpdate& update);

/// [startMs,"o","h","l","c","v",tradeCount]
void appendBar(std::string& out, const Bar& bar);

} // namespace qd::gateway
