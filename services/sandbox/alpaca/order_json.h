#pragma once

#include "services/exchange/venue_order.h"
#include "services/json/json.h"
#include "services/sandbox/alpaca/venue_records.h"

namespace qd::sandbox::alpaca {

enum class Legs { Hidden, Nested };

/// An order as REST and trade_updates show it: decimals as strings, every key always there.
/// With Nested, `legs` holds the legs' own objects; otherwise it is null.
void writeOrder(json::Writer& out, const exchange::VenueOrder& order, const VenueRecords& records,
                Legs legs);

/// What the order does to the position: "buy_to_open", "sell_to_close" …
std::string_view positionIntent(const exchange::VenueOrder& order, const VenueRecords& records);

} // namespace qd::sandbox::alpaca
