#pragma once

#include <map>
#include <string>

#include "models/base/timestamp.h"
#include "services/wire/http.h"

namespace qd::sandbox::alpaca {

/// So many requests a minute for each key, counted in windows that begin with a key's first
/// request. One thread.
class RateLimit {
public:
    static constexpr Duration kWindow = std::chrono::minutes(1);
    static constexpr std::size_t kKeysMax = 10'000;

    explicit RateLimit(int requestsPerMinute) : m_limit(requestsPerMinute) {}

    struct Standing {
        bool allowed = true;
        int limit = 0, remaining = 0;
        Timestamp resetsAt;
    };
    /// Count one request.
    Standing count(const std::string& key, Duration steady, Timestamp now);
    /// X-RateLimit-Limit, -Remaining and -Reset (epoch seconds).
    static void writeHeaders(wire::Headers& headers, const Standing& standing);

private:
    struct Window {
        Duration startedAt{};
        int used = 0;
    };
    int m_limit;
    std::map<std::string, Window> m_windows;
};

} // namespace qd::sandbox::alpaca
