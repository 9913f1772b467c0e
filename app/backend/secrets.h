#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "services/brokers/kept_key.h"
#include "services/runtime/config.h"

namespace qd::app {

/// Where the master key comes from: the descriptor or the file that the settings name, else the
/// systemd credential, else a file of this database's own in `dataDirectory`.
std::unique_ptr<vault::MasterKeys> masterKeys(const runtime::Config& config,
                                              const std::string& dataDirectory);
/// As `masterKeys` would take it, is it the file in the data folder, which nobody has chosen?
bool isKeyInDataFolder(const runtime::Config& config);
std::string keyFileInDataFolder(const runtime::Config& config, const std::string& dataDirectory);

vault::Settings vaultSettings(const runtime::Config& config);

/// A candidate that the broker does not answer about in time is tried again later: a start must not
/// wait longer.
inline constexpr std::chrono::seconds kTrialMax{3};

/// The broker's keys, from the vault to those who call the broker. Core executor; everything given
/// outlives it.
class BrokerKeys {
public:
    struct Dependencies {
        vault::Vault& vault;
        runtime::Executor& core;
        runtime::Executor& jobs;
        observability::Logger log;
    };
    /// `keys`: how each comes in and who uses it; none where the broker has no keys.
    BrokerKeys(const Dependencies& the, const runtime::Config& config,
               std::vector<brokers::KeptKey::Terms> keys);

    /// The first look at all of them. `then`: all are in use, or why one is not. A key outside that
    /// is no key at all is an error too; one that the broker refused is told in the log.
    void start(std::function<void(Result<void>)> then);
    std::vector<brokers::KeptKey*> keys() const;

private:
    std::vector<std::unique_ptr<brokers::KeptKey>> m_keys;
};

} // namespace qd::app
