#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/brokers/broker.h"
#include "services/wire/http.h"

namespace qd::simulation {

/// What to run. The same options give the same run, bit for bit.
struct Options {
    std::uint64_t seed = 1;
    /// A defect to plant: something faulty put around the broker …
    std::function<std::unique_ptr<brokers::Broker>(brokers::Broker&)> decorate;
    /// … or between the broker's adapter and the network (the whole world only) …
    std::function<std::unique_ptr<wire::HttpClient>(wire::HttpClient&)> decorateHttp;
    /// … or a disk that forgets what it has called durable …
    bool diskForgets = false;
    /// … or somebody who rewrites history at the end.
    bool tamperWithLog = false;
};

/// What came of it. No violations: every promise held.
struct Verdict {
    std::vector<std::string> violations;
    std::string logHead; ///< SHA-256 over the whole event log
    std::uint64_t trace = 0; ///< over all that passed between us and the venue
    std::uint64_t tasks = 0;
    int orders = 0, fills = 0, crashes = 0, powerCuts = 0, acknowledged = 0;
};

/// The scripted world. One life of the order path in virtual time: the order room on its real
/// database, a venue that does as it is told, a road to it with this seed's own fault rates, and
/// clients who do as the seed says. First faults and crashes (safety), then none (liveness): every
/// order must settle, and everything must agree.
Verdict simulate(const Options& options);

/// The whole world: the same order room behind the real Alpaca adapter, a simulated network, and the
/// sandbox's Alpaca with its exchange and market; on a disk that dies in the middle of a write, fills
/// up, or loses what was not synced.
Verdict simulateWhole(const Options& options);

} // namespace qd::simulation
