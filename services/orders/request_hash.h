#pragma once

#include <string>

#include "models/orders/order.h"

namespace qd::orders {

/// SHA-256 of what the request says, as hex: equal for the same order, whatever was confirmed.
std::string requestHash(const OrderRequest& request);

} // namespace qd::orders
