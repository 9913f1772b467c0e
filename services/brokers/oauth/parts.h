#pragma once

#include <functional>

#include "services/brokers/oauth/records.h"
#include "services/brokers/oauth/store.h"
#include "services/brokers/oauth/token_endpoint.h"
#include "services/observability/log.h"
#include "services/runtime/random.h"

namespace qd::brokers::oauth {

struct Settings {
    Duration flowLifetime = std::chrono::minutes(30);
    Duration flowKept = std::chrono::hours(24); ///< after its end: who comes late is told so
    Duration exchangeTimeout = std::chrono::seconds(30); ///< each try; two at most
    Duration refreshTimeout = std::chrono::seconds(20);  ///< each try
    int refreshTries = 3;
    Duration retryBase = std::chrono::seconds(1), retryCap = std::chrono::seconds(30);
    /// Access is renewed when less than this, or than a quarter of its life, is left.
    Duration renewAhead = std::chrono::minutes(5);
    Duration renewAgainAfter = std::chrono::minutes(1); ///< after a round of tries that failed
    Duration revokeTimeout = std::chrono::seconds(20);
    Duration revokeBase = std::chrono::seconds(5), revokeCap = std::chrono::hours(1);
    Duration revocationAlarmAfter = std::chrono::hours(24 * 7);
    Duration saveAgainAfter = std::chrono::seconds(5); ///< while tokens cannot be stored
    Duration lookEvery = std::chrono::seconds(30);
    /// A lease outlasts the longest round of tries of its holder.
    Duration leaseFor = std::chrono::seconds(150);
    Duration leasePoll = std::chrono::milliseconds(100);
    int failuresPerMinute = 10; ///< of one address, at finishing
};

class Leases;

/// What the parts of this room share. All outlive them.
struct Parts {
    Store& store;
    TokenStore& tokens;
    TokenEndpoint& endpoint;
    const Providers& providers;
    Leases& leases;
    runtime::Executor& core;
    runtime::Random& random; ///< fit for secrets
    observability::Logger log;
    const Settings& settings;
    /// A link is new, was renewed, failed, or is not to be used any more: this is on disk. As it is
    /// now; called on core.
    std::function<void(const BrokerLink&)> changed = [](const BrokerLink&) {};

    Timestamp now() const { return core.clock().now(); }
};

} // namespace qd::brokers::oauth
