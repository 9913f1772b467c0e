#include "services/brokers/oauth/records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/json/json.h"

namespace qd::brokers::oauth {
namespace {

constexpr std::string_view kFlowColumns =
    "id, state_hash, owner, broker, created_at, expires_at, state, code_hash, used_until, "
    "redirect_uri, link";
constexpr std::string_view kLinkColumns =
    "id, owner, broker, status, scopes, connected_at, expires_at, refresh_expires_at, last_error, "
    "last_error_at, generation, is_told, revocation_tries, revocation_since, revocation_next_at, "
    "is_alarmed, renewed_at";

constexpr int kSweptState = static_cast<int>(FlowState::Swept);

Flow flowOf(const storage::Statement& row)
{
    Flow flow;
    flow.id = row.text(0);
    flow.stateHash = row.text(1);
    flow.owner = row.text(2);
    flow.broker = BrokerId(std::string(row.text(3)));
    flow.createdAt = Timestamp::fromNanos(row.integer(4));
    flow.expiresAt = Timestamp::fromNanos(row.integer(5));
    flow.state = static_cast<FlowState>(row.integer(6));
    flow.codeHash = row.text(7);
    flow.usedUntil = Timestamp::fromNanos(row.integer(8));
    flow.redirectUri = row.text(9);
    if (!row.isNull(10)) flow.link = row.text(10);
    return flow;
}

std::vector<std::string> wordsOf(std::string_view text)
{
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

LinkRow linkOf(const storage::Statement& row)
{
    LinkRow found;
    BrokerLink& link = found.link;
    link.id = row.text(0);
    link.owner = row.text(1);
    link.broker = BrokerId(std::string(row.text(2)));
    link.method = LinkMethod::OAuth;
    link.status = parseLinkStatus(row.text(3)).value_or(LinkStatus::ReauthNeeded);
    link.scopes = wordsOf(row.text(4));
    link.connectedAt = Timestamp::fromNanos(row.integer(5));
    link.expiresAt = Timestamp::fromNanos(row.integer(6));
    link.refreshExpiresAt = Timestamp::fromNanos(row.integer(7));
    link.lastError = row.text(8);
    link.lastErrorAt = Timestamp::fromNanos(row.integer(9));
    found.generation = row.integer(10);
    found.isTold = row.integer(11) != 0;
    found.revocationTries = static_cast<int>(row.integer(12));
    found.revocationSince = Timestamp::fromNanos(row.integer(13));
    found.revocationNextAt = Timestamp::fromNanos(row.integer(14));
    found.isAlarmed = row.integer(15) != 0;
    link.renewedAt = Timestamp::fromNanos(row.integer(16));
    return found;
}

template <typename Bind>
Result<void> runBound(storage::Database& database, std::string_view sql, Bind bind)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    bind(*statement);
    return statement->run();
}

/// The rows of a query, read by `read`.
template <typename Row, typename Bind>
Result<std::vector<Row>> rowsOf(storage::Database& database, const std::string& sql,
                                Row (*read)(const storage::Statement&), Bind bind)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    bind(*statement);
    std::vector<Row> rows;
    for (;;) {
        const auto stepped = statement->step();
        if (!stepped) return tl::unexpected(stepped.error());
        if (!*stepped) return rows;
        rows.push_back(read(*statement));
    }
}

template <typename Row>
Result<std::optional<Row>> firstOf(Result<std::vector<Row>> rows)
{
    if (!rows) return tl::unexpected(rows.error());
    if (rows->empty()) return std::optional<Row>();
    return std::optional<Row>(std::move(rows->front()));
}

std::int64_t countOf(const storage::Statement& row)
{
    return row.integer(0);
}

template <typename Bind>
Result<std::int64_t> count(storage::Database& database, const std::string& sql, Bind bind)
{
    const auto rows = rowsOf<std::int64_t>(database, sql, countOf, bind);
    if (!rows) return tl::unexpected(rows.error());
    return rows->empty() ? 0 : rows->front();
}

} // namespace

storage::MigrationSet oauthMigrations()
{
    return {"oauth",
            {{1, "links",
              R"sql(
CREATE TABLE oauth_links(
    id                 TEXT PRIMARY KEY,
    owner              TEXT NOT NULL,
    broker             TEXT NOT NULL,
    status             TEXT NOT NULL,
    scopes             TEXT NOT NULL,      -- separated by spaces
    connected_at       INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,   -- 0: does not end
    refresh_expires_at INTEGER NOT NULL,
    last_error         TEXT NOT NULL,
    last_error_at      INTEGER NOT NULL,
    generation         INTEGER NOT NULL,
    is_told            INTEGER NOT NULL,
    revocation_tries   INTEGER NOT NULL,
    revocation_since   INTEGER NOT NULL,
    revocation_next_at INTEGER NOT NULL,
    is_alarmed         INTEGER NOT NULL,
    renewed_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX oauth_links_in_use ON oauth_links(owner, broker)
    WHERE status <> 'revocation_pending';
CREATE TABLE oauth_leases(
    link       TEXT PRIMARY KEY REFERENCES oauth_links(id) ON DELETE CASCADE,
    holder     TEXT NOT NULL,
    until      INTEGER NOT NULL,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE oauth_flows(
    id         TEXT PRIMARY KEY,
    state_hash TEXT NOT NULL UNIQUE,
    owner      TEXT NOT NULL,
    broker     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state      INTEGER NOT NULL,           -- FlowState
    code_hash  TEXT NOT NULL,
    used_until INTEGER NOT NULL,
    redirect_uri TEXT NOT NULL,
    link       TEXT REFERENCES oauth_links(id) ON DELETE SET NULL -- its verifier may still be kept
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_flows_by_owner ON oauth_flows(owner);
CREATE INDEX oauth_flows_by_link ON oauth_flows(link);
CREATE INDEX oauth_flows_by_end ON oauth_flows(expires_at);
)sql",
              R"sql(
DROP TABLE oauth_flows;
DROP TABLE oauth_leases;
DROP TABLE oauth_links;
)sql"}}};
}

Result<void> insertFlow(storage::Database& database, const Flow& flow)
{
    const auto own = count(database, "SELECT count(*) FROM oauth_flows WHERE owner=? AND state=0",
                           [&](storage::Statement& s) { s.bind(1, flow.owner); });
    const auto all = count(database, "SELECT count(*) FROM oauth_flows WHERE state<>?",
                           [](storage::Statement& s) { s.bind(1, kSweptState); });
    if (!own || !all) return tl::unexpected(own ? all.error() : own.error());
    if (*own >= kFlowsPerOwnerMax || *all >= kFlowsMax)
        return fail(ErrorKind::Unavailable, "oauth.flows_full",
                    "too many consents are under way; finish one, or wait until they end");
    const auto same = findFlow(database, flow.stateHash);
    if (!same) return tl::unexpected(same.error());
    if (*same) return fail(ErrorKind::Conflict, "oauth.state_taken", "that state is in use");
    return runBound(
        database,
        fmt::format("INSERT INTO oauth_flows({}) VALUES(?,?,?,?,?,?,?,?,?,?,NULL)", kFlowColumns),
        [&](storage::Statement& s) {
            s.bind(1, flow.id).bind(2, flow.stateHash).bind(3, flow.owner);
            s.bind(4, flow.broker.text()).bind(5, flow.createdAt);
            s.bind(6, flow.expiresAt).bind(7, static_cast<int>(flow.state));
            s.bind(8, flow.codeHash).bind(9, flow.usedUntil).bind(10, flow.redirectUri);
        });
}

Result<std::optional<Flow>> findFlow(storage::Database& database, std::string_view stateHash)
{
    return firstOf(rowsOf<Flow>(
        database, fmt::format("SELECT {} FROM oauth_flows WHERE state_hash=?", kFlowColumns),
        flowOf, [&](storage::Statement& s) { s.bind(1, stateHash); }));
}

Result<void> updateFlow(storage::Database& database, const Flow& flow)
{
    return runBound(database,
                    "UPDATE oauth_flows SET state=?, code_hash=?, used_until=?, link=? WHERE id=?",
                    [&](storage::Statement& s) {
                        s.bind(1, static_cast<int>(flow.state)).bind(2, flow.codeHash);
                        s.bind(3, flow.usedUntil);
                        flow.link.empty() ? s.bindNull(4) : s.bind(4, flow.link);
                        s.bind(5, flow.id);
                    });
}

Result<std::vector<Flow>> endedFlows(storage::Database& database, Timestamp now, std::int64_t limit)
{
    return rowsOf<Flow>(
        database,
        fmt::format("SELECT {} FROM oauth_flows WHERE expires_at<=? AND used_until<=? AND "
                    "state<>? ORDER BY expires_at LIMIT ?",
                    kFlowColumns),
        flowOf, [&](storage::Statement& s) {
            s.bind(1, now).bind(2, now).bind(3, kSweptState).bind(4, limit);
        });
}

Result<void> sweepFlow(storage::Database& database, std::string_view id, Timestamp now)
{
    return runBound(
        database,
        "UPDATE oauth_flows SET state=?, link=NULL WHERE id=? AND expires_at<=? AND used_until<=?",
        [&](storage::Statement& s) { s.bind(1, kSweptState).bind(2, id).bind(3, now).bind(4, now); });
}

Result<void> forgetFlows(storage::Database& database, Timestamp before)
{
    // Beyond the limit the oldest go, however late somebody may come with one.
    return runBound(database,
                    "DELETE FROM oauth_flows WHERE state=? AND (expires_at<=? OR id IN (SELECT id "
                    "FROM oauth_flows WHERE state=? ORDER BY expires_at DESC LIMIT -1 OFFSET ?))",
                    [&](storage::Statement& s) {
                        s.bind(1, kSweptState).bind(2, before).bind(3, kSweptState);
                        s.bind(4, kFlowsMax);
                    });
}

Result<std::optional<LinkRow>> findLink(storage::Database& database, std::string_view owner,
                                        const BrokerId& broker)
{
    return firstOf(rowsOf<LinkRow>(
        database,
        fmt::format("SELECT {} FROM oauth_links WHERE owner=? AND broker=? AND "
                    "status<>'revocation_pending'",
                    kLinkColumns),
        linkOf, [&](storage::Statement& s) { s.bind(1, owner).bind(2, broker.text()); }));
}

Result<std::optional<LinkRow>> findLinkById(storage::Database& database, std::string_view id)
{
    return firstOf(rowsOf<LinkRow>(
        database, fmt::format("SELECT {} FROM oauth_links WHERE id=?", kLinkColumns), linkOf,
        [&](storage::Statement& s) { s.bind(1, id); }));
}

Result<std::vector<LinkRow>> allLinks(storage::Database& database)
{
    return rowsOf<LinkRow>(
        database,
        fmt::format("SELECT {} FROM oauth_links ORDER BY owner, broker, id", kLinkColumns), linkOf,
        [](storage::Statement&) {});
}

Result<void> storeLink(storage::Database& database, const LinkRow& row)
{
    // No REPLACE: that would delete the row first, and what hangs on it.
    return runBound(
        database,
        fmt::format(
            "INSERT INTO oauth_links({}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
            "ON CONFLICT(id) DO UPDATE SET status=excluded.status, scopes=excluded.scopes, "
            "connected_at=excluded.connected_at, expires_at=excluded.expires_at, "
            "refresh_expires_at=excluded.refresh_expires_at, last_error=excluded.last_error, "
            "last_error_at=excluded.last_error_at, generation=excluded.generation, "
            "is_told=excluded.is_told, revocation_tries=excluded.revocation_tries, "
            "revocation_since=excluded.revocation_since, "
            "revocation_next_at=excluded.revocation_next_at, is_alarmed=excluded.is_alarmed, "
            "renewed_at=excluded.renewed_at",
            kLinkColumns),
        [&](storage::Statement& s) {
            const BrokerLink& link = row.link;
            s.bind(1, link.id).bind(2, link.owner).bind(3, link.broker.text());
            s.bind(4, toString(link.status))
                .bind(5, fmt::format("{}", fmt::join(link.scopes, " ")));
            s.bind(6, link.connectedAt).bind(7, link.expiresAt).bind(8, link.refreshExpiresAt);
            s.bind(9, link.lastError).bind(10, link.lastErrorAt).bind(11, row.generation);
            s.bind(12, row.isTold ? 1 : 0).bind(13, row.revocationTries);
            s.bind(14, row.revocationSince).bind(15, row.revocationNextAt);
            s.bind(16, row.isAlarmed ? 1 : 0).bind(17, link.renewedAt);
        });
}

Result<void> deleteLink(storage::Database& database, std::string_view id)
{
    return runBound(database, "DELETE FROM oauth_links WHERE id=?",
                    [&](storage::Statement& s) { s.bind(1, id); });
}

Result<bool> takeLease(storage::Database& database, std::string_view link, const Lease& lease,
                       Timestamp now)
{
    const auto row = findLinkById(database, link);
    if (!row) return tl::unexpected(row.error());
    if (!*row)
        return fail(ErrorKind::NotFound, "oauth.not_connected", "the broker is not connected");
    const auto taken = runBound(
        database,
        "INSERT INTO oauth_leases(link, holder, until, generation) VALUES(?,?,?,?) "
        "ON CONFLICT(link) DO UPDATE SET holder=excluded.holder, until=excluded.until, "
        "generation=excluded.generation WHERE until<=? OR holder=excluded.holder",
        [&](storage::Statement& s) {
            s.bind(1, link).bind(2, lease.holder).bind(3, lease.until).bind(4, lease.generation);
            s.bind(5, now);
        });
    if (!taken) return tl::unexpected(taken.error());
    return database.changes() > 0;
}

Result<void> releaseLease(storage::Database& database, std::string_view link,
                          std::string_view holder)
{
    return runBound(database, "DELETE FROM oauth_leases WHERE link=? AND holder=?",
                    [&](storage::Statement& s) { s.bind(1, link).bind(2, holder); });
}

Result<std::int64_t> countOrphans(storage::Database& database)
{
    return count(
        database,
        "SELECT (SELECT count(*) FROM oauth_leases WHERE link NOT IN (SELECT id FROM "
        "oauth_links)) + (SELECT count(*) FROM oauth_flows WHERE link IS NOT NULL AND link "
        "NOT IN (SELECT id FROM oauth_links))",
        [](storage::Statement&) {});
}

storage::Event oauthEvent(std::string_view kind, std::string_view owner, const BrokerId& broker,
                          const std::vector<std::pair<std::string, std::string>>& fields)
{
    json::Writer out;
    out.beginObject().member("broker", broker.text()).member("method", "oauth");
    for (const auto& [name, value] : fields) out.member(name, value);
    out.endObject();
    storage::Event event;
    event.kind = kind;
    event.subject = fmt::format("link/{}/{}", owner, broker.text());
    event.actor = owner.empty() ? "system:oauth" : owner;
    event.payload = out.take();
    return event;
}

} // namespace qd::brokers::oauth
