#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/brokers/broker.h"

namespace qd::simulation {

/// What to run. The same options give the same run, bit for bit.
struct Options {
    std::uint64_t seed = 1;
    /// A defect to plant: something faulty put around the broker …
    std::function<std::unique_ptr<brokers::Broker>(brokers::Broker&)> decorate;
    /// … or a disk that forgets what it has called durable, at every crash …
    bool diskForgets = false;
    /// … or somebody who rewrites history at the end.
    bool tamperWithLog = false;
};

/// What came of it. No violations: every promise held.
struct Verdict {
    std::vector<std::string> violations;
    std::string logHead; ///< SHA-256 over the whole event log
    std::uint64_t tasks = 0;
    int orders = 0, fills = 0, crashes = 0, acknowledged = 0;
};

/// One life of the order path in virtual time: the order room on its real database, a venue, a network
/// with this seed's own fault rates, and clients who do as the seed says. First faults and crashes
/// (safety), then none (liveness): every order must settle, and everything must agree.
Verdict simulate(const Options& options);

} // namespace qd::simulation
