#pragma once

#include "services/observability/metrics.h"
#include "services/storage/writer.h"

namespace qd::storage {

/// Shows the archive's figures in `metrics`, as "storage_archive_…"; nothing if there is no archive.
/// The writer outlives every exposition.
void showArchive(const Writer& writer, observability::Metrics& metrics);

} // namespace qd::storage
