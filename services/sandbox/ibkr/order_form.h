#pragma once

#include <string>
#include <vector>

#include "services/exchange/venue_order.h"
#include "services/sandbox/ibkr/answers.h"
#include "services/sandbox/ibkr/contracts.h"

namespace qd::sandbox::ibkr {

/// One order with its exits, read from what a customer sent.
struct Placement {
    exchange::NewOrder order;
    std::vector<std::string> legRefs; ///< the customer's ids of the exits, take-profit first
    std::string text;                 ///< "BUY 100 AAPL NASDAQ @ 165.0", for questions and refusals
};

template <typename T>
using FormResult = tl::expected<T, std::string>; ///< the words of the refusal

/// The body of POST …/orders: {"orders":[…]} or a bare array. Several orders are one entry with its
/// exits (`parentId` is the entry's cOID) or one pair (`isSingleGroup`). Keys are case-sensitive.
FormResult<Placement> readPlacement(const json::Value& body, const Contracts& contracts);

/// The body of POST …/order/{id}: one object with all that the order has, changed or not.
FormResult<exchange::NewOrder> readChange(const json::Value& body, const Contracts& contracts);

} // namespace qd::sandbox::ibkr
