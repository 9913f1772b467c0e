#include "app/backend/desk_claim.h"

#include <filesystem>

#include <fmt/format.h>

#include "app/backend/broker_settings.h"

namespace qd::app {

namespace {

struct Claimed {
    std::optional<TradedDesk> desk; ///< none: made by an older program, or new
    std::int64_t orders = 0;
    bool holdsAnything = false; ///< orders, executions or positions
};

Result<Claimed> readClaim(storage::Database& database)
{
    auto row = database.prepare(
        "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM fills) + "
        "(SELECT count(*) FROM position_openings), broker, money, account "
        "FROM (SELECT 1) LEFT JOIN desk ON desk.one = 1");
    if (!row) return tl::unexpected(row.error());
    if (const auto there = row->step(); !there) return tl::unexpected(there.error());
    Claimed claimed;
    claimed.orders = row->integer(0);
    claimed.holdsAnything = claimed.orders + row->integer(1) > 0;
    if (!row->isNull(2))
        claimed.desk = TradedDesk{std::string(row->text(2)), std::string(row->text(3)),
                            std::string(row->text(4))};
    return claimed;
}

/// An account whose number is not known may be any.
bool mayBeOne(const TradedDesk& a, const TradedDesk& b)
{
    return a.broker == b.broker && a.money == b.money &&
           (a.account.empty() || b.account.empty() || a.account == b.account);
}

std::string displayNameOf(const std::string& broker)
{
    if (broker == "alpaca") return "Alpaca";
    if (broker == "tradier") return "Tradier";
    return broker == "ibkr" ? "IBKR" : broker;
}

/// "Tradier's account VA12345678 (paper)"
std::string inWords(const TradedDesk& desk)
{
    return fmt::format("{}'s account{}{} ({})", displayNameOf(desk.broker), desk.account.empty() ? "" : " ",
                       desk.account, desk.money);
}

/// Why the database is not for `desk`; nothing if it is.
std::optional<std::string> conflictOf(const Claimed& claimed, const TradedDesk& desk)
{
    if (!claimed.desk || !claimed.holdsAnything || mayBeOne(*claimed.desk, desk)) return {};
    return fmt::format("holds {} orders and the positions of {}, and the settings name {}",
                       claimed.orders, inWords(*claimed.desk), inWords(desk));
}

} // namespace

storage::MigrationSet deskMigrations()
{
    return {"desk",
            {{1, "desk",
              "CREATE TABLE desk(one INTEGER PRIMARY KEY CHECK(one = 1), broker TEXT NOT NULL, "
              "money TEXT NOT NULL, account TEXT NOT NULL) STRICT;",
              "DROP TABLE desk;"}}};
}

TradedDesk tradedDesk(const runtime::Config& config)
{
    TradedDesk desk;
    desk.broker = brokerName(config);
    desk.money = config.boolean(desk.broker + ".simulated") ? "simulated"
                 : config.boolean("trading.live")           ? "live"
                                                            : "paper";
    const auto key = desk.broker + ".account";
    if (desk.broker != "alpaca" && config.has(key)) desk.account = config.text(key);
    return desk;
}

std::optional<runtime::ConfigProblem> deskProblem(const runtime::Config& config)
{
    const auto file = databaseFile(config);
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return {};
    auto database = storage::Database::openReadOnly(file);
    if (!database) return {}; // said by who opens it to use it
    const auto claimed = readClaim(*database);
    if (!claimed) return {};
    const TradedDesk desk = tradedDesk(config);
    const auto conflict = conflictOf(*claimed, desk);
    if (!conflict) return {};
    return runtime::ConfigProblem{
        "storage.database", file + " " + *conflict,
        fmt::format("set another storage.database, e.g. \"{}\", or name the former broker and account "
                    "again",
                    desk.account.empty() ? desk.broker + "-" + desk.money : desk.account)};
}

Result<HeldDesk> claimDatabase(storage::Database& database, const TradedDesk& desk)
{
    auto claimed = readClaim(database);
    if (!claimed) return tl::unexpected(claimed.error());
    if (const auto conflict = conflictOf(*claimed, desk))
        return fail(ErrorKind::Conflict, "config.other_desk", database.path() + " " + *conflict);
    HeldDesk held{desk, claimed->holdsAnything};
    if (desk.account.empty() && claimed->desk && mayBeOne(*claimed->desk, desk))
        held.desk.account = claimed->desk->account;
    if (auto kept = keepDesk(database, held.desk); !kept) return tl::unexpected(kept.error());
    return held;
}

Result<void> keepDesk(storage::Database& database, const TradedDesk& desk)
{
    auto row = database.prepare(
        "INSERT OR REPLACE INTO desk(one, broker, money, account) VALUES(1, ?1, ?2, ?3)");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, desk.broker).bind(2, desk.money).bind(3, desk.account).run();
}

} // namespace qd::app
