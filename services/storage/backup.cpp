#include "services/storage/backup.h"

#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "services/storage/atomic_file.h"
#include "services/storage/placing.h"

namespace qd::storage {
namespace {

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

/// A checked copy of `sourcePath` in the single file `targetPath`.
Result<std::int64_t> copyChecked(const std::string& sourcePath, const std::string& targetPath,
                                 const std::function<void(double)>& progress)
{
    auto source = Database::openReadOnly(sourcePath);
    if (!source) return tl::unexpected(source.error());
    CopySteps steps;
    if (progress)
        steps.goOn = [&progress](double done) {
            progress(done);
            return true;
        };
    // With a read transaction of its own the source stands still for us, and a busy writer cannot
    // make the copy start again and again.
    return pinMoment(*source).and_then([&] { return copyPinned(*source, targetPath, steps); });
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
