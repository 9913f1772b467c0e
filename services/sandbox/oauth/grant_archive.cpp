#include "services/sandbox/oauth/grant_archive.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace qd::sandbox::oauth {

namespace {

const storage::MigrationSet& grantMigrations()
{
    static const storage::MigrationSet set = {
        "consents",
        {{1, "grants",
          R"sql(
CREATE TABLE consent_grants(
    number       INTEGER PRIMARY KEY,
    client_id    TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    scopes       TEXT NOT NULL,                -- with spaces between them
    is_dead      INTEGER NOT NULL
) STRICT;
CREATE TABLE consent_tickets(
    fingerprint  TEXT PRIMARY KEY,             -- base64url(SHA-256) of a code or token
    grant_number INTEGER NOT NULL REFERENCES consent_grants(number) ON DELETE CASCADE,
    kind         INTEGER NOT NULL,             -- 0 code, 1 access, 2 refresh
    expires_at   INTEGER NOT NULL,             -- nanoseconds since the epoch
    is_spent     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_tickets_by_grant ON consent_tickets(grant_number);
)sql",
          R"sql(
DROP TABLE consent_tickets;
DROP TABLE consent_grants;
)sql"}}};
    return set;
}

std::vector<std::string> scopesOf(std::string_view text)
{
    std::vector<std::string> scopes;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        scopes.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return scopes;
}

/// Each row to `take`, which may refuse it.
template <typename Take>
Result<void> eachRow(storage::Database& database, std::string_view sql, Take take)
{
    auto rows = database.prepare(sql);
    if (!rows) return tl::unexpected(rows.error());
    for (auto row = rows->step();; row = rows->step()) {
        if (!row) return tl::unexpected(row.error());
        if (!*row) return {};
        if (Result<void> taken = take(*rows); !taken) return taken;
    }
}

} // namespace

Result<GrantArchive> GrantArchive::open(storage::Database& database)
{
    if (const auto migrated = storage::migrateAll(database, {grantMigrations()}); !migrated)
        return tl::unexpected(migrated.error());
    return GrantArchive(database);
}

Result<KeptGrants> GrantArchive::load(Timestamp now)
{
    KeptGrants kept;
    const auto loaded = prune(now)
                            .and_then([&] { return loadGrants(kept); })
                            .and_then([&] { return loadTickets(kept); });
    if (!loaded) return tl::unexpected(loaded.error());
    return kept;
}

/// To its client a ticket whose time is up is as good as one that nobody knows.
Result<void> GrantArchive::prune(Timestamp now)
{
    auto tickets = m_database->prepare("DELETE FROM consent_tickets WHERE expires_at <= ?1");
    if (!tickets) return tl::unexpected(tickets.error());
    if (auto done = tickets->bind(1, now).run(); !done) return done;
    return m_database->execute("DELETE FROM consent_grants WHERE number NOT IN "
                               "(SELECT grant_number FROM consent_tickets)");
}

Result<void> GrantArchive::loadGrants(KeptGrants& kept)
{
    return eachRow(*m_database,
                   "SELECT number, client_id, redirect_uri, challenge, scopes, is_dead "
                   "FROM consent_grants",
                   [&](const storage::Statement& row) -> Result<void> {
                       kept.grants[row.integer(0)] = {
                           {std::string(row.text(1)), std::string(row.text(2)),
                            std::string(row.text(3)), scopesOf(row.text(4))},
                           row.integer(5) != 0};
                       return {};
                   });
}

Result<void> GrantArchive::loadTickets(KeptGrants& kept)
{
    return eachRow(*m_database,
                   "SELECT fingerprint, grant_number, kind, expires_at, is_spent "
                   "FROM consent_tickets",
                   [&](const storage::Statement& row) -> Result<void> {
                       const auto kind = row.integer(2);
                       if (kind < 0 || kind > static_cast<int>(Ticket::Kind::Refresh) ||
                           !kept.grants.contains(row.integer(1)))
                           return fail(ErrorKind::Corrupt, "sandbox.archive",
                                       fmt::format("a ticket of kind {} for grant {}", kind,
                                                   row.integer(1)));
                       kept.tickets[std::string(row.text(0))] = {
                           row.integer(1), static_cast<Ticket::Kind>(kind),
                           Timestamp::fromNanos(row.integer(3)), row.integer(4) != 0};
                       return {};
                   });
}

Result<void> GrantArchive::save(const KeptGrants& changes)
{
    if (changes.isEmpty()) return {};
    if (auto begun = m_database->begin(); !begun) return begun;
    auto written = write(changes);
    if (written) written = m_database->commit();
    if (!written) m_database->rollback();
    return written;
}

Result<void> GrantArchive::write(const KeptGrants& changes)
{
    for (const std::int64_t grant : changes.forgotten)
        if (auto done = forget(grant); !done) return done;
    for (const auto& [number, grant] : changes.grants)
        if (auto done = writeGrant(number, grant); !done) return done;
    for (const auto& [fingerprint, ticket] : changes.tickets)
        if (auto done = writeTicket(fingerprint, ticket); !done) return done;
    return {};
}

Result<void> GrantArchive::writeGrant(std::int64_t number, const Grant& grant)
{
    auto row = m_database->prepare(
        "INSERT INTO consent_grants(number, client_id, redirect_uri, challenge, scopes, is_dead) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(number) DO UPDATE SET is_dead = excluded.is_dead");
    if (!row) return tl::unexpected(row.error());
    row->bind(1, number).bind(2, grant.consent.clientId).bind(3, grant.consent.redirectUri);
    row->bind(4, grant.consent.challenge);
    row->bind(5, fmt::format("{}", fmt::join(grant.consent.scopes, " ")));
    return row->bind(6, grant.isDead ? 1 : 0).run();
}

Result<void> GrantArchive::writeTicket(const std::string& fingerprint, const Ticket& ticket)
{
    auto row = m_database->prepare("INSERT OR REPLACE INTO consent_tickets(fingerprint, grant_number, "
                                   "kind, expires_at, is_spent) VALUES(?1, ?2, ?3, ?4, ?5)");
    if (!row) return tl::unexpected(row.error());
    row->bind(1, fingerprint).bind(2, ticket.grant).bind(3, static_cast<int>(ticket.kind));
    return row->bind(4, ticket.expiresAt).bind(5, ticket.isSpent ? 1 : 0).run();
}

Result<void> GrantArchive::forget(std::int64_t grant)
{
    auto row = m_database->prepare("DELETE FROM consent_grants WHERE number = ?1");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, grant).run();
}

} // namespace qd::sandbox::oauth
