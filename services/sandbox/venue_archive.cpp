#include "services/sandbox/venue_archive.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "models/base/whole_number.h"
#include "services/sandbox/kept_json.h"

namespace qd::sandbox {

namespace {

using namespace exchange;

const std::vector<storage::MigrationSet>& migrations()
{
    static const std::vector<storage::MigrationSet> sets = {
        {"sandbox",
         {{1, "venue",
           R"sql(
CREATE TABLE venue(
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE venue_accounts(
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE venue_orders(
    number  INTEGER PRIMARY KEY,
    is_open INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT;
CREATE TABLE venue_executions(
    account TEXT NOT NULL,
    number  INTEGER NOT NULL,                  -- among its account's, from 1
    body    TEXT NOT NULL,
    PRIMARY KEY (account, number)
) STRICT, WITHOUT ROWID;
)sql",
           R"sql(
DROP TABLE venue_executions;
DROP TABLE venue_orders;
DROP TABLE venue_accounts;
DROP TABLE venue;
)sql"}}}};
    return sets;
}

std::int64_t numberOf(std::string_view text)
{
    return wholeNumber<std::int64_t>(text).value_or(0);
}

} // namespace

Result<std::unique_ptr<VenueArchive>> VenueArchive::open(const std::string& path,
                                                         runtime::Random& random)
{
    Claim claim(path + "-venue");
    if (!claim.isHeld())
        return fail(ErrorKind::Unavailable, "sandbox.archive_in_use",
                    path + " belongs to a market that is running");
    auto database = storage::Database::open(path);
    if (!database) return tl::unexpected(database.error());
    if (auto migrated = storage::migrateAll(*database, migrations()); !migrated)
        return tl::unexpected(migrated.error());
    std::unique_ptr<VenueArchive> archive(
        new VenueArchive(std::move(claim), std::move(*database)));
    if (auto begun = archive->begin(random); !begun) return tl::unexpected(begun.error());
    if (auto pruned = archive->prune(); !pruned) return tl::unexpected(pruned.error());
    return archive;
}

VenueArchive::Claim::Claim(const std::string& path)
    : m_file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600))
{
    if (m_file < 0 || ::flock(m_file, LOCK_EX | LOCK_NB) == 0) return;
    ::close(m_file);
    m_file = -1;
}

VenueArchive::Claim::~Claim()
{
    if (m_file >= 0) ::close(m_file);
}

Result<void> VenueArchive::begin(runtime::Random& random)
{
    auto world = noted("world"), openings = noted("openings");
    if (!world || !openings) return tl::unexpected(world ? openings.error() : world.error());
    m_world = world->empty() ? random.uuidV4() : *world;
    m_openings = static_cast<std::uint64_t>(numberOf(*openings)) + 1;
    if (auto kept = note("world", m_world); !kept) return kept;
    return note("openings", std::to_string(m_openings));
}

Result<void> VenueArchive::prune()
{
    auto orders = m_database.prepare(
        "DELETE FROM venue_orders WHERE is_open = 0 AND number <= (SELECT number FROM venue_orders "
        "WHERE is_open = 0 ORDER BY number DESC LIMIT 1 OFFSET ?1)");
    if (!orders) return tl::unexpected(orders.error());
    if (auto done = orders->bind(1, kOrdersKept).run(); !done) return done;
    auto executions = m_database.prepare(
        "DELETE FROM venue_executions WHERE number <= (SELECT max(number) - ?1 FROM "
        "venue_executions AS newest WHERE newest.account = venue_executions.account)");
    if (!executions) return tl::unexpected(executions.error());
    return executions->bind(1, kExecutionsKept).run();
}

Result<void> VenueArchive::note(std::string_view key, std::string_view value)
{
    auto statement = m_database.prepare("INSERT OR REPLACE INTO venue(key, value) VALUES(?1, ?2)");
    if (!statement) return tl::unexpected(statement.error());
    return statement->bind(1, key).bind(2, value).run();
}

Result<std::string> VenueArchive::noted(std::string_view key)
{
    auto statement = m_database.prepare("SELECT value FROM venue WHERE key = ?1");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->bind(1, key).step();
    if (!row) return tl::unexpected(row.error());
    return *row ? std::string(statement->text(0)) : std::string();
}

Result<KeptVenue> VenueArchive::load()
{
    KeptVenue venue;
    const auto each = [this](std::string_view sql, auto take) -> Result<void> {
        auto rows = m_database.prepare(sql);
        if (!rows) return tl::unexpected(rows.error());
        for (;;) {
            const auto row = rows->step();
            if (!row) return tl::unexpected(row.error());
            if (!*row) return {};
            if (auto taken = take(*rows); !taken) return taken;
        }
    };
    const auto into = [](auto& list, auto read) -> Result<void> {
        if (!read) return tl::unexpected(read.error());
        list.push_back(std::move(*read));
        return {};
    };
    auto loaded = each("SELECT body FROM venue_accounts ORDER BY id", [&](auto& row) {
        return into(venue.accounts, readKeptAccount(row.text(0)));
    });
    if (loaded)
        loaded = each("SELECT body FROM venue_orders ORDER BY number", [&](auto& row) {
            return into(venue.orders, readKeptOrder(row.text(0)));
        });
    if (loaded)
        loaded = each("SELECT number, body FROM venue_executions ORDER BY account, number",
                      [&](auto& row) -> Result<void> {
                          auto execution = readExecution(row.text(1));
                          if (!execution) return tl::unexpected(execution.error());
                          venue.executions.push_back({static_cast<std::uint64_t>(row.integer(0)),
                                                      std::move(*execution)});
                          return {};
                      });
    if (!loaded) return tl::unexpected(loaded.error());
    const auto session = noted("session"), phase = noted("phase");
    if (session && phase && !session->empty())
        venue.session = KeptSession{numberOf(*session), static_cast<SessionPhase>(numberOf(*phase))};
    return venue;
}

Result<void> VenueArchive::save(const KeptVenue& changes)
{
    if (changes.isEmpty()) return {};
    if (auto begun = m_database.begin(); !begun) return begun;
    auto written = write(changes);
    if (written) written = m_database.commit();
    if (!written) m_database.rollback();
    return written;
}

Result<void> VenueArchive::write(const KeptVenue& changes)
{
    for (const auto& account : changes.accounts) {
        auto row =
            m_database.prepare("INSERT OR REPLACE INTO venue_accounts(id, body) VALUES(?1, ?2)");
        if (!row) return tl::unexpected(row.error());
        if (auto done = row->bind(1, account.terms.id.text()).bind(2, toJson(account)).run(); !done)
            return done;
        auto forgotten = m_database.prepare(
            "DELETE FROM venue_executions WHERE account = ?1 AND number < ?2");
        if (!forgotten) return tl::unexpected(forgotten.error());
        forgotten->bind(1, account.terms.id.text());
        forgotten->bind(2, static_cast<std::int64_t>(account.executionsBegin));
        if (auto done = forgotten->run(); !done) return done;
    }
    for (const auto& order : changes.orders) {
        auto row = m_database.prepare(
            "INSERT OR REPLACE INTO venue_orders(number, is_open, body) VALUES(?1, ?2, ?3)");
        if (!row) return tl::unexpected(row.error());
        row->bind(1, static_cast<std::int64_t>(order.number));
        row->bind(2, isFinal(order.order.status) ? 0 : 1);
        if (auto done = row->bind(3, toJson(order)).run(); !done) return done;
    }
    for (const auto& [number, execution] : changes.executions) {
        auto row = m_database.prepare("INSERT OR REPLACE INTO venue_executions(account, number, body) "
                                      "VALUES(?1, ?2, ?3)");
        if (!row) return tl::unexpected(row.error());
        row->bind(1, execution.account.text()).bind(2, static_cast<std::int64_t>(number));
        if (auto done = row->bind(3, toJson(execution)).run(); !done) return done;
    }
    if (!changes.session) return {};
    if (auto done = note("session", std::to_string(changes.session->number)); !done) return done;
    return note("phase", std::to_string(static_cast<int>(changes.session->phase)));
}

void VenueArchive::remove(const std::string& path)
{
    std::error_code ignored;
    for (const char* part : {"", "-wal", "-shm", "-lock", "-venue"})
        std::filesystem::remove(path + part, ignored);
}

} // namespace qd::sandbox
