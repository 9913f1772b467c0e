#pragma once

#include <string>
#include <vector>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/runtime/config.h"

namespace qd::app {

/// Everything quarterdeckd can be told, as data.
const std::vector<runtime::Setting>& backendSettings();

/// Problems that no single setting shows: credentials in neither place, a live address without the
/// live switch, a wildcard origin. For `Config::load`.
std::vector<runtime::ConfigProblem> crossCheck(const runtime::Config& config);

/// The broker's addresses and key. Fails with: Invalid or Unavailable "config.credentials".
Result<brokers::AlpacaSettings> alpacaSettings(const runtime::Config& config);

/// `$XDG_DATA_HOME/quarterdeck`, or what `data_dir` says.
std::string dataDirectory(const runtime::Config& config);

} // namespace qd::app
