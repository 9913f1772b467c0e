#include "services/identity/session_records.h"

#include <fmt/format.h>

#include "services/identity/queries.h"
#include "services/identity/sealed_places.h"
#include "services/json/json.h"

namespace qd::identity {
namespace {

constexpr std::string_view kSessionSelect =
    "SELECT s.id, s.user, s.device, s.network, s.created, s.last_used, s.expires, s.device_hash,"
    " s.generation, s.rotated, u.roles, u.disabled"
    " FROM identity_sessions AS s JOIN identity_users AS u ON u.id = s.user ";

struct StoredSession {
    SessionRecord record;
    Roles roles;
    bool isDisabled = false;
};

/// What the program itself wrote is read as it stands; damage shows as an empty name or no roles.
StoredSession storedSessionOf(const storage::Statement& row)
{
    StoredSession stored;
    SessionFacts& facts = stored.record.facts;
    facts.id = SessionId(std::string(row.text(0)));
    facts.user = UserId(std::string(row.text(1)));
    facts.address = row.text(3);
    facts.createdAt = Timestamp::fromNanos(row.integer(4));
    facts.lastUsedAt = Timestamp::fromNanos(row.integer(5));
    facts.expiresAt = Timestamp::fromNanos(row.integer(6));
    stored.record.deviceHash = row.text(7);
    stored.record.generation = row.integer(8);
    stored.record.rotatedAt = Timestamp::fromNanos(row.integer(9));
    stored.roles = Roles::parse(row.text(10)).value_or(Roles{});
    stored.isDisabled = row.integer(11) != 0;
    return stored;
}

Result<void> noteEnd(storage::Transaction& transaction, const SessionId& session,
                     const UserId& user, std::string_view reason, const By& by,
                     std::string_view kind = "session.ended")
{
    json::Writer out;
    out.beginObject().member("user", user.text()).member("reason", reason).endObject();
    return note(transaction, kind, subjectOf(session), by, out.take());
}

Result<void> deleteSession(storage::Transaction& transaction, const SessionFacts& facts,
                           std::string_view reason, const By& by,
                           std::string_view kind = "session.ended")
{
    return execute(transaction.database(), "DELETE FROM identity_sessions WHERE id = ?",
                   facts.id.text())
        .and_then([&] { return noteEnd(transaction, facts.id, facts.user, reason, by, kind); });
}

Result<Roles> rolesOfActive(storage::Database& database, const UserId& user)
{
    std::optional<Roles> roles;
    const auto read = forEachRow(
        database, "SELECT roles FROM identity_users WHERE id = ? AND disabled = 0",
        [&](const storage::Statement& row) {
            roles = Roles::parse(row.text(0)).value_or(Roles{});
        },
        user.text());
    if (!read) return tl::unexpected(read.error());
    if (!roles) return fail(ErrorKind::Denied, "identity.disabled", "the account is disabled");
    return *roles;
}

/// Ends the sessions that were used longest ago until one more fits.
Result<std::vector<SessionId>> makeRoom(storage::Transaction& transaction,
                                        const SessionRecord& record,
                                        const SessionSettings& settings, const By& by)
{
    auto& database = transaction.database();
    std::vector<SessionFacts> surplus;
    const auto read = forEachRow(
        database,
        "SELECT id FROM identity_sessions WHERE user = ? ORDER BY last_used DESC, id LIMIT -1 OFFSET ?",
        [&](const storage::Statement& row) {
            SessionFacts facts;
            facts.id = SessionId(std::string(row.text(0)));
            facts.user = record.facts.user;
            surplus.push_back(std::move(facts));
        },
        record.facts.user.text(), static_cast<std::int64_t>(settings.perUserMax) - 1);
    if (!read) return tl::unexpected(read.error());
    std::vector<SessionId> ended;
    for (const SessionFacts& facts : surplus) {
        if (auto done = deleteSession(transaction, facts, "too_many", by); !done)
            return tl::unexpected(done.error());
        ended.push_back(facts.id);
    }
    const auto total = numberOf(database, "SELECT count(*) FROM identity_sessions");
    if (!total) return tl::unexpected(total.error());
    if (*total >= static_cast<std::int64_t>(settings.totalMax))
        return fail(ErrorKind::Unavailable, "identity.sessions_full", "too many sessions are open");
    return ended;
}

Result<void> rotate(storage::Transaction& transaction, SessionRecord& record, const RefreshAsk& ask,
                    const SessionSettings& settings)
{
    ++record.generation;
    record.rotatedAt = ask.now;
    record.facts.lastUsedAt = ask.now;
    record.facts.expiresAt = ask.now + settings.refreshFor;
    record.facts.address = ask.network;
    json::Writer out;
    out.beginObject()
        .member("user", record.facts.user.text())
        .member("generation", record.generation)
        .member("network", ask.network)
        .endObject();
    return execute(transaction.database(),
                   "UPDATE identity_sessions SET generation = ?, rotated = ?, last_used = ?,"
                   " expires = ?, network = ? WHERE id = ?",
                   record.generation, record.rotatedAt, record.facts.lastUsedAt,
                   record.facts.expiresAt, ask.network, record.facts.id.text())
        .and_then([&] {
            return note(transaction, "session.refreshed", subjectOf(record.facts.id),
                        byUser(record.facts.user, ask.traceId), out.take());
        });
}

} // namespace

Result<OpenedSession> openSession(storage::Transaction& transaction, const TokenKey& key,
                                  const SessionRecord& record, bool isNewDevice, const SessionSettings& settings, const By& by)
{
    const SessionFacts& facts = record.facts;
    const auto roles = rolesOfActive(transaction.database(), facts.user);
    if (!roles) return tl::unexpected(roles.error());
    auto pushedOut = makeRoom(transaction, record, settings, by);
    if (!pushedOut) return tl::unexpected(pushedOut.error());
    json::Writer out;
    out.beginObject()
        .member("user", facts.user.text())
        .member("newDevice", isNewDevice)
        .member("network", facts.address)
        .endObject();
    auto done =
        execute(transaction.database(),
                "INSERT INTO identity_sessions(id, user, device, device_hash, network, created,"
                " last_used, expires, generation, rotated) VALUES(?,?,?,?,?,?,?,?,?,?)",
                facts.id.text(), facts.user.text(),
                key.seal(kDevicePlace, facts.user, facts.device.text()), record.deviceHash,
                facts.address, facts.createdAt, facts.lastUsedAt, facts.expiresAt,
                record.generation, record.rotatedAt)
            .and_then([&] {
                return note(transaction, "session.opened", subjectOf(facts.id), by, out.take());
            });
    if (!done) return tl::unexpected(done.error());
    return OpenedSession{*roles, std::move(*pushedOut)};
}

Result<Refreshment> refreshSession(storage::Transaction& transaction, const RefreshAsk& ask,
                                   const SessionSettings& settings)
{
    using Kind = Refreshment::Kind;
    std::optional<StoredSession> stored;
    const auto read = forEachRow(
        transaction.database(), fmt::format("{}WHERE s.id = ?", kSessionSelect),
        [&](const storage::Statement& row) { stored = storedSessionOf(row); },
        ask.claim.session.text());
    if (!read) return tl::unexpected(read.error());
    if (!stored) return Refreshment{};
    SessionRecord& record = stored->record;
    const By by = byUser(record.facts.user, ask.traceId);
    const auto end = [&](Kind kind, std::string_view reason) -> Result<Refreshment> {
        const auto event = kind == Kind::Replayed ? "session.replayed" : "session.ended";
        const auto done = deleteSession(transaction, record.facts, reason, by, event);
        if (!done) return tl::unexpected(done.error());
        return Refreshment{kind, std::move(record), {}};
    };
    if (ask.now >= record.facts.expiresAt) return end(Kind::Gone, "expired");
    // A token of the future: the store was put back to an earlier state. Nobody's fault.
    if (stored->isDisabled || ask.claim.generation > record.generation) return Refreshment{};
    if (ask.deviceHash != record.deviceHash) return end(Kind::Replayed, "other_device");
    if (ask.claim.generation == record.generation) {
        if (auto done = rotate(transaction, record, ask, settings); !done)
            return tl::unexpected(done.error());
        return Refreshment{Kind::Rotated, std::move(record), stored->roles};
    }
    const bool isGrace = ask.claim.generation == record.generation - 1 &&
                         ask.now - record.rotatedAt <= settings.graceFor;
    if (!isGrace) return end(Kind::Replayed, "replayed");
    return Refreshment{Kind::SameAgain, std::move(record), stored->roles};
}

Result<std::vector<SessionId>> endSessions(storage::Transaction& transaction,
                                           const EndSessions& which, const By& by)
{
    std::vector<SessionId> ended;
    const auto read = forEachRow(
        transaction.database(),
        "SELECT id FROM identity_sessions WHERE user = ?1 AND (?2 = '' OR id = ?2) AND id <> ?3",
        [&](const storage::Statement& row) { ended.emplace_back(std::string(row.text(0))); },
        which.user.text(), which.only.value_or(SessionId()).text(),
        which.except.value_or(SessionId()).text());
    if (!read) return tl::unexpected(read.error());
    for (const SessionId& session : ended) {
        SessionFacts facts;
        facts.id = session;
        facts.user = which.user;
        if (auto done = deleteSession(transaction, facts, which.reason, by); !done)
            return tl::unexpected(done.error());
    }
    return ended;
}

Result<std::vector<SessionFacts>> sessionsOf(storage::Database& database, const TokenKey& key,
                                             const UserId& user, Timestamp now)
{
    std::vector<SessionFacts> sessions;
    const auto read = forEachRow(
        database,
        fmt::format("{}WHERE s.user = ? AND s.expires > ? ORDER BY s.created DESC, s.id",
                    kSessionSelect),
        [&](const storage::Statement& row) {
            sessions.push_back(storedSessionOf(row).record.facts);
            sessions.back().device =
                DeviceName::parse(key.open(kDevicePlace, user, row.text(2))).value_or(DeviceName{});
        },
        user.text(), now);
    if (!read) return tl::unexpected(read.error());
    return sessions;
}

Result<void> endExpired(storage::Transaction& transaction, Timestamp now, std::size_t limit)
{
    std::vector<SessionFacts> expired;
    const auto read = forEachRow(
        transaction.database(),
        fmt::format("{}WHERE s.expires <= ? ORDER BY s.expires LIMIT ?", kSessionSelect),
        [&](const storage::Statement& row) { expired.push_back(storedSessionOf(row).record.facts); },
        now, static_cast<std::int64_t>(limit));
    if (!read) return read;
    for (const SessionFacts& facts : expired)
        if (auto done = deleteSession(transaction, facts, "expired", {"system:identity", {}}); !done)
            return done;
    return {};
}

} // namespace qd::identity
