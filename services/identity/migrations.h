#pragma once

#include "services/storage/database.h"

namespace qd::identity {

/// The set "identity": after the storage room's.
storage::MigrationSet identityMigrations();

} // namespace qd::identity
