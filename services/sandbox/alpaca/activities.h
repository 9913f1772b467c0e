#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/exchange/venue_order.h"
#include "services/sandbox/alpaca/answers.h"

namespace qd::sandbox::alpaca {

/// GET /v2/account/activities[/{type}] as asked for.
struct ActivityQuery {
    bool fills = true; ///< some other type was asked for: there are none
    std::optional<Timestamp> after, until;
    bool newestFirst = true;
    std::size_t pageSize = 100;
    std::string pageToken; ///< the id of the last activity of the page before
};
ApiResult<ActivityQuery> readActivityQuery(const ApiRequest& request);

/// The id of an execution's activity: "yyyymmddHHMMSSmmm::uuid". It sorts by time.
std::string activityId(const exchange::VenueExecution& execution);

/// One page of FILL activities from executions, oldest first.
std::string activitiesJson(const std::vector<exchange::VenueExecution>& executions,
                           const ActivityQuery& query);

} // namespace qd::sandbox::alpaca
