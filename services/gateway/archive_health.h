#pragma once

#include "services/gateway/health.h"
#include "services/storage/archive_figures.h"

namespace qd::gateway {

/// How far back, and whether up to now, the database can be restored.
ComponentHealth archiveHealth(const storage::ArchiveFigures& figures, Timestamp now);

} // namespace qd::gateway
