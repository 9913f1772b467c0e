#pragma once

#include <string>
#include <vector>

namespace qd::drills {

/// One secret found where it must not be.
struct LeakedSecret {
    std::string file;
    std::string what; ///< which secret, never its value
};
struct ScanResult {
    std::size_t files = 0, bytes = 0, secrets = 0;
    std::vector<LeakedSecret> leaks;
};

/// Learns the secrets of a stage from its credentials and token files, then looks for each of them
/// in every other file below `folder`: logs, outputs, databases, backups. Also for anything that has
/// the shape of a secret: a bearer token, an Alpaca secret header.
ScanResult scanForSecrets(const std::string& folder);

} // namespace qd::drills
