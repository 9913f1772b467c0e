#include "services/sandbox/alpaca/rate_limit.h"

#include <algorithm>

namespace qd::sandbox::alpaca {

RateLimit::Standing RateLimit::count(const std::string& key, Duration steady, Timestamp now)
{
    if (m_windows.size() >= kKeysMax)
        std::erase_if(m_windows,
                      [&](const auto& entry) { return steady - entry.second.startedAt >= kWindow; });
    auto [entry, isNew] = m_windows.try_emplace(key);
    Window& window = entry->second;
    if (isNew || steady - window.startedAt >= kWindow)
        window = {steady, 0};
    Standing standing;
    standing.limit = m_limit;
    standing.allowed = window.used < m_limit;
    if (standing.allowed)
        ++window.used;
    standing.remaining = std::max(0, m_limit - window.used);
    standing.resetsAt = now + (window.startedAt + kWindow - steady);
    return standing;
}

void RateLimit::writeHeaders(wire::Headers& headers, const Standing& standing)
{
    headers.set("X-RateLimit-Limit", std::to_string(standing.limit));
    headers.set("X-RateLimit-Remaining", std::to_string(standing.remaining));
    headers.set("X-RateLimit-Reset", std::to_string(standing.resetsAt.seconds() + 1));
}

} // namespace qd::sandbox::alpaca
