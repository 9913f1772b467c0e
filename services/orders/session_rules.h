#pragma once

#include "services/orders/checks.h"

namespace qd::orders {

// Rules of the clock and the market's state, for the table in risk_rules.cpp.

/// Market orders only while the market is open; auctions only in their windows (New York: opg 19:00 –
/// 09:28, cls not 15:50 – 19:00); extended hours only where there are any.
std::vector<Finding> marketHours(const CheckInput& input);
std::vector<Finding> notHalted(const CheckInput& input);
/// A market order needs a price that is not older than `quoteAgeRefuse`.
std::vector<Finding> quoteUsable(const CheckInput& input);

} // namespace qd::orders
