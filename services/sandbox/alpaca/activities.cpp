#include "services/sandbox/alpaca/activities.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::size_t kPageMax = 100;

void writeActivity(json::Writer& out, const exchange::VenueExecution& execution)
{
    const bool whole = execution.leaves.isZero();
    out.beginObject()
        .member("id", activityId(execution))
        .member("activity_type", "FILL")
        .member("transaction_time", rfc3339(execution.at))
        .member("type", whole ? "fill" : "partial_fill")
        .member("price", execution.price)
        .member("qty", execution.quantity)
        .member("side", toString(execution.side))
        .member("symbol", execution.symbol.text())
        .member("leaves_qty", execution.leaves)
        .member("order_id", execution.order.text())
        .member("cum_qty", execution.cumulative)
        .member("order_status", whole ? "filled" : "partially_filled")
        .endObject();
}

} // namespace

ApiResult<ActivityQuery> readActivityQuery(const ApiRequest& request)
{
    ActivityQuery query;
    auto types = splitList(request.query("activity_types"));
    if (request.path().size() == 4)
        types = {request.path()[3]};
    query.fills =
        types.empty() || std::find(types.begin(), types.end(), "FILL") != types.end();
    for (const auto name : {"after", "until", "date"}) {
        const std::string_view text = request.query(name);
        if (text.empty())
            continue;
        const auto instant = parseInstant(text);
        if (!instant)
            return invalid(fmt::format("invalid {}: {}", name, text));
        if (name == std::string_view("until"))
            query.until = *instant;
        else
            query.after = *instant - Duration(name == std::string_view("date") ? 1 : 0);
        if (name == std::string_view("date"))
            query.until = *instant + std::chrono::days(1);
    }
    query.newestFirst = request.query("direction") != "asc";
    query.pageToken = std::string(request.query("page_token"));
    if (const auto size = request.query("page_size"); !size.empty()) {
        query.pageSize = wholeNumber<std::size_t>(size).value_or(0);
        if (query.pageSize == 0 || query.pageSize > kPageMax)
            return invalid(fmt::format("page_size must be between 1 and {}", kPageMax));
    }
    return query;
}

std::string activityId(const exchange::VenueExecution& execution)
{
    std::string digits;
    for (const char c : execution.at.toString(3))
        if (c >= '0' && c <= '9')
            digits += c;
    return digits + "::" + execution.id.text();
}

std::string activitiesJson(const std::vector<exchange::VenueExecution>& executions,
                           const ActivityQuery& query)
{
    std::vector<const exchange::VenueExecution*> found;
    for (const auto& execution : executions)
        if (query.fills && (!query.after || execution.at > *query.after)
            && (!query.until || execution.at < *query.until))
            found.push_back(&execution);
    std::stable_sort(found.begin(), found.end(), [&](const auto* a, const auto* b) {
        const std::string first = activityId(*a);
        const std::string second = activityId(*b);
        return query.newestFirst ? first > second : first < second;
    });
    json::Writer out;
    out.beginArray();
    std::size_t written = 0;
    for (const auto* execution : found) {
        const std::string id = activityId(*execution);
        const bool before = query.newestFirst ? id >= query.pageToken : id <= query.pageToken;
        if (!query.pageToken.empty() && before)
            continue;
        if (written++ == query.pageSize)
            break;
        writeActivity(out, *execution);
    }
    out.endArray();
    return out.take();
}

} // namespace qd::sandbox::alpaca
