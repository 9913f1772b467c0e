#pragma once

#include <functional>
#include <string>

#include "models/base/result.h"

namespace qd::storage {

/// Online copy of a live database (SQLite backup API), integrity-checked, then renamed into place.
/// The answer is the copy's event count. Progress in 0 … 1, may be empty. The copy is one moment of
/// the source, however long it takes and however much is written meanwhile. Any thread.
Result<std::int64_t> backup(const std::string& sourcePath, const std::string& targetPath,
                            const std::function<void(double)>& progress);

/// Replace the database at `targetPath` by a verified backup; the old one is kept as ".before-restore".
/// Refuses (Conflict "storage.in_use") while another process has it open. A backup that is damaged
/// or whose event chain is broken is refused (Corrupt) and nothing is touched.
Result<std::int64_t> restore(const std::string& backupPath, const std::string& targetPath);

} // namespace qd::storage
