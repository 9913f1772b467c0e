#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "services/storage/writer.h"

namespace qd::storage {

/// One submitted work and what became of it.
struct Submission {
    Writer::Work work;
    runtime::Executor* reply;
    Writer::Done done;
    Result<std::int64_t> outcome = 0;
};

/// What a batch left behind.
struct BatchResult {
    std::vector<Event> events;    ///< committed; empty if the commit failed
    std::optional<Error> failure; ///< the whole batch was undone
    bool mustStop = false;        ///< what is on disk is no longer certain
};

/// Runs the works in one transaction and commits; fills their outcomes. A work that fails is undone
/// alone; the others of its batch may then run a second time.
BatchResult commitBatch(Database& database, EventAppender& appender,
                        std::vector<Submission>& batch, Timestamp now,
                        const std::function<Result<void>(std::string_view)>& fault);

/// Posts the outcomes, one task a reply executor, each in the order of submission; leaves `batch`
/// empty.
void postOutcomes(std::vector<Submission>& batch);

} // namespace qd::storage
