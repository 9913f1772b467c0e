#include "services/storage/placing.h"

#include <sys/file.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "services/storage/atomic_file.h"
#include "services/storage/event_log.h"
#include "services/storage/io_error.h"
#include "services/storage/sqlite_error.h"

namespace qd::storage {
namespace {

constexpr int kPagesPerStep = 1'024;

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

/// Copies every page of the moment at which `source` is pinned.
Result<void> copyPages(Database& source, Database& target, const std::function<bool(double)>& goOn)
{
    sqlite3_backup* const copy =
        sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
    if (copy == nullptr) {
        return sqliteError(sqlite3_errcode(target.handle()), target.handle(), target.path(),
                           "backup");
    }
    int code = SQLITE_OK;
    bool isWanted = true;
    while (code == SQLITE_OK && isWanted) {
        code = sqlite3_backup_step(copy, kPagesPerStep);
        const int total = sqlite3_backup_pagecount(copy);
        if (goOn && total > 0)
            isWanted = goOn(1.0 - static_cast<double>(sqlite3_backup_remaining(copy)) / total);
    }
    sqlite3_backup_finish(copy);
    source.rollback();
    if (!isWanted)
        return fail(ErrorKind::Unavailable, "storage.canceled", "the copy was not wanted any more");
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

} // namespace

Result<ExclusiveUse> ExclusiveUse::take(const std::string& path)
{
    const int fd = ::open((path + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return ioError("open", path + "-lock");
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return ExclusiveUse(fd);
    ::close(fd);
    return fail(ErrorKind::Conflict, "storage.in_use",
                fmt::format("{} is in use; stop the backend first", path));
}

ExclusiveUse::ExclusiveUse(ExclusiveUse&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}

ExclusiveUse::~ExclusiveUse()
{
    if (m_fd >= 0) ::close(m_fd);
}

void removeWithCompanions(const std::string& path)
{
    for (const char* suffix : {"", "-wal", "-shm", "-journal", "-lock"})
        ::unlink((path + suffix).c_str());
}

Result<void> pinMoment(Database& source)
{
    return source.execute("BEGIN").and_then(
        [&] { return readOnce(source, "SELECT count(*) FROM sqlite_master"); });
}

Result<std::int64_t> copyPinned(Database& source, const std::string& targetPath,
                                const CopySteps& steps)
{
    auto target = Database::open(targetPath, Durability::Off);
    if (!target) return tl::unexpected(target.error());
    // Only a target without a WAL can take over pages of another size.
    const auto copied =
        readOnce(*target, "PRAGMA journal_mode=DELETE")
            .and_then([&] { return copyPages(source, *target, steps.goOn); })
            // A backup is one file: nothing of it may stay in a WAL beside it.
            .and_then([&] { return readOnce(*target, "PRAGMA journal_mode=DELETE"); });
    if (!copied) return tl::unexpected(copied.error());
    if (steps.copied) steps.copied();
    return checkCopy(*target);
}

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

} // namespace qd::storage
