#pragma once

#include <vector>

#include "services/runtime/config.h"

namespace qd::app {

/// Addresses to which nothing may be sent, of whatever broker, server or collector: in clear and not to
/// this machine (models/base/network_address.h), or not to be understood. For `crossCheck`.
std::vector<runtime::ConfigProblem> addressProblems(const runtime::Config& config);

} // namespace qd::app
