#include "services/sandbox/ibkr/pacing.h"

#include <algorithm>
#include <array>

namespace qd::sandbox::ibkr {

namespace {

struct PaceRow {
    std::string_view path; ///< the whole of it, or its beginning if it ends with "/"
    Duration every;
};
constexpr std::array kPaces = {
    PaceRow{"iserver/account/orders", std::chrono::seconds(5)},
    PaceRow{"iserver/account/trades", std::chrono::seconds(5)},
    PaceRow{"iserver/account/pnl/partitioned", std::chrono::seconds(5)},
    PaceRow{"portfolio/accounts", std::chrono::seconds(5)},
    PaceRow{"portfolio/subaccounts", std::chrono::seconds(5)},
    PaceRow{"iserver/scanner/params", std::chrono::minutes(15)},
    PaceRow{"iserver/scanner/run", std::chrono::seconds(1)},
    PaceRow{"fyi/", std::chrono::seconds(1)},
    PaceRow{"pa/", std::chrono::minutes(15)},
    PaceRow{"tickle", std::chrono::seconds(1)},
    PaceRow{"sso/validate", std::chrono::minutes(1)},
    PaceRow{"iserver/marketdata/snapshot", std::chrono::milliseconds(100)},
    PaceRow{"iserver/marketdata/history", std::chrono::milliseconds(100)},
};

} // namespace

bool Pacing::admit(const ApiRequest& request, Duration steady)
{
    if (!m_options.isOn)
        return true;
    if (isInPenalty(steady))
        return false;
    while (!m_recent.empty() && steady - m_recent.front() >= std::chrono::seconds(1))
        m_recent.pop_front();
    m_recent.push_back(steady);
    if (m_recent.size() > static_cast<std::size_t>(m_options.requestsPerSecond)) {
        m_penaltyUntil = steady + m_options.penalty;
        return false;
    }
    std::string path;
    for (const auto& segment : request.path)
        path += path.empty() ? segment : "/" + segment;
    const auto row = std::ranges::find_if(kPaces, [&](const PaceRow& pace) {
        return pace.path.ends_with('/') ? path.starts_with(pace.path) : path == pace.path;
    });
    if (row == kPaces.end())
        return true;
    const auto [last, isFirst] = m_lastAt.try_emplace(std::string(row->path), steady);
    if (!isFirst && steady - last->second < row->every)
        return false;
    last->second = steady;
    return true;
}

} // namespace qd::sandbox::ibkr
