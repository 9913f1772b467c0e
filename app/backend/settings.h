#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/runtime/config.h"

namespace qd::app {

/// Everything quarterdeckd can be told, as data.
const std::vector<runtime::Setting>& backendSettings();

/// Problems that no single setting shows: a first start without credentials, a live address without
/// the live switch, a wildcard origin. For `Config::load`.
std::vector<runtime::ConfigProblem> crossCheck(const runtime::Config& config);

/// The broker's addresses, and room for its keys; these come from the vault.
brokers::AlpacaSettings alpacaSettings(const runtime::Config& config);

/// Code of errors about what is outside the vault.
inline constexpr const char* kNoCredentials = "config.credentials";

/// How one of the broker's keys comes into the vault.
struct CredentialWay {
    std::string place; ///< for people: "the file /…/alpaca.json"
    /// As brokers::writeKey writes it. NotFound (there is none), Invalid, Unavailable: kNoCredentials.
    std::function<Result<runtime::Secret>()> read;
};
/// Of Alpaca. 0: the account's own key; 1 …: the further ones for market data.
CredentialWay credentialWay(const runtime::Config& config, std::size_t index);
/// Of Tradier: a token.
CredentialWay tradierCredentialWay(const runtime::Config& config);

/// `$XDG_DATA_HOME/quarterdeck`, or what `data_dir` says.
std::string dataDirectory(const runtime::Config& config);
std::string databaseFile(const runtime::Config& config);
/// The event log's signed heads: where the configuration says, else beside the database.
std::string checkpointFile(const runtime::Config& config);

} // namespace qd::app
