#pragma once

#include <memory>
#include <string>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/runtime/config.h"

namespace qd::app {

/// quarterdeckd, plugged together. Main thread.
class Backend {
public:
    /// Opens the database, starts the threads, loads the orders, binds the API.
    /// Fails with: what storage, wire or the order room fail with; nothing is left running.
    static Result<std::unique_ptr<Backend>> start(const runtime::Config& config,
                                                  brokers::AlpacaSettings alpaca,
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
