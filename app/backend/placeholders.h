#pragma once

#include <string_view>
#include <vector>

#include "services/runtime/config.h"

namespace qd::app {

/// Is it a text that stands where a value belongs: "changeme", "<your key>", "${KEY}", "xxxx"?
bool isPlaceholder(std::string_view text);

/// Settings that hold one. The value is not quoted.
std::vector<runtime::ConfigProblem> placeholderProblems(const runtime::Config& config);

} // namespace qd::app
