#pragma once

#include <optional>
#include <string>

#include "services/observability/log.h"
#include "services/runtime/config.h"
#include "services/storage/archive_figures.h"

namespace qd::app {

/// How the archive of the database is kept, and what becomes of it told to the log; nothing if it is
/// off. `bases` copies base backups; logger and executor outlive the writer.
std::optional<storage::ArchiveOptions> archiveOptions(const runtime::Config& config,
                                                      const std::string& databaseFile,
                                                      runtime::Executor& bases,
                                                      const observability::Logger& logger);

} // namespace qd::app
