#pragma once

#include <string>

#include "app/ctl/session.h"

namespace qd::ctl {

/// What an auditor has in hand.
struct AuditedFile {
    std::string database;
    std::string checkpoints; ///< empty: the file beside the database, if there is one
    std::string publicKey;   ///< PEM, the auditor's own copy; empty: the one beside the checkpoints
};

/// The checkpoints of a database, as quarterdeckd names them: beside quarterdeck.db lies
/// quarterdeck.checkpoints.jsonl.
std::string checkpointsBeside(const std::string& database);

/// Walks the event log of a database file without asking its backend, which may be what is suspected.
/// The answer is the exit code; what was found has been said.
int verifyFile(const Session& session, const AuditedFile& asked);

} // namespace qd::ctl
