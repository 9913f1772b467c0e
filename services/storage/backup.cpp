#include "services/storage/backup.h"

#include <sys/file.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <sqlite3.h>

#include "services/storage/atomic_file.h"
#include "services/storage/event_log.h"
#include "services/storage/io_error.h"
#include "services/storage/sqlite_error.h"

namespace qd::storage {
namespace {

constexpr int kPagesPerStep = 1'024;

void removeWithCompanions(const std::string& path)
{
    for (const char* suffix : {"", "-wal", "-shm", "-journal", "-lock"})
        ::unlink((path + suffix).c_str());
}

Result<void> syncFile(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return ioError("open", path);
    const bool synced = ::fsync(fd) == 0;
    ::close(fd);
    return synced ? Result<void>() : Result<void>(ioError("sync", path));
}

Result<void> readOnce(Database& database, std::string_view sql)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

/// Copies every page of one moment of `source`.
Result<void> copyPages(Database& source, Database& target,
                       const std::function<void(double)>& progress)
{
    // With a read transaction of its own the source stands still for us, and a busy writer cannot
    // make the copy start again and again.
    const auto pinned = source.execute("BEGIN").and_then(
        [&] { return readOnce(source, "SELECT count(*) FROM sqlite_master"); });
    if (!pinned) return pinned;
    sqlite3_backup* const copy =
        sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
    if (copy == nullptr) {
        return sqliteError(sqlite3_errcode(target.handle()), target.handle(), target.path(),
                           "backup");
    }
    int code = SQLITE_OK;
    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(copy, kPagesPerStep);
        const int total = sqlite3_backup_pagecount(copy);
        if (progress && total > 0)
            progress(1.0 - static_cast<double>(sqlite3_backup_remaining(copy)) / total);
    }
    sqlite3_backup_finish(copy);
    source.rollback();
    if (code != SQLITE_DONE) return sqliteError(code, nullptr, source.path(), "backup");
    return {};
}

Result<bool> hasEventLog(Database& database)
{
    auto statement =
        database.prepare("SELECT 1 FROM sqlite_master WHERE type='table' AND name='events'");
    if (!statement) return tl::unexpected(statement.error());
    return statement->step();
}

/// Pages, chain and all; answers the number of events.
Result<std::int64_t> checkCopy(Database& database)
{
    if (const auto sound = database.checkIntegrity(); !sound) return tl::unexpected(sound.error());
    const auto logged = hasEventLog(database);
    if (!logged) return tl::unexpected(logged.error());
    if (!*logged) return 0;
    const auto report = verifyEvents(database, {});
    if (!report) return tl::unexpected(report.error());
    if (report->brokenAt == 0) return report->eventCount;
    return fail(ErrorKind::Corrupt, "storage.corrupt",
                fmt::format("the event log of {} does not fit: {}; use an older backup",
                            database.path(), report->reason));
}

/// An empty file passes for an empty database, which is nobody's backup.
Result<void> requireEventLog(const std::string& path, const std::string& shownAs)
{
    auto database = Database::openReadOnly(path);
    if (!database) return tl::unexpected(database.error());
    const auto logged = hasEventLog(*database);
    if (!logged) return tl::unexpected(logged.error());
    if (*logged) return {};
    return fail(ErrorKind::Corrupt, "storage.corrupt",
                fmt::format("{} holds no event log: it is no backup, or all of it is lost; use "
                            "another one",
                            shownAs));
}

/// SQLite reads a last page that ends too early as if zeros followed. A backup is whole, or none.
Result<void> requireWhole(const std::string& path)
{
    if (exists(path + "-wal")) return {}; // an old database with its WAL: its pages are in two files
    auto database = Database::openReadOnly(path);
    if (!database) return tl::unexpected(database.error());
    auto asked = database->prepare("SELECT page_size * page_count FROM pragma_page_size, pragma_page_count");
    if (!asked) return tl::unexpected(asked.error());
    const auto row = asked->step();
    if (!row) return tl::unexpected(row.error());
    std::error_code unreadable;
    const auto size = std::filesystem::file_size(path, unreadable);
    if (!unreadable && static_cast<std::int64_t>(size) == asked->integer(0)) return {};
    return fail(ErrorKind::Corrupt, "storage.corrupt",
                fmt::format("{} has {} bytes and says that it has {}: a part is missing; use another one",
                            path, size, asked->integer(0)));
}

/// A checked copy of `sourcePath` in the single file `targetPath`, on disk.
Result<std::int64_t> copyChecked(const std::string& sourcePath, const std::string& targetPath,
                                 const std::function<void(double)>& progress)
{
    auto source = Database::openReadOnly(sourcePath);
    if (!source) return tl::unexpected(source.error());
    auto target = Database::open(targetPath, Durability::Off);
    if (!target) return tl::unexpected(target.error());
    // Only a target without a WAL can take over pages of another size.
    const auto copied =
        readOnce(*target, "PRAGMA journal_mode=DELETE")
            .and_then([&] { return copyPages(*source, *target, progress); })
            // A backup is one file: nothing of it may stay in a WAL beside it.
            .and_then([&] { return readOnce(*target, "PRAGMA journal_mode=DELETE"); });
    if (!copied) return tl::unexpected(copied.error());
    return checkCopy(*target);
}

/// Keeps everyone else from opening the database while it lives.
class ExclusiveUse {
public:
    static Result<ExclusiveUse> take(const std::string& path)
    {
        const int fd = ::open((path + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) return ioError("open", path + "-lock");
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return ExclusiveUse(fd);
        ::close(fd);
        return fail(ErrorKind::Conflict, "storage.in_use",
                    fmt::format("{} is in use; stop the backend before restoring", path));
    }
    ExclusiveUse(ExclusiveUse&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}
    ExclusiveUse& operator=(ExclusiveUse&&) = delete;
    ~ExclusiveUse()
    {
        if (m_fd >= 0) ::close(m_fd);
    }

private:
    explicit ExclusiveUse(int fd) : m_fd(fd) {}
    int m_fd;
};

/// Puts the old database aside, complete with what its WAL holds.
Result<void> keepOld(const std::string& path)
{
    if (!exists(path)) return {};
    const std::string kept = path + ".before-restore";
    removeWithCompanions(kept);
    // A link, so that `path` names a database at every moment.
    if (::link(path.c_str(), kept.c_str()) != 0) return ioError("keep", path);
    for (const char* suffix : {"-wal", "-shm"}) {
        // Left beside the new database, the old WAL would be replayed into it.
        if (std::rename((path + suffix).c_str(), (kept + suffix).c_str()) != 0 && errno != ENOENT)
            return ioError("put aside", path + suffix);
    }
    return syncFolderOf(path);
}

Result<void> renameDurably(const std::string& from, const std::string& to)
{
    if (const auto synced = syncFile(from); !synced) return synced;
    if (std::rename(from.c_str(), to.c_str()) != 0) return ioError("rename to", to);
    return syncFolderOf(to);
}

} // namespace

Result<std::int64_t> backup(const std::string& sourcePath, const std::string& targetPath,
                            const std::function<void(double)>& progress)
{
    const std::string partial = targetPath + ".partial";
    removeWithCompanions(partial);
    const auto count = copyChecked(sourcePath, partial, progress);
    if (!count) {
        removeWithCompanions(partial);
        return count;
    }
    ::unlink((partial + "-lock").c_str());
    if (const auto placed = renameDurably(partial, targetPath); !placed)
        return tl::unexpected(placed.error());
    return count;
}

Result<std::int64_t> restore(const std::string& backupPath, const std::string& targetPath)
{
    const auto use = ExclusiveUse::take(targetPath);
    if (!use) return tl::unexpected(use.error());
    const std::string fresh = targetPath + ".restoring";
    removeWithCompanions(fresh);
    auto count = requireWhole(backupPath).and_then([&] { return copyChecked(backupPath, fresh, {}); });
    if (count)
        if (auto logged = requireEventLog(fresh, backupPath); !logged)
            count = tl::unexpected(logged.error());
    if (!count) {
        removeWithCompanions(fresh);
        return count;
    }
    ::unlink((fresh + "-lock").c_str());
    const auto placed =
        keepOld(targetPath).and_then([&] { return renameDurably(fresh, targetPath); });
    if (!placed) return tl::unexpected(placed.error());
    return count;
}

} // namespace qd::storage
