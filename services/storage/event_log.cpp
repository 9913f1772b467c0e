#include "services/storage/event_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/storage/event_rows.h"
#include "services/storage/hashing.h"

namespace qd::storage {
namespace {

constexpr std::string_view kEventDomain = "qd.event.v1";

void addInteger(std::string& bytes, std::uint64_t value, int width)
{
    char text[8];
    for (int i = 0; i < width; ++i) text[i] = static_cast<char>((value >> (8 * i)) & 0xff);
    bytes.append(text, static_cast<std::size_t>(width));
}

void addField(std::string& bytes, std::string_view field)
{
    addInteger(bytes, field.size(), 4);
    bytes += field;
}

void addField(std::string& bytes, std::int64_t field)
{
    addInteger(bytes, 8, 4);
    addInteger(bytes, static_cast<std::uint64_t>(field), 8);
}

struct Head {
    std::int64_t sequence = 0;
    Hash hash{};
};

/// The last row, if it fits the one before it.
Result<Head> readHead(Database& database)
{
    auto statement = database.prepare(
        fmt::format("SELECT {} FROM events ORDER BY sequence DESC LIMIT 2", kEventColumns));
    if (!statement) return tl::unexpected(statement.error());
    std::vector<Event> last;
    if (const auto read = readRows(*statement, last); !read) return tl::unexpected(read.error());
    if (last.empty()) return Head{};
    const Event& head = last.front();
    const bool hasPrevious = last.size() == 2;
    const Hash previous = hasPrevious ? last.back().hash : Hash{};
    const std::int64_t expected = hasPrevious ? last.back().sequence + 1 : 1;
    if (head.sequence != expected || head.hash != chainHash(previous, head)) {
        return fail(ErrorKind::Corrupt, "storage.corrupt",
                    fmt::format("the event log of {} does not fit itself at row {}; verify it, and "
                                "restore from a backup",
                                database.path(), head.sequence));
    }
    return Head{head.sequence, head.hash};
}

} // namespace

std::string_view eventLogSchema()
{
    return "CREATE TABLE IF NOT EXISTS events("
           "sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL,"
           "subject TEXT NOT NULL, actor TEXT NOT NULL, cause INTEGER NOT NULL,"
           "trace_id TEXT NOT NULL, payload TEXT NOT NULL,"
           "hash BLOB NOT NULL CHECK(length(hash) = 32)) STRICT;"
           "CREATE INDEX IF NOT EXISTS events_by_subject ON events(subject, sequence);"
           "CREATE TRIGGER IF NOT EXISTS events_no_update BEFORE UPDATE ON events "
           "BEGIN SELECT raise(ABORT, 'the event log is append-only'); END;"
           "CREATE TRIGGER IF NOT EXISTS events_no_delete BEFORE DELETE ON events "
           "BEGIN SELECT raise(ABORT, 'the event log is append-only'); END;";
}

const MigrationSet& storageMigrations()
{
    static const MigrationSet set{
        "storage",
        {{1, "event log and identity",
          std::string(eventLogSchema()) +
              "CREATE TABLE store_identity(one INTEGER PRIMARY KEY CHECK(one = 1),"
              "id TEXT NOT NULL) STRICT;",
          "DROP TABLE store_identity; DROP TABLE events;"}}};
    return set;
}

Hash chainHash(const Hash& previous, const Event& event)
{
    thread_local std::string bytes;
    bytes.assign(kEventDomain);
    bytes += asBytes(previous);
    addField(bytes, event.sequence);
    addField(bytes, event.time.nanos());
    addField(bytes, event.kind);
    addField(bytes, event.subject);
    addField(bytes, event.actor);
    addField(bytes, event.cause);
    addField(bytes, event.traceId);
    addField(bytes, event.payload);
    return sha256(bytes);
}

Result<EventAppender> EventAppender::open(Database& database)
{
    return readHead(database).map(
        [](const Head& head) { return EventAppender(head.sequence, head.hash); });
}

Result<std::int64_t> EventAppender::append(Database& database, Event event)
{
    return insert(database, event).map([&event] { return event.sequence; });
}

Result<void> EventAppender::insert(Database& database, Event& event)
{
    event.sequence = m_lastSequence + 1;
    event.hash = chainHash(m_head, event);
    auto statement = database.prepare(
        "INSERT INTO events(sequence, time, kind, subject, actor, cause, trace_id, payload, hash) "
        "VALUES(?,?,?,?,?,?,?,?,?)");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, event.sequence)
        .bind(2, event.time)
        .bind(3, event.kind)
        .bind(4, event.subject)
        .bind(5, event.actor)
        .bind(6, event.cause)
        .bind(7, event.traceId)
        .bind(8, event.payload)
        .bindBlob(9, asBytes(event.hash));
    if (const auto stored = statement->run(); !stored) return stored;
    m_lastSequence = event.sequence;
    m_head = event.hash;
    return {};
}

Result<void> EventAppender::reload(Database& database)
{
    const auto head = readHead(database);
    if (!head) return tl::unexpected(head.error());
    m_lastSequence = head->sequence;
    m_head = head->hash;
    return {};
}

Result<void> EventAppender::follow(Database& database)
{
    auto statement = database.prepare("PRAGMA data_version");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    const std::int64_t version = statement->integer(0);
    if (version == m_seenVersion) return {};
    m_seenVersion = version;
    return reload(database);
}

Result<void> readRows(Statement& statement, std::vector<Event>& events)
{
    for (auto row = statement.step();; row = statement.step()) {
        if (!row) return tl::unexpected(row.error());
        if (!*row) return {};
        events.push_back(eventOf(statement));
    }
}

Event eventOf(const Statement& row)
{
    Event event;
    event.sequence = row.integer(0);
    event.time = Timestamp::fromNanos(row.integer(1));
    event.kind = row.text(2);
    event.subject = row.text(3);
    event.actor = row.text(4);
    event.cause = row.integer(5);
    event.traceId = row.text(6);
    event.payload = row.text(7);
    const std::string_view hash = row.text(8);
    // A hash of another length stays zero and so fits nothing.
    if (hash.size() == event.hash.size())
        std::copy_n(hash.data(), hash.size(), reinterpret_cast<char*>(event.hash.data()));
    return event;
}

Result<std::vector<Event>> readEvents(Database& database, std::int64_t after, std::size_t limit)
{
    auto statement = database.prepare(fmt::format(
        "SELECT {} FROM events WHERE sequence>? ORDER BY sequence LIMIT ?", kEventColumns));
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, after).bind(2, static_cast<std::int64_t>(limit));
    std::vector<Event> events;
    if (const auto read = readRows(*statement, events); !read) return tl::unexpected(read.error());
    return events;
}

Result<std::vector<Event>> readEventsOf(Database& database, std::string_view subject,
                                        std::size_t limit)
{
    auto statement = database.prepare(fmt::format(
        "SELECT {} FROM events WHERE subject=? ORDER BY sequence LIMIT ?", kEventColumns));
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, subject).bind(2, static_cast<std::int64_t>(limit));
    std::vector<Event> events;
    if (const auto read = readRows(*statement, events); !read) return tl::unexpected(read.error());
    return events;
}

} // namespace qd::storage
