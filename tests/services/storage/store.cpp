#include "tests/services/storage/store.h"

namespace qd::storage::test {

MigrationSet noteTables()
{
    return {"notes",
            {{1, "notes", "CREATE TABLE notes(number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT",
              "DROP TABLE notes"}}};
}

Database openStore(const std::string& path)
{
    auto database = Database::open(path);
    QD_ASSERT(database.has_value());
    expectOk(migrateAll(*database, {storageMigrations(), noteTables()}));
    return std::move(*database);
}

Event noteEvent(std::int64_t number)
{
    Event event;
    event.time = Timestamp::of("2026-01-05T15:00:00Z");
    event.kind = "note.made";
    event.subject = "note/" + std::to_string(number);
    event.actor = "user:owner";
    event.payload = R"({"number":)" + std::to_string(number) + "}";
    return event;
}

Writer::Work noteWork(std::int64_t number)
{
    return [number](Transaction& transaction) -> Result<void> {
        auto statement =
            transaction.database().prepare("INSERT INTO notes(number, body) VALUES(?,?)");
        if (!statement) return tl::unexpected(statement.error());
        const auto stored = statement->bind(1, number).bind(2, "a note of some length").run();
        if (!stored) return stored;
        return transaction.append(noteEvent(number)).map([](std::int64_t) {});
    };
}

void fill(const std::string& path, std::int64_t count)
{
    Database database = openStore(path);
    auto appender = EventAppender::open(database);
    ASSERT_TRUE(appender.has_value());
    std::vector<Event> events;
    expectOk(database.begin());
    Transaction transaction(database, *appender, events);
    const std::int64_t first = appender->lastSequence() + 1;
    for (std::int64_t i = 0; i < count; ++i) expectOk(noteWork(first + i)(transaction));
    expectOk(database.commit());
}

std::int64_t countOf(Database& database, std::string_view table)
{
    auto statement = database.prepare("SELECT count(*) FROM " + std::string(table));
    QD_ASSERT(statement.has_value() && statement->step().value_or(false));
    return statement->integer(0);
}

} // namespace qd::storage::test
