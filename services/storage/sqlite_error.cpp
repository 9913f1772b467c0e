#include "services/storage/sqlite_error.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace qd::storage {

std::string corruptAdvice(const std::string& path, std::string_view found)
{
    return fmt::format("database {} is damaged: {}; stop the backend, keep the file for inquiry and "
                       "run: quarterdeckctl restore BACKUP {}, or, to any moment: quarterdeckctl "
                       "restore --to TIME {}",
                       path, found, path, path);
}

tl::unexpected<Error> sqliteError(int code, sqlite3* handle, const std::string& path,
                                  std::string_view what)
{
    const char* message = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    const std::string detail = fmt::format("{} (SQLite {}) in {} at: {}", message, code, path, what);
    switch (code & 0xff) { // the low byte is the primary code, the rest refines it
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(ErrorKind::Unavailable, "storage.busy", detail);
    case SQLITE_FULL:
        return fail(ErrorKind::Unavailable, "storage.full", detail + "; free some disk space");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail(ErrorKind::Corrupt, "storage.corrupt", corruptAdvice(path, message));
    case SQLITE_CONSTRAINT:
        return fail(ErrorKind::Conflict, "storage.constraint", detail);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
        return fail(ErrorKind::Unavailable, "storage.io", detail);
    default:
        return fail(ErrorKind::Invalid, "storage.sql", detail);
    }
}

} // namespace qd::storage
