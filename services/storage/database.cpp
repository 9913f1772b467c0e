#include "services/storage/database.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

#include <sqlite3.h>

#include "services/storage/atomic_file.h"
#include "services/storage/sqlite_error.h"

namespace qd::storage {
namespace {

constexpr std::size_t kStatementCacheMax = 256;
constexpr int kBusyTimeoutMs = 2'000;

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const
    {
        return std::hash<std::string_view>{}(text);
    }
};

struct Cached {
    sqlite3_stmt* handle = nullptr;
    bool inUse = false;
};

using StatementCache = std::unordered_map<std::string, Cached, TextHash, std::equal_to<>>;

bool isPrivate(const std::string& path)
{
    return path.empty() || path == ":memory:";
}

// The database, its WAL and its index take their mode from the database file, so it is made here,
// before SQLite would make it readable for everyone.
Result<void> createPrivately(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        ::close(fd);
        return syncFolderOf(path);
    }
    if (errno == EEXIST) return {};
    return fail(ErrorKind::Unavailable, "storage.io",
                "cannot create database " + path + ": " + std::strerror(errno) +
                    "; check that its folder exists and is writable");
}

// A file of its own: SQLite's locks live on the database file, and closing any other descriptor of
// that file would drop them.
int holdUseLock(const std::string& path)
{
    const int fd = ::open((path + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    while (::flock(fd, LOCK_SH | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        ::close(fd);
        return -2;
    }
    return fd;
}

} // namespace

struct Database::State {
    std::string path;
    sqlite3* handle = nullptr;
    StatementCache cache;
    int lockFd = -1;

    ~State()
    {
        for (auto& [text, cached] : cache) {
            QD_ASSERT(!cached.inUse); // a Statement must not outlive its Database
            sqlite3_finalize(cached.handle);
        }
        sqlite3_close(handle);
        if (lockFd >= 0) ::close(lockFd);
    }
};

Database::Database(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

namespace {

Result<void> openHandle(Database::State& state, int flags)
{
    const int code = sqlite3_open_v2(state.path.c_str(), &state.handle,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (code != SQLITE_OK) return sqliteError(code, state.handle, state.path, "open");
    sqlite3_busy_timeout(state.handle, kBusyTimeoutMs);
    return {};
}

Result<void> expectRead(Database& database)
{
    // The first read looks at the header and the schema: a file that is no database shows here.
    auto statement = database.prepare("SELECT count(*) FROM sqlite_master");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

Result<void> expectWal(Database& database)
{
    auto statement = database.prepare("PRAGMA journal_mode=WAL");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    const std::string mode(statement->text(0));
    if (mode == "wal" || isPrivate(database.path())) return {};
    return fail(ErrorKind::Unavailable, "storage.io",
                "expected journal mode wal for " + database.path() + ", was " + mode +
                    "; the file system must support shared memory");
}

} // namespace

Result<Database> Database::open(const std::string& path, Durability durability)
{
    auto state = std::make_unique<State>();
    state->path = path;
    if (!isPrivate(path)) {
        if (const auto made = createPrivately(path); !made) return tl::unexpected(made.error());
        state->lockFd = holdUseLock(path);
        if (state->lockFd == -2) {
            return fail(ErrorKind::Unavailable, "storage.busy",
                        "database " + path + " is being restored; try again when that has ended");
        }
        if (state->lockFd < 0) {
            return fail(ErrorKind::Unavailable, "storage.io",
                        "cannot make " + path + "-lock: " + std::strerror(errno));
        }
    }
    if (const auto opened = openHandle(*state, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE); !opened)
        return tl::unexpected(opened.error());
    Database database(std::move(state));
    const auto prepared =
        expectRead(database)
            .and_then([&] { return expectWal(database); })
            .and_then([&] {
                return database.execute(durability == Durability::Full ? "PRAGMA synchronous=FULL"
                                                                       : "PRAGMA synchronous=OFF");
            })
            .and_then([&] {
                // recursive_triggers: without it INSERT OR REPLACE would step around the fence that
                // forbids DELETE. trusted_schema: a tampered schema cannot call functions.
                return database.execute("PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;"
                                        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                                        "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=1000");
            });
    if (!prepared) return tl::unexpected(prepared.error());
    return database;
}

Result<Database> Database::openReadOnly(const std::string& path)
{
    auto state = std::make_unique<State>();
    state->path = path;
    state->lockFd = holdUseLock(path);
    if (state->lockFd == -2) {
        return fail(ErrorKind::Unavailable, "storage.busy",
                    "database " + path + " is being restored; try again when that has ended");
    }
    if (const auto opened = openHandle(*state, SQLITE_OPEN_READONLY); !opened)
        return tl::unexpected(opened.error());
    Database database(std::move(state));
    const auto prepared = expectRead(database).and_then([&] {
        return database.execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                                "PRAGMA temp_store=MEMORY");
    });
    if (!prepared) return tl::unexpected(prepared.error());
    return database;
}

Result<void> Database::execute(std::string_view sql)
{
    const int code =
        sqlite3_exec(m_state->handle, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return sqliteError(code, m_state->handle, m_state->path, sql.substr(0, 80));
    return {};
}

Result<Statement> Database::prepare(std::string_view sql)
{
    auto& cache = m_state->cache;
    const auto found = cache.find(sql);
    if (found != cache.end() && !found->second.inUse) {
        found->second.inUse = true;
        return Statement(m_state.get(), found->second.handle, found->first);
    }
    sqlite3_stmt* handle = nullptr;
    const bool keep = found == cache.end() && cache.size() < kStatementCacheMax;
    const int code =
        sqlite3_prepare_v3(m_state->handle, sql.data(), static_cast<int>(sql.size()),
                           keep ? SQLITE_PREPARE_PERSISTENT : 0, &handle, nullptr);
    if (code != SQLITE_OK)
        return sqliteError(code, m_state->handle, m_state->path, sql.substr(0, 80));
    QD_ASSERT(handle != nullptr); // there must be a statement in the text
    if (!keep) return Statement(m_state.get(), handle, {});
    const auto kept = cache.emplace(std::string(sql), Cached{handle, true}).first;
    return Statement(m_state.get(), handle, kept->first);
}

namespace {

Result<void> runOnce(Database& database, std::string_view sql)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    return statement->run();
}

} // namespace

Result<void> Database::begin()
{
    return runOnce(*this, "BEGIN IMMEDIATE");
}

Result<void> Database::commit()
{
    return runOnce(*this, "COMMIT");
}

void Database::rollback()
{
    // Fails only when SQLite has already rolled back by itself, which is what is wanted.
    if (isInTransaction()) sqlite3_exec(m_state->handle, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Database::isInTransaction() const
{
    return sqlite3_get_autocommit(m_state->handle) == 0;
}

std::int64_t Database::changes() const
{
    return sqlite3_changes64(m_state->handle);
}

Result<void> Database::checkIntegrity()
{
    auto statement = prepare("PRAGMA integrity_check(10)");
    if (!statement) return tl::unexpected(statement.error());
    std::string found;
    for (auto row = statement->step();; row = statement->step()) {
        if (!row) return tl::unexpected(row.error());
        if (!*row) break;
        if (!found.empty()) found += "; ";
        found += statement->text(0);
    }
    if (found == "ok") return {};
    return fail(ErrorKind::Corrupt, "storage.corrupt", corruptAdvice(path(), found));
}

const std::string& Database::path() const
{
    return m_state->path;
}

sqlite3* Database::handle() const
{
    return m_state->handle;
}

Statement::Statement(Database::State* owner, sqlite3_stmt* handle, std::string_view key)
    : m_owner(owner), m_handle(handle), m_key(key)
{
}

Statement::Statement(Statement&& other) noexcept
    : m_owner(other.m_owner), m_handle(std::exchange(other.m_handle, nullptr)), m_key(other.m_key)
{
}

Statement::~Statement()
{
    if (m_handle == nullptr) return;
    if (m_key.empty()) {
        sqlite3_finalize(m_handle);
        return;
    }
    sqlite3_reset(m_handle);
    sqlite3_clear_bindings(m_handle);
    m_owner->cache.find(m_key)->second.inUse = false;
}

Statement& Statement::bind(int index, std::string_view text)
{
    // A null pointer would bind NULL instead of the empty text.
    const char* data = text.data() == nullptr ? "" : text.data();
    const int code = sqlite3_bind_text64(m_handle, index, data, text.size(), SQLITE_TRANSIENT,
                                         SQLITE_UTF8);
    QD_ASSERT(code == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int index, std::int64_t value)
{
    const int code = sqlite3_bind_int64(m_handle, index, value);
    QD_ASSERT(code == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int index, Decimal value)
{
    return bind(index, std::string_view(value.toString()));
}

Statement& Statement::bind(int index, const Money& value)
{
    return bind(index, std::string_view(value.toString()));
}

Statement& Statement::bind(int index, Timestamp value)
{
    return bind(index, value.nanos());
}

Statement& Statement::bindBlob(int index, std::string_view bytes)
{
    const char* data = bytes.data() == nullptr ? "" : bytes.data();
    const int code = sqlite3_bind_blob64(m_handle, index, data, bytes.size(), SQLITE_TRANSIENT);
    QD_ASSERT(code == SQLITE_OK);
    return *this;
}

Statement& Statement::bindNull(int index)
{
    const int code = sqlite3_bind_null(m_handle, index);
    QD_ASSERT(code == SQLITE_OK);
    return *this;
}

Result<bool> Statement::step()
{
    const int code = sqlite3_step(m_handle);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        sqlite3_reset(m_handle); // ends the read transaction: a forgotten one stops the WAL's restart
        return false;
    }
    auto error = sqliteError(code, m_owner->handle, m_owner->path, sqlite3_sql(m_handle));
    sqlite3_reset(m_handle);
    return error;
}

Result<void> Statement::run()
{
    const auto row = step();
    if (!row) return tl::unexpected(row.error());
    sqlite3_reset(m_handle);
    return {};
}

std::string_view Statement::text(int column) const
{
    // sqlite3_column_blob gives the same bytes as _text for TEXT and BLOB, without conversion.
    const auto* data = static_cast<const char*>(
        sqlite3_column_type(m_handle, column) == SQLITE_BLOB
            ? sqlite3_column_blob(m_handle, column)
            : static_cast<const void*>(sqlite3_column_text(m_handle, column)));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(m_handle, column))};
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_handle, column);
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_handle, column) == SQLITE_NULL;
}

} // namespace qd::storage
