#pragma once

#include "services/exchange/exchange.h"
#include "services/json/json.h"

namespace qd::sandbox::alpaca {

/// Market data as Alpaca prints it: numbers, one-letter keys. These write the members of an object
/// that the caller has begun (the stream puts "T" and "S" in front). Sizes are shares and coins.
void writeQuoteFields(json::Writer& out, const exchange::QuoteTick& quote,
                      const Instrument& instrument);
void writeTradeFields(json::Writer& out, const exchange::TradeTick& trade,
                      const Instrument& instrument);
/// `vw` is the bar's typical price: the exchange keeps no volume-weighted one.
void writeBarFields(json::Writer& out, const Bar& bar);
void writeStatusFields(json::Writer& out, const exchange::StatusTick& status,
                       const Instrument& instrument);
/// "t", "b" and "a" with price and size a level.
void writeBookFields(json::Writer& out, const Book& book);
/// The members of a snapshot; those that are not known yet are left out.
void writeSnapshotFields(json::Writer& out, const exchange::MarketSnapshot& snapshot,
                         const Instrument& instrument);

} // namespace qd::sandbox::alpaca
