#pragma once

#include <string>
#include <string_view>

#include "services/runtime/random.h"
#include "services/storage/database.h"

namespace qd::storage {

/// The store's own name (a UUID), made on first use and never changed; backups carry it along.
/// `expected` is what the caller knows the store by; empty on the first start. Fails with Conflict
/// "storage.wrong_store" if this is another store than expected.
Result<std::string> ensureIdentity(Database& database, runtime::Random& random,
                                   std::string_view expected = {});

} // namespace qd::storage
