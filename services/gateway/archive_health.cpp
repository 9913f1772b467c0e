#include "services/gateway/archive_health.h"

namespace qd::gateway {

namespace {

/// A commit is in the archive within a second while the disk keeps up.
constexpr Duration kBehindMax = std::chrono::seconds(5);

} // namespace

ComponentHealth archiveHealth(const storage::ArchiveFigures& figures, Timestamp now)
{
    ComponentHealth health{.name = "archive"};
    health.figures = {{"waitingCommits", static_cast<double>(figures.waiting)},
                      {"bytes", static_cast<double>(figures.bytes)},
                      {"failures", static_cast<double>(figures.failures)},
                      {"brokenOff", static_cast<double>(figures.brokenOff)}};
    const Duration behind = figures.waiting > 0 ? now - figures.reached : Duration{};
    if (!figures.isKept) {
        health.status = HealthStatus::Degraded;
        health.detail = "broken off: what is committed now cannot be restored until it begins anew; "
                        "look at the log, and at the space and rights of its folder";
    } else if (behind > kBehindMax) {
        health.status = HealthStatus::Degraded;
        health.detail = "behind by " +
                        std::to_string(std::chrono::floor<std::chrono::seconds>(behind).count()) +
                        " s; is its disk too slow or full?";
    } else if (figures.oldest.isSet()) {
        health.detail = "every moment since " + figures.oldest.toString(0) + " can be restored";
    } else {
        health.detail = "its first base backup is being taken";
    }
    return health;
}

} // namespace qd::gateway
