#pragma once

#include <string_view>
#include <vector>

#include "services/storage/event_log.h"

namespace qd::storage {

/// The columns of `events` in the order that `eventOf` reads them.
inline constexpr std::string_view kEventColumns =
    "sequence, time, kind, subject, actor, cause, trace_id, payload, hash";

Event eventOf(const Statement& row);
/// Appends every row left in `statement` to `events`.
Result<void> readRows(Statement& statement, std::vector<Event>& events);

} // namespace qd::storage
