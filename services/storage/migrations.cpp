#include <fmt/format.h>

#include "services/storage/database.h"
#include "services/storage/hashing.h"

namespace qd::storage {
namespace {

constexpr std::string_view kMainSet = "main";

Result<void> createTable(Database& database)
{
    return database.execute("CREATE TABLE IF NOT EXISTS schema_migrations("
                            "room TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,"
                            "checksum TEXT NOT NULL, PRIMARY KEY(room, version)) STRICT");
}

std::string checksumOf(const Migration& step)
{
    return toHex(sha256(step.up + '\0' + step.down));
}

/// The recorded steps must be the program's own first ones; answers how many there are.
Result<int> compareRecorded(Database& database, const MigrationSet& set)
{
    auto statement = database.prepare(
        "SELECT version, name, checksum FROM schema_migrations WHERE room=? ORDER BY version");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, set.name);
    std::size_t count = 0;
    for (auto row = statement->step();; row = statement->step()) {
        if (!row) return tl::unexpected(row.error());
        if (!*row) return static_cast<int>(count);
        if (count >= set.steps.size()) {
            return fail(ErrorKind::Invalid, "storage.schema_newer",
                        fmt::format("{} has step {} \"{}\" of {}, this program knows {} steps; use "
                                    "the newer program, or undo the step with it first",
                                    database.path(), statement->integer(0), statement->text(1),
                                    set.name, set.steps.size()));
        }
        const Migration& step = set.steps[count++];
        if (statement->integer(0) != step.version || statement->text(2) != checksumOf(step)) {
            return fail(ErrorKind::Invalid, "storage.schema_differs",
                        fmt::format("{}: step {} \"{}\" of {} is not the one this program knows "
                                    "(\"{}\"); use the program that made the database",
                                    database.path(), statement->integer(0), statement->text(1),
                                    set.name, step.name));
        }
    }
}

Result<void> record(Database& database, const std::string& room, const Migration& step, bool up)
{
    auto statement = database.prepare(
        up ? "INSERT INTO schema_migrations(room, version, name, checksum) VALUES(?,?,?,?)"
           : "DELETE FROM schema_migrations WHERE room=? AND version=?");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, room).bind(2, step.version);
    if (up) statement->bind(3, step.name).bind(4, checksumOf(step));
    return statement->run();
}

Result<void> apply(Database& database, const std::string& room, const Migration& step, bool up)
{
    const auto applied = database.begin()
                             .and_then([&] { return database.execute(up ? step.up : step.down); })
                             .and_then([&] { return record(database, room, step, up); })
                             .and_then([&] { return database.commit(); });
    if (applied) return {};
    database.rollback();
    Error error = applied.error();
    error.detail = fmt::format("step {} \"{}\" of {} ({}) was undone: {}", step.version, step.name,
                               room, up ? "up" : "down", error.detail);
    return tl::unexpected(error);
}

} // namespace

Result<void> migrate(Database& database, const MigrationSet& set, int target)
{
    for (std::size_t i = 0; i < set.steps.size(); ++i)
        QD_ASSERT(set.steps[i].version == static_cast<int>(i) + 1);
    QD_ASSERT(target >= 0 && target <= static_cast<int>(set.steps.size()));
    if (const auto made = createTable(database); !made) return made;
    const auto recorded = compareRecorded(database, set);
    if (!recorded) return tl::unexpected(recorded.error());
    int version = *recorded;
    for (; version < target; ++version) {
        const Migration& step = set.steps[static_cast<std::size_t>(version)];
        if (const auto done = apply(database, set.name, step, /*up=*/true); !done) return done;
    }
    for (; version > target; --version) {
        const Migration& step = set.steps[static_cast<std::size_t>(version) - 1];
        if (const auto done = apply(database, set.name, step, /*up=*/false); !done) return done;
    }
    return {};
}

Result<void> migrateAll(Database& database, const std::vector<MigrationSet>& sets)
{
    for (const MigrationSet& set : sets) {
        const auto done = migrate(database, set, static_cast<int>(set.steps.size()));
        if (!done) return done;
    }
    return {};
}

Result<int> schemaVersion(Database& database, std::string_view set)
{
    if (const auto made = createTable(database); !made) return tl::unexpected(made.error());
    auto statement =
        database.prepare("SELECT coalesce(max(version), 0) FROM schema_migrations WHERE room=?");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->bind(1, set).step();
    if (!row) return tl::unexpected(row.error());
    return static_cast<int>(statement->integer(0));
}

Result<void> migrate(Database& database, const std::vector<Migration>& migrations, int target)
{
    return migrate(database, MigrationSet{std::string(kMainSet), migrations}, target);
}

Result<int> schemaVersion(Database& database)
{
    return schemaVersion(database, kMainSet);
}

} // namespace qd::storage
