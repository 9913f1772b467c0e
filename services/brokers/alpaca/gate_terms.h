#pragma once

#include <vector>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/brokers/request_gate.h"

namespace qd::brokers::alpaca {

/// How Alpaca is asked at `baseUrl` by the account's own key. `settings` outlive the gate.
GateTerms gateTerms(const AlpacaSettings& settings, std::string baseUrl, std::string breaker);

/// How its market data is asked for: the key of `settings`, then each of its `moreDataKeys`.
std::vector<GateTerms> dataTerms(const AlpacaSettings& settings);

} // namespace qd::brokers::alpaca
