#pragma once

#include "models/orders/order.h"
#include "services/storage/hashing.h"

namespace qd::orders {

/// SHA-256 of what the request says: equal for the same order, whatever was confirmed.
storage::Hash requestHash(const OrderRequest& request);

} // namespace qd::orders
