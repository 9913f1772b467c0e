#pragma once

#include <memory>
#include <string>

#include "services/runtime/config.h"
#include "services/vault/master_keys.h"

namespace qd::app {

/// quarterdeckd, plugged together. Main thread.
class Backend {
public:
    /// Opens the database, starts the threads, opens the vault, loads the orders, binds the API.
    /// Fails with: what storage, vault, wire or the order room fail with, or "config.credentials";
    /// nothing is left running.
    static Result<std::unique_ptr<Backend>> start(const runtime::Config& config,
                                                  std::unique_ptr<vault::MasterKeys> masterKeys,
                                                  const std::string& dataDirectory);
    /// Stops accepting, tells the sessions, commits what is queued, signs a last checkpoint.
    ~Backend();
    /// `{"ready":true,"url":…,"tokenFile":…,"pid":…}`
    std::string readyLine() const;

private:
    struct Parts;
    explicit Backend(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> m_parts;
};

} // namespace qd::app
