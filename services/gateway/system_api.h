#pragma once

#include <string>
#include <vector>

#include "services/gateway/api.h"
#include "services/gateway/health.h"
#include "services/observability/metrics.h"
#include "services/observability/spans.h"
#include "services/resilience/bulkhead.h"
#include "services/resilience/circuit_breaker.h"

namespace qd::gateway {

/// Health, metrics, breakers, log, backup and traces: `resources/api.md`, "System". Core executor;
/// the log is read and copied on `jobs`, over connections of their own, never the writer's.
/// Everything given outlives the API.
struct SystemApi {
    runtime::Executor& core;
    runtime::Executor& jobs;
    const Health& health;
    observability::Metrics& metrics;
    const observability::SpanStore& spans;
    std::vector<const resilience::CircuitBreaker*> breakers;
    std::string version;
    std::string dataDirectory;  ///< backups go below it, nowhere else
    std::string databaseFile;
    std::string checkpointFile;
    Duration startedAt; ///< steady
    /// Bounds what is asked of `jobs`: a walk along a long log must not queue up without end.
    /// Made by `addTo`; full, it answers 503.
    std::shared_ptr<resilience::Bulkhead> bulkhead = nullptr;

    void addTo(Api& api) const;
};

/// `/v1/openapi.json` from the declarations (OpenAPI 3.1).
std::string openApiJson(const Api& api, const std::string& version);

/// The path of a backup called `name` below `dataDirectory`/backups.
/// Fails with: Invalid "backup.path" when the name would leave that folder.
Result<std::string> backupPath(const std::string& dataDirectory, std::string_view name);

} // namespace qd::gateway
