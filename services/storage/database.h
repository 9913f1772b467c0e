#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/money.h"
#include "models/base/result.h"
#include "models/base/timestamp.h"

struct sqlite3;
struct sqlite3_stmt;

namespace qd::storage {

enum class Durability {
    Full, ///< synchronous=FULL: a commit is on disk when it returns
    Off,  ///< for drills' control runs and throw-away databases only
};

class Statement;

/// One SQLite connection. One thread at a time.
/// Errors: Unavailable "storage.busy" | "storage.full" | "storage.io", Corrupt "storage.corrupt"
/// (says how to restore), Conflict "storage.constraint", Invalid "storage.sql".
class Database {
public:
    /// Opens or creates (mode 0600); WAL, foreign keys on. `path` ":memory:" is private and never
    /// durable. While open it is marked in use (a shared lock on "<path>-lock"), see `restore`.
    static Result<Database> open(const std::string& path, Durability durability = Durability::Full);
    static Result<Database> openReadOnly(const std::string& path);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    Result<void> execute(std::string_view sql); ///< any number of statements
    /// Prepared once and cached by its text.
    Result<Statement> prepare(std::string_view sql);
    Result<void> begin();
    Result<void> commit();
    void rollback();
    bool isInTransaction() const; ///< false too after SQLite undid a transaction by itself
    std::int64_t changes() const;
    /// Copy what the write-ahead log has into the database, as far as no reader is in the way; any
    /// connection. Silent when it could not: the log keeps what was not copied. The answer is the
    /// number of pages in the log.
    int copyWal();
    /// Flush what was copied, so that the connection that begins the log again need not wait for it.
    /// Silent: that connection flushes too, and is told of a failure.
    void syncCopied();
    /// Another connection copies the log; from now on `walPages` is kept up to date.
    void leaveWalToOthers();
    int walPages() const; ///< in the log after the last commit of this connection
    Result<void> checkIntegrity(); ///< PRAGMA integrity_check; Corrupt with what it found
    const std::string& path() const;
    sqlite3* handle() const;

    struct State; ///< the connection and its statement cache; defined in database.cpp

private:
    explicit Database(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// A prepared statement being bound and stepped; goes back to the cache, reset, when it ends.
class Statement {
public:
    Statement(Statement&&) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(int index, std::string_view text); ///< from 1
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, int value) { return bind(index, static_cast<std::int64_t>(value)); }
    Statement& bind(int index, Decimal value); ///< as text
    Statement& bind(int index, const Money& value); ///< as text
    Statement& bind(int index, Timestamp value); ///< as nanoseconds
    Statement& bindBlob(int index, std::string_view bytes);
    Statement& bindNull(int index);

    Result<bool> step(); ///< true: a row is there
    Result<void> run();  ///< for statements without rows

    std::string_view text(int column) const; ///< from 0; valid until the next step
    std::int64_t integer(int column) const;
    bool isNull(int column) const;

private:
    friend class Database;
    Statement(Database::State* owner, sqlite3_stmt* handle, std::string_view key, char* scratch);
    void bindBytes(int index, std::string_view bytes, bool isText);
    Database::State* m_owner;
    sqlite3_stmt* m_handle;
    std::string_view m_key;
    char* m_scratch; ///< room for bound values, kept with the cached statement; may be null
    std::size_t m_scratchUsed = 0;
};

/// One step of the schema's history. Versions are 1, 2, 3 … without gaps.
struct Migration {
    int version;
    std::string name;
    std::string up;
    std::string down;
};

/// The history of one room's tables: rooms number their steps apart, in one `schema_migrations`
/// table. `storageMigrations()` (event_log.h) comes first, then for instance {"orders", …}.
struct MigrationSet {
    std::string name;
    std::vector<Migration> steps;
};

/// Bring the set's schema to `target` (up or down), one transaction a step; each step is recorded
/// with the SHA-256 of its SQL. Refuses a database that is newer than the program (Invalid
/// "storage.schema_newer") or whose recorded steps differ (Invalid "storage.schema_differs").
Result<void> migrate(Database& database, const MigrationSet& set, int target);
/// Every set to its newest step, in the order given.
Result<void> migrateAll(Database& database, const std::vector<MigrationSet>& sets);
/// The newest step applied of the set; 0 if none.
Result<int> schemaVersion(Database& database, std::string_view set);

/// As above for the set named "main", for databases with one history.
Result<void> migrate(Database& database, const std::vector<Migration>& migrations, int target);
Result<int> schemaVersion(Database& database);

} // namespace qd::storage
