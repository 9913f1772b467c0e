#pragma once

#include "services/exchange/exchange.h"
#include "services/sandbox/alpaca/answers.h"

namespace qd::sandbox::alpaca {

/// Read the body of POST /v2/orders. Decimals may be strings or numbers, as at Alpaca.
/// Refuses with Alpaca's status, code and words.
ApiResult<exchange::NewOrder> readNewOrder(const json::Value& body,
                                           const exchange::Exchange& exchange);

/// Read the body of PATCH /v2/orders/{id}.
ApiResult<exchange::OrderChange> readOrderChange(const json::Value& body);

} // namespace qd::sandbox::alpaca
