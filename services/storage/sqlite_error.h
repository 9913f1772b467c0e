#pragma once

#include <string>
#include <string_view>

#include "models/base/result.h"

struct sqlite3;

namespace qd::storage {

/// An SQLite result code as an Error: what happened, to which file, while doing `what`.
tl::unexpected<Error> sqliteError(int code, sqlite3* handle, const std::string& path,
                                  std::string_view what);

/// "database PATH is damaged: FOUND; stop …, restore …": for every Corrupt.
std::string corruptAdvice(const std::string& path, std::string_view found);

} // namespace qd::storage
