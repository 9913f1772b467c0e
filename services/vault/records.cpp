#include "services/vault/records.h"

#include <fmt/format.h>

namespace qd::vault {
namespace {

using storage::Database;
using storage::Statement;

constexpr std::string_view kColumns =
    "id, owner, purpose, version, master_key, wrapped, sealed, created, changed, resealed";

Record recordOf(const Statement& row)
{
    Record record;
    record.name = {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2))};
    record.version = row.integer(3);
    record.envelope = {std::string(row.text(4)), std::string(row.text(5)), std::string(row.text(6))};
    record.created = Timestamp::fromNanos(row.integer(7));
    record.changed = Timestamp::fromNanos(row.integer(8));
    record.resealed = Timestamp::fromNanos(row.integer(9));
    return record;
}

/// Calls `take` for each row.
Result<void> eachRow(Statement& statement, const std::function<void(const Statement&)>& take)
{
    for (;;) {
        const auto row = statement.step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return {};
        take(statement);
    }
}

Result<std::vector<Record>> recordsOf(Statement& statement)
{
    std::vector<Record> records;
    const auto read =
        eachRow(statement, [&](const Statement& row) { records.push_back(recordOf(row)); });
    if (!read) return tl::unexpected(read.error());
    return records;
}

Result<std::int64_t> countOf(Result<Statement> statement)
{
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    return statement->integer(0);
}

bool isShredding(Database& database)
{
    auto statement = database.prepare("PRAGMA secure_delete");
    return statement && statement->step().value_or(false) && statement->integer(0) == 1;
}

Result<void> run(Database& database, std::string_view sql, std::string_view id)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    return statement->bind(1, id).run();
}

} // namespace

storage::MigrationSet vaultMigrations()
{
    return {"vault",
            {{1, "vault",
              R"sql(
CREATE TABLE vault_keys(
    id      TEXT PRIMARY KEY,                  -- of a master key; the key itself is never here
    active  INTEGER NOT NULL CHECK(active IN (0, 1)),
    created INTEGER NOT NULL,
    canary  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX vault_keys_active ON vault_keys(active); -- at most one active, one going
CREATE TABLE vault_secrets(
    id         TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    version    INTEGER NOT NULL,               -- named by the newest event of "vault/<id>"
    master_key TEXT NOT NULL REFERENCES vault_keys(id),
    wrapped    BLOB NOT NULL,                  -- the data key under the master key
    sealed     BLOB NOT NULL,                  -- the secret under the data key
    created    INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    resealed   INTEGER NOT NULL
) STRICT;
CREATE INDEX vault_secrets_by_key ON vault_secrets(master_key, id);
)sql",
              R"sql(
DROP TABLE vault_secrets;
DROP TABLE vault_keys;
)sql"}}};
}

std::string subjectOf(std::string_view secretId)
{
    return "vault/" + std::string(secretId);
}

std::string useSubjectOf(std::string_view secretId)
{
    return "vault-use/" + std::string(secretId);
}

std::string keySubjectOf(std::string_view keyId)
{
    return "vault-key/" + std::string(keyId);
}

Result<bool> viewSecret(Database& database, const std::string& id,
                        const std::function<void(const StoredView&)>& row)
{
    auto statement = database.prepare(
        "SELECT s.id IS NOT NULL, s.owner, s.purpose, s.master_key, s.version, s.wrapped, s.sealed,"
        " e.kind, json_extract(e.payload, '$.version')"
        " FROM (SELECT ?1 AS id) AS asked LEFT JOIN vault_secrets AS s ON s.id = asked.id"
        " LEFT JOIN events AS e ON e.sequence ="
        " (SELECT max(sequence) FROM events WHERE subject = 'vault/' || asked.id)");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, id);
    const auto found = statement->step();
    if (!found) return tl::unexpected(found.error());
    StoredView stored;
    stored.hasRow = statement->integer(0) != 0;
    stored.owner = statement->text(1);
    stored.purpose = statement->text(2);
    stored.masterKey = statement->text(3);
    stored.sealed = {statement->integer(4), statement->text(5), statement->text(6)};
    stored.hasChange = !statement->isNull(7);
    stored.lastKind = statement->text(7);
    stored.lastVersion = statement->integer(8);
    if (!stored.hasRow && !stored.hasChange) return false;
    row(stored);
    return true;
}

Result<void> checkAgainstLog(const std::string& id, const StoredView& stored)
{
    const bool isRemoved = stored.hasChange && stored.lastKind == kRemoved;
    if (!stored.hasRow && isRemoved)
        return fail(ErrorKind::NotFound, "vault.not_found",
                    fmt::format("there is no secret \"{}\"; it was removed", id));
    if (!stored.hasRow)
        return fail(ErrorKind::Corrupt, "vault.row_missing",
                    fmt::format("the secret \"{}\" was taken out of the database without the vault; "
                                "put it again, or restore the database from a backup",
                                id));
    if (stored.hasChange && !isRemoved && stored.lastVersion == stored.sealed.version) return {};
    return fail(ErrorKind::Corrupt, "vault.rolled_back",
                fmt::format("the secret \"{}\" is stored in version {}, but the log says {}; an older "
                            "row was put back; put the secret again",
                            id, stored.sealed.version,
                            isRemoved          ? std::string("that it was removed")
                            : stored.hasChange ? fmt::format("version {}", stored.lastVersion)
                                               : std::string("nothing of it")));
}

Result<std::optional<Record>> findRecord(Database& database, const std::string& id)
{
    auto statement =
        database.prepare(fmt::format("SELECT {} FROM vault_secrets WHERE id = ?", kColumns));
    if (!statement) return tl::unexpected(statement.error());
    auto records = recordsOf(statement->bind(1, id));
    if (!records) return tl::unexpected(records.error());
    if (records->empty()) return std::nullopt;
    return std::move(records->front());
}

Result<std::optional<LastChange>> lastChange(Database& database, const std::string& subject)
{
    auto statement = database.prepare(
        "SELECT kind, json_extract(payload, '$.version'), sequence FROM events WHERE subject = ? "
        "ORDER BY sequence DESC LIMIT 1");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->bind(1, subject).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return std::nullopt;
    return LastChange{std::string(statement->text(0)), statement->integer(1), statement->integer(2)};
}

Result<void> storeRecord(Database& database, const Record& record)
{
    const Shredding shredding(database);
    auto statement = database.prepare(
        "INSERT INTO vault_secrets(id, owner, purpose, version, master_key, wrapped, sealed, created,"
        " changed, resealed) VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET"
        " version = excluded.version, master_key = excluded.master_key,"
        " wrapped = excluded.wrapped, sealed = excluded.sealed, created = excluded.created,"
        " changed = excluded.changed, resealed = excluded.resealed");
    if (!statement) return tl::unexpected(statement.error());
    return statement->bind(1, record.name.id)
        .bind(2, record.name.owner)
        .bind(3, record.name.purpose)
        .bind(4, record.version)
        .bind(5, record.envelope.masterKey)
        .bindBlob(6, record.envelope.wrapped)
        .bindBlob(7, record.envelope.sealed)
        .bind(8, record.created)
        .bind(9, record.changed)
        .bind(10, record.resealed)
        .run();
}

Result<void> storeWrap(Database& database, const std::string& id, std::string_view masterKey,
                       std::string_view wrapped, Timestamp now)
{
    const Shredding shredding(database);
    auto statement = database.prepare(
        "UPDATE vault_secrets SET master_key = ?, wrapped = ?, resealed = ? WHERE id = ?");
    if (!statement) return tl::unexpected(statement.error());
    return statement->bind(1, masterKey).bindBlob(2, wrapped).bind(3, now).bind(4, id).run();
}

Result<void> shredRecord(Database& database, const std::string& id)
{
    const Shredding shredding(database);
    return run(database,
               "UPDATE vault_secrets SET wrapped = zeroblob(length(wrapped)),"
               " sealed = zeroblob(length(sealed)) WHERE id = ?",
               id)
        .and_then([&] { return run(database, "DELETE FROM vault_secrets WHERE id = ?", id); });
}

Result<std::vector<Record>> recordsUnder(Database& database, std::string_view masterKey,
                                         std::string_view after, std::size_t limit)
{
    auto statement = database.prepare(
        fmt::format("SELECT {} FROM vault_secrets WHERE master_key = ? AND id > ? ORDER BY id LIMIT ?",
                    kColumns));
    if (!statement) return tl::unexpected(statement.error());
    return recordsOf(
        statement->bind(1, masterKey).bind(2, after).bind(3, static_cast<std::int64_t>(limit)));
}

Result<std::vector<Record>> allRecords(Database& database)
{
    auto statement = database.prepare("SELECT id, owner, purpose, version, master_key, x'', x'',"
                                      " created, changed, resealed FROM vault_secrets ORDER BY id");
    if (!statement) return tl::unexpected(statement.error());
    return recordsOf(*statement);
}

Result<std::int64_t> countUnder(Database& database, std::string_view masterKey)
{
    auto statement = database.prepare("SELECT count(*) FROM vault_secrets WHERE master_key = ?");
    if (statement) statement->bind(1, masterKey);
    return countOf(std::move(statement));
}

Result<std::int64_t> countRecords(Database& database)
{
    return countOf(database.prepare("SELECT count(*) FROM vault_secrets"));
}

Result<std::string> unknownMasterKey(Database& database)
{
    auto statement = database.prepare("SELECT master_key FROM vault_secrets WHERE master_key NOT IN "
                                      "(SELECT id FROM vault_keys) LIMIT 1");
    if (!statement) return tl::unexpected(statement.error());
    std::string id;
    const auto read =
        eachRow(*statement, [&](const Statement& row) { id = std::string(row.text(0)); });
    if (!read) return tl::unexpected(read.error());
    return id;
}

Result<std::vector<std::string>> idsInLog(Database& database)
{
    // "vault/" and what sorts before "vault0": the subjects that begin with it.
    auto statement = database.prepare(
        "SELECT substr(subject, 7), kind, max(sequence) FROM events "
        "WHERE subject >= 'vault/' AND subject < 'vault0' GROUP BY subject");
    if (!statement) return tl::unexpected(statement.error());
    std::vector<std::string> ids;
    const auto read = eachRow(*statement, [&](const Statement& row) {
        if (row.text(1) != kRemoved) ids.emplace_back(row.text(0));
    });
    if (!read) return tl::unexpected(read.error());
    return ids;
}

Result<std::vector<KeyRecord>> keyRecords(Database& database)
{
    auto statement =
        database.prepare("SELECT id, active, created, canary FROM vault_keys ORDER BY active DESC");
    if (!statement) return tl::unexpected(statement.error());
    std::vector<KeyRecord> keys;
    const auto read = eachRow(*statement, [&](const Statement& row) {
        keys.push_back({std::string(row.text(0)), row.integer(1) != 0,
                        Timestamp::fromNanos(row.integer(2)), std::string(row.text(3))});
    });
    if (!read) return tl::unexpected(read.error());
    return keys;
}

Result<void> storeKey(Database& database, const KeyRecord& key)
{
    auto statement =
        database.prepare("INSERT INTO vault_keys(id, active, created, canary) VALUES(?,?,?,?)");
    if (!statement) return tl::unexpected(statement.error());
    return statement->bind(1, key.id)
        .bind(2, key.isActive ? 1 : 0)
        .bind(3, key.created)
        .bindBlob(4, key.canary)
        .run();
}

Result<void> retireKey(Database& database, std::string_view id)
{
    return run(database, "UPDATE vault_keys SET active = 0 WHERE id = ?", id);
}

Result<void> shredKey(Database& database, std::string_view id)
{
    const Shredding shredding(database);
    return run(database, "DELETE FROM vault_keys WHERE id = ?", id);
}

// Setting it always succeeds: a flag of the connection. Only the vault pays for it where SQLite does
// not do it anyway: zeroing what the other rooms delete would cost them a page write each.
Shredding::Shredding(Database& database) : m_database(database), m_wasOn(isShredding(database))
{
    if (!m_wasOn) static_cast<void>(m_database.execute("PRAGMA secure_delete=ON"));
}

Shredding::~Shredding()
{
    if (!m_wasOn) static_cast<void>(m_database.execute("PRAGMA secure_delete=OFF"));
}

} // namespace qd::vault
