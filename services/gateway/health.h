#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"

namespace qd::gateway {

enum class HealthStatus { Ok, Degraded, Down };
std::string_view toString(HealthStatus status);

/// How one part is doing, for `/health/report`.
struct ComponentHealth {
    std::string name; ///< "storage", "broker.alpaca"
    HealthStatus status = HealthStatus::Ok;
    std::string detail = {}; ///< one sentence for people
    Duration latency{};
    std::string lastError = {};
    Timestamp lastErrorAt = {};
    std::vector<std::pair<std::string, double>> figures = {};
    bool neededForReadiness = false; ///< down: `/health/ready` answers 503
};

/// Asks every part when it is asked. Core executor.
class Health {
public:
    using Source = std::function<ComponentHealth()>;
    void add(Source source);
    std::vector<ComponentHealth> ask() const;

private:
    std::vector<Source> m_sources;
};

/// The worst of all, and of those needed for readiness.
HealthStatus overall(const std::vector<ComponentHealth>& components);
std::string healthJson(const std::vector<ComponentHealth>& components, const std::string& version,
                       Duration uptime);

} // namespace qd::gateway
