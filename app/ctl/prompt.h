#pragma once

#include <string>

#include "services/runtime/secret.h"

namespace qd::ctl {

/// Where passwords and codes come from: the terminal, without echo; or, a line each, a descriptor
/// that the caller opened. Never the command line, which everybody on the machine can read.
class Prompt {
public:
    int descriptor = -1; ///< `--password-fd`; -1: the terminal

    /// Complains and throws Ended(kUsage) where there is neither a terminal nor a line left.
    runtime::Secret ask(const std::string& what);
    /// As `ask`; from the terminal twice, and both must be the same.
    runtime::Secret askNew(const std::string& what);
};

} // namespace qd::ctl
