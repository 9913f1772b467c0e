#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/backend/settings.h"
#include "services/brokers/ibkr/ibkr_settings.h"
#include "services/brokers/tradier/tradier_settings.h"

namespace qd::app {

/// `own`, and what says with which broker the program works and where that is.
std::vector<runtime::Setting> withBrokerSettings(std::vector<runtime::Setting> own);

/// "alpaca", "tradier" or "ibkr". Of a setting that is unsound: "alpaca".
std::string brokerName(const runtime::Config& config);
/// How long to wait for the answer to an order.
std::chrono::milliseconds commandTimeout(const runtime::Config& config);

/// What is missing for the broker that is named, and where play money and real money are mixed up.
std::vector<runtime::ConfigProblem> brokerProblems(const runtime::Config& config);

/// Where Tradier is; the token comes from the vault.
brokers::TradierSettings tradierSettings(const runtime::Config& config);
brokers::IbkrSettings ibkrSettings(const runtime::Config& config);

} // namespace qd::app
