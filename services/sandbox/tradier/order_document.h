#pragma once

#include "services/exchange/exchange.h"
#include "services/sandbox/order_chains.h"
#include "services/sandbox/tradier/document.h"

namespace qd::sandbox::tradier {

/// An order as GET orders tells of it. A group is a container without a price of its own: its entry (the
/// container's number and one) and its exits are legs.
Node orderDocument(const OrderChain& order, const OrderChains& chains, const alpaca::Desk& desk,
                   bool withTag);
/// The same as one message of the account stream: neither symbol nor side nor what is to be filled are
/// in it. `status` is the stream's word.
std::string orderEvent(const OrderChain& order, std::string_view status, std::string_view accountNumber,
                       const OrderChains& chains, const alpaca::Desk& desk);

/// The number of an order of the exchange on Tradier's side: of a group's entry it is not the
/// container's.
std::int64_t legNumber(const OrderChain& order);

/// "open", "partially_filled", …; a leg that waits is "pending" by REST and "held" on the stream.
std::string_view statusWord(exchange::VenueStatus status);

} // namespace qd::sandbox::tradier
