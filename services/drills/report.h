#pragma once

#include <string>
#include <vector>

#include "services/drills/runner.h"

namespace qd::drills {

struct Tally {
    int passed = 0, failed = 0, skipped = 0;
};
Tally tally(const std::vector<DrillResult>& results);

/// "PE-3.3  passed   12.4 s  the broker does not answer in time": a line a drill, its id first.
/// Failed and skipped ones say why in place of the fault.
std::string resultLine(const DrillResult& result);
/// "31 passed, 1 failed, 2 skipped".
std::string tallyLine(const std::vector<DrillResult>& results);

/// The whole run for people: fault, promise, evidence and time of each drill.
std::string reportText(const std::vector<DrillResult>& results, Timestamp startedAt);
/// The same for programs.
std::string reportJson(const std::vector<DrillResult>& results, Timestamp startedAt);

/// Both, as `drills-<time>.txt` and `.json` in `folder`, which is made if need be. The answer is the
/// path without its ending. Fails with: Unavailable "storage.io".
Result<std::string> writeReport(const std::string& folder, const std::vector<DrillResult>& results,
                                Timestamp startedAt);

} // namespace qd::drills
