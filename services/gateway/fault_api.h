#pragma once

#include <functional>

#include "services/gateway/api.h"
#include "services/resilience/fault_points.h"

namespace qd::gateway {

/// `/v1/faults`: lets a drill arm named steps of this process. Only served when the configuration
/// says so. Core executor.
struct FaultApi {
    resilience::FaultPoints& points;
    void addTo(Api& api) const;
};

/// The storage writer's hook for drills: its points are "storage.before-commit" and
/// "storage.after-commit"; a delay stalls the writer's thread as a slow disk would.
std::function<Result<void>(std::string_view)> storageFaultHook(resilience::FaultPoints& points);

/// The vault's, before it asks the database for a secret: "vault.read".
std::function<Result<void>()> vaultFaultHook(resilience::FaultPoints& points);
/// Before a verifier or a broker's tokens are stored: "oauth.store".
std::function<Result<void>()> consentFaultHook(resilience::FaultPoints& points);

} // namespace qd::gateway
