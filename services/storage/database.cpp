#include "services/storage/database.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <sqlite3.h>

#include "services/storage/atomic_file.h"
#include "services/storage/database_state.h"
#include "services/storage/sqlite_error.h"

namespace qd::storage {
namespace {

constexpr std::size_t kStatementCacheMax = 256;
// A checkpoint costs the flush of a second file: at four a second (8 MB each) that is a tenth
// of all that is written under load.
constexpr int kCheckpointPages = 2'000, kPageCacheKib = 16'384;
// Half as many frames, each written with two calls, for the same events; a database that exists
// keeps the size it has.
constexpr int kPageBytes = 8'192;
constexpr int kBusyTimeoutMs = 2'000;
constexpr int kLockedByRestore = -2;

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
int holdUseLock(const std::string& path, int flags)
{
    const int fd = ::open((path + "-lock").c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    while (::flock(fd, LOCK_SH | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        ::close(fd);
        return kLockedByRestore;
    }
    return fd;
}

} // namespace

Database::State::~State()
{
    for (auto& [text, cached] : cache) {
        QD_ASSERT(!cached.inUse); // a Statement must not outlive its Database
        sqlite3_finalize(cached.handle);
    }
    sqlite3_close(handle);
    if (lockFd >= 0) ::close(lockFd);
}

StatementCache::value_type* Database::State::cached(std::string_view text)
{
    if (auto* const known = recent.find(text)) return known;
    const auto found = cache.find(text);
    if (found == cache.end()) return nullptr;
    recent.note(text, *found);
    return &*found;
}

Database::Database(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

namespace {

// Counting every allocation under a lock is a tenth of the cost of storing an order. Does nothing if
// another library has used SQLite before.
void configureOnce()
{
    static const int code = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(code);
}

/// May the last connection copy the WAL into the file when it closes, and remove it? Not into one that
/// may be damaged: a restore needs the WAL then.
void copyOnClose(sqlite3* handle, bool may)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, may ? 0 : 1, nullptr);
}

Result<void> openHandle(Database::State& state, int flags)
{
    configureOnce();
    const int code = sqlite3_open_v2(state.path.c_str(), &state.handle,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (code != SQLITE_OK) return sqliteError(code, state.handle, state.path, "open");
    sqlite3_busy_timeout(state.handle, kBusyTimeoutMs);
    copyOnClose(state.handle, false);
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
        state->lockFd = holdUseLock(path, O_RDWR | O_CREAT);
        if (state->lockFd == kLockedByRestore) {
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
            .and_then([&] { return database.execute(fmt::format("PRAGMA page_size={}", kPageBytes)); })
            .and_then([&] { return expectWal(database); })
            .and_then([&] {
                return database.execute(durability == Durability::Full ? "PRAGMA synchronous=FULL"
                                                                       : "PRAGMA synchronous=OFF");
            })
            .and_then([&] {
                // recursive_triggers: without it INSERT OR REPLACE would step around the fence that
                // forbids DELETE. trusted_schema: a tampered schema cannot call functions.
                return database.execute("PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;"
                                        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON");
            })
            .and_then([&] {
                return database.execute(fmt::format("PRAGMA wal_autocheckpoint={};"
                                                    "PRAGMA cache_size=-{}",
                                                    kCheckpointPages, kPageCacheKib));
            });
    if (!prepared) return tl::unexpected(prepared.error());
    copyOnClose(database.handle(), true);
    return database;
}

Result<Database> Database::openReadOnly(const std::string& path)
{
    auto state = std::make_unique<State>();
    state->path = path;
    // A reader leaves no file beside what it reads, which may be a backup.
    state->lockFd = holdUseLock(path, O_RDONLY);
    if (state->lockFd == kLockedByRestore) {
        return fail(ErrorKind::Unavailable, "storage.busy",
                    "database " + path + " is being restored; try again when that has ended");
    }
    if (const auto opened = openHandle(*state, SQLITE_OPEN_READONLY); !opened)
        return tl::unexpected(opened.error());
    Database database(std::move(state));
    const auto prepared = expectRead(database).and_then([&] {
        return database.execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON");
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
    auto* const found = m_state->cached(sql);
    if (found != nullptr && !found->second.inUse) {
        found->second.inUse = true;
        return Statement(m_state.get(), found->second.handle, found->first,
                         found->second.scratch.get());
    }
    sqlite3_stmt* handle = nullptr;
    const bool keep = found == nullptr && cache.size() < kStatementCacheMax;
    const int code =
        sqlite3_prepare_v3(m_state->handle, sql.data(), static_cast<int>(sql.size()),
                           keep ? SQLITE_PREPARE_PERSISTENT : 0, &handle, nullptr);
    if (code != SQLITE_OK)
        return sqliteError(code, m_state->handle, m_state->path, sql.substr(0, 80));
    QD_ASSERT(handle != nullptr); // there must be a statement in the text
    if (!keep) return Statement(m_state.get(), handle, {}, nullptr);
    Cached entry{handle, true, nullptr};
    if (sqlite3_bind_parameter_count(handle) > 0)
        entry.scratch = std::make_unique<char[]>(kScratchSize);
    const auto kept = cache.emplace(std::string(sql), std::move(entry)).first;
    return Statement(m_state.get(), handle, kept->first, kept->second.scratch.get());
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

int Database::copyWal()
{
    int pages = 0;
    sqlite3_wal_checkpoint_v2(m_state->handle, "main", SQLITE_CHECKPOINT_PASSIVE, &pages, nullptr);
    return pages;
}

void Database::syncCopied()
{
    sqlite3_file* file = nullptr;
    sqlite3_file_control(m_state->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file != nullptr && file->pMethods != nullptr)
        file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

void Database::leaveWalToOthers()
{
    // Takes the place of SQLite's own hook, which is what copies after every so many pages.
    sqlite3_wal_hook(
        m_state->handle,
        [](void* state, sqlite3*, const char*, int pages) {
            static_cast<State*>(state)->walPages = pages;
            return SQLITE_OK;
        },
        m_state.get());
}

int Database::walPages() const
{
    return m_state->walPages;
}

Result<void> Database::checkIntegrity()
{
    copyOnClose(handle(), false);
    auto statement = prepare("PRAGMA integrity_check(10)");
    if (!statement) return tl::unexpected(statement.error());
    std::string found;
    for (auto row = statement->step();; row = statement->step()) {
        if (!row) return tl::unexpected(row.error());
        if (!*row) break;
        if (!found.empty()) found += "; ";
        found += statement->text(0);
    }
    if (found != "ok")
        return fail(ErrorKind::Corrupt, "storage.corrupt", corruptAdvice(path(), found));
    copyOnClose(handle(), true);
    return {};
}

const std::string& Database::path() const
{
    return m_state->path;
}

sqlite3* Database::handle() const
{
    return m_state->handle;
}

} // namespace qd::storage
