#include "services/gateway/health.h"

#include <algorithm>

#include "services/json/json.h"

namespace qd::gateway {

std::string_view toString(HealthStatus status)
{
    switch (status) {
    case HealthStatus::Ok: return "ok";
    case HealthStatus::Degraded: return "degraded";
    case HealthStatus::Down: return "down";
    }
    return "down";
}

void Health::add(Source source)
{
    m_sources.push_back(std::move(source));
}

std::vector<ComponentHealth> Health::ask() const
{
    std::vector<ComponentHealth> components;
    components.reserve(m_sources.size());
    for (const auto& source : m_sources) components.push_back(source());
    return components;
}

HealthStatus overall(const std::vector<ComponentHealth>& components)
{
    auto worst = HealthStatus::Ok;
    for (const auto& component : components) {
        // A part that the rest can do without degrades the whole; it does not take it down.
        const auto counted = component.neededForReadiness
                                 ? component.status
                                 : std::min(component.status, HealthStatus::Degraded);
        worst = std::max(worst, counted);
    }
    return worst;
}

std::string healthJson(const std::vector<ComponentHealth>& components, const std::string& version,
                       Duration uptime)
{
    using std::chrono::duration_cast;
    json::Writer out;
    out.beginObject()
        .member("status", toString(overall(components)))
        .member("version", version)
        .member("uptimeMs", duration_cast<std::chrono::milliseconds>(uptime).count());
    out.key("components").beginArray();
    for (const auto& component : components) {
        out.beginObject()
            .member("name", component.name)
            .member("status", toString(component.status))
            .member("detail", component.detail)
            .member("latencyMs", std::chrono::duration<double, std::milli>(component.latency).count());
        out.key("lastError");
        component.lastError.empty() ? out.null() : out.value(component.lastError);
        out.member("lastErrorAt", component.lastErrorAt);
        out.key("figures").beginObject();
        for (const auto& [name, value] : component.figures) out.member(name, value);
        out.endObject().endObject();
    }
    return out.endArray().endObject().take();
}

} // namespace qd::gateway
