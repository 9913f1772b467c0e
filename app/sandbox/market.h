#pragma once

#include <memory>

#include "models/base/result.h"
#include "services/exchange/market_source.h"
#include "services/runtime/config.h"

namespace qd::app {

/// The market that the configuration asks for: a simulation, or recorded files.
Result<std::unique_ptr<exchange::MarketSource>> makeMarket(const runtime::Config& config);

} // namespace qd::app
