#pragma once

#include <vector>

#include "services/runtime/config.h"
#include "services/vault/master_keys.h"

namespace qd::app {

/// Files, keys and folders that the program will need and may not use, all of them, before anything
/// is made or changed: each with the setting that names it and what to do.
std::vector<runtime::ConfigProblem> preflight(const runtime::Config& config,
                                              vault::MasterKeys& masterKeys);

} // namespace qd::app
