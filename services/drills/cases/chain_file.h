#pragma once

#include <string>
#include <utility>
#include <vector>

namespace qd::drills {

/// A zip archive (APPNOTE 4.3) whose files, name and text, are stored as they are.
std::string zipOf(const std::vector<std::pair<std::string, std::string>>& files);

/// Writes a day's quotes, one a minute, of two contracts on SPY that end on 2035-12-21: the call at 600
/// is bid 5.00 and asked 5.20, the put at 550 is bid 3.00 and asked 3.20. Throws CannotRun.
void writeOptionChain(const std::string& path);
inline constexpr const char* kChainCall = "SPY351221C00600000";
inline constexpr const char* kChainPut = "SPY351221P00550000";

} // namespace qd::drills
