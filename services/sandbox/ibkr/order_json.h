#pragma once

#include <string>
#include <string_view>

#include "services/sandbox/ibkr/contracts.h"
#include "services/sandbox/ibkr/order_ledger.h"

namespace qd::sandbox::ibkr {

/// How much of an order is told: all, or what may change of it (the stream's later messages).
enum class Extent { Whole, Changes };

/// IBKR's word for where an order is. A partial fill has none of its own.
std::string_view statusOf(const exchange::VenueOrder& order);

/// One of /iserver/account/orders, or of a `sor` message: ids are numbers, sizes numbers, prices texts.
void writeLiveOrder(json::Writer& out, const LiveOrder& chain, const Contracts& contracts,
                    std::string_view accountNumber, Extent extent = Extent::Whole);
/// /iserver/account/order/status/{id}: sizes are texts, and the customer's own id is not told.
std::string orderStatusJson(const LiveOrder& chain, const Contracts& contracts,
                            std::string_view accountNumber);
/// One of /iserver/account/trades, or of a `str` message. No order number is told: the customer's id is.
void writeExecution(json::Writer& out, const exchange::VenueExecution& execution,
                    const LiveOrder& chain, const Contracts& contracts,
                    std::string_view accountNumber);

} // namespace qd::sandbox::ibkr
