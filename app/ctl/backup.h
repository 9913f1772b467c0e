#pragma once

#include "app/ctl/commands.h"

namespace qd::ctl {

/// Backups of the database, its archive, and the way back from each. Restoring works on files, with
/// the backend stopped.
void addBackupCommands(CLI::App& app, Session& session, Chosen& chosen);

} // namespace qd::ctl
