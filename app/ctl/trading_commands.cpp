#include "app/ctl/commands.h"

#include <algorithm>
#include <limits>

namespace qd::ctl {

namespace {

int positions(Session& session)
{
    const auto answer = session.require("GET", "/v1/positions");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"Symbol"}, {"Quantity", true}, {"Average", true}, {"Last", true}, {"Value", true},
                 {"Unrealised", true}, {"Realised", true}, {"Reconciled"}});
    for (const auto& position : answer["positions"].items())
        table.add({cell(position["symbol"]), cell(position["quantity"]),
                   cell(position["averagePrice"]), cell(position["lastPrice"]),
                   cell(position["marketValue"]), cell(position["unrealised"]),
                   cell(position["realised"]), cell(position["reconciled"])});
    session.print(table.isEmpty() ? "no positions" : table.text());
    return kDone;
}

struct FillQuery {
    std::string symbol, since, to;
    int limit = 100;
    bool all = false;
};

int fills(Session& session, const FillQuery& query)
{
    std::string path = "/v1/fills?";
    for (const auto& [name, value] :
         {std::pair{"symbol", &query.symbol}, {"since", &query.since}, {"to", &query.to}})
        if (!value->empty()) path += std::string(name) + "=" + wire::percentEncode(*value) + "&";
    const std::size_t limit =
        query.all ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(query.limit);
    const Pages pages = session.pages(path, "fills", limit);
    if (session.wantsJson()) return session.printJson(pages.json()), kDone;
    Table table({{"Time"}, {"Symbol"}, {"Side"}, {"Quantity", true}, {"Price", true}, {"Fee", true},
                 {"Order"}});
    for (const auto& fill : pages.rows())
        table.add({cell(fill["eventTime"]), cell(fill["symbol"]), cell(fill["side"]),
                   cell(fill["quantity"]), cell(fill["price"]), cell(fill["fee"]),
                   cell(fill["clientOrderId"])});
    session.print(table.isEmpty() ? "no fills" : table.text());
    return kDone;
}

int account(Session& session)
{
    const auto answer = session.require("GET", "/v1/account");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& [name, title] :
         {std::pair{"account", "Account"}, {"environment", "Environment"}, {"currency", "Currency"},
          {"cash", "Cash"}, {"equity", "Equity"}, {"buyingPower", "Buying power"},
          {"dayProfit", "Today"}, {"dayProfitPercent", "Today, %"}, {"openRisk", "Open orders may use"},
          {"initialMargin", "Initial margin"}, {"maintenanceMargin", "Maintenance margin"},
          {"tradingBlocked", "Blocked by the broker"}, {"asOf", "As of"}})
        lines.emplace_back(title, cell(answer[name]));
    session.print(facts(lines));
    return kDone;
}

Table differencesOf(const json::Value& trading)
{
    Table table({{"Id"}, {"Difference"}, {"Symbol"}, {"Ours", true}, {"Broker's", true}, {"Since"},
                 {"Entries"}});
    for (const auto& difference : trading["differences"].items())
        table.add({cell(difference["id"]), cell(difference["kind"]), cell(difference["symbol"]),
                   cell(difference["ours"]), cell(difference["theirs"]), cell(difference["since"]),
                   difference["blocksEntries"].booleanOr(true) ? "stopped" : "taken"});
    return table;
}

int showTrading(const Session& session, const drills::Answer& answer)
{
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print(facts({{"Trading", cell(answer["state"])},
                         {"Reason", cell(answer["reason"])},
                         {"Since", cell(answer["since"])},
                         {"Broker connected", cell(answer["brokerConnected"])},
                         {"Comparing", cell(answer["reconciling"])}}));
    const Table table = differencesOf(answer.root());
    if (!table.isEmpty()) session.print(table.text());
    return kDone;
}

int listDifferences(Session& session)
{
    const auto answer = session.require("GET", "/v1/trading");
    if (session.wantsJson()) return session.printJson(answer["differences"].dump()), kDone;
    const Table table = differencesOf(answer.root());
    session.print(table.isEmpty() ? "we and the broker agree" : table.text());
    std::vector<std::pair<std::string, std::string>> advice;
    for (const auto& difference : answer["differences"].items()) {
        std::pair line{cell(difference["kind"]), cell(difference["whatToDo"])};
        if (std::ranges::find(advice, line) == advice.end()) advice.push_back(std::move(line));
    }
    if (!advice.empty()) session.print(facts(advice));
    return kDone;
}

int acceptDifference(Session& session, const std::string& id, const std::string& reason)
{
    json::Writer out;
    out.beginObject().member("reason", reason);
    const auto answer =
        session.require("POST", "/v1/trading/differences/" + wire::percentEncode(id) + "/accept",
                        out.endObject().take());
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print(facts({{"Accepted", cell(answer["kind"]) + " " + cell(answer["symbol"])},
                         {"Before", cell(answer["before"])},
                         {"Now", cell(answer["after"])},
                         {"Reason", cell(answer["reason"])},
                         {"By", cell(answer["actor"])},
                         {"At", cell(answer["time"])},
                         {"Event", cell(answer["sequence"])},
                         {"Differences left",
                          std::to_string(answer["trading"]["differences"].size())}}));
    return kDone;
}

int setTrading(Session& session, const std::string& state, const std::string& reason)
{
    json::Writer out;
    out.beginObject().member("state", state);
    out.member("reason", reason.empty() ? "by quarterdeckctl" : reason);
    return showTrading(session, session.require("PUT", "/v1/trading", out.endObject().take()));
}

int reconcile(Session& session)
{
    const auto answer = session.require("POST", "/v1/trading/reconcile");
    session.wantsJson() ? session.printJson(answer.body)
                        : session.print("asked for; `quarterdeckctl trading status` shows differences");
    return kDone;
}

/// halt, reduce and resume below `parent`.
void addSwitch(CLI::App& parent, Session& session, Chosen& chosen)
{
    const auto reason = std::make_shared<std::string>();
    for (const auto& [name, state, help] :
         {std::tuple{"halt", "halted", "Take no orders; cancels still pass"},
          {"reduce", "reducing", "Take only orders that reduce a position"},
          {"resume", "active", "Take all orders again"}}) {
        auto* command = parent.add_subcommand(name, help);
        command->add_option("--reason", *reason, "Why, for the log");
        command->callback([&session, &chosen, reason, next = std::string(state)] {
            chosen = [&session, reason, next] { return setTrading(session, next, *reason); };
        });
    }
}

} // namespace

void addTradingCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* position = app.add_subcommand("position", "Holdings");
    position->require_subcommand(1);
    position->add_subcommand("list", "All positions with their market values")
        ->callback([&] { chosen = [&session] { return positions(session); }; });

    const auto query = std::make_shared<FillQuery>();
    auto* fillCommand = app.add_subcommand("fills", "Executions, newest first");
    fillCommand->add_option("--symbol", query->symbol, "Only of this symbol");
    fillCommand->add_option("--since", query->since, "Received at or after this time (RFC 3339)");
    fillCommand->add_option("--to", query->to, "Received before this time");
    fillCommand->add_option("--limit", query->limit, "At most so many")->capture_default_str();
    fillCommand->add_flag("--all", query->all, "All of them, page by page");
    fillCommand->callback(
        [&, query] { chosen = [&session, query] { return fills(session, *query); }; });

    app.add_subcommand("account", "The account's figures")->callback([&] {
        chosen = [&session] { return account(session); };
    });

    struct Acceptance {
        std::string id, reason;
    };
    const auto acceptance = std::make_shared<Acceptance>();
    auto* difference = app.add_subcommand("difference", "What we and the broker disagree on");
    difference->require_subcommand(1);
    difference->add_subcommand("list", "All of them, and what to do")->callback([&] {
        chosen = [&session] { return listDifferences(session); };
    });
    auto* accept = difference->add_subcommand("accept", "Take the broker's word for one");
    accept->add_option("id", acceptance->id, "The difference's id, from the list")->required();
    accept->add_option("--reason", acceptance->reason, "Why, for the log")->required();
    accept->callback([&, acceptance] {
        chosen = [&session, acceptance] {
            return acceptDifference(session, acceptance->id, acceptance->reason);
        };
    });

    auto* trading = app.add_subcommand("trading", "The kill switch and the comparison with the broker");
    trading->require_subcommand(1);
    trading->add_subcommand("status", "State, reason and differences")->callback([&] {
        chosen = [&session] { return showTrading(session, session.require("GET", "/v1/trading")); };
    });
    trading->add_subcommand("reconcile", "Compare with the broker now")->callback([&] {
        chosen = [&session] { return reconcile(session); };
    });
    addSwitch(*trading, session, chosen);
    addSwitch(app, session, chosen); // what is needed in a hurry is short to type
}

} // namespace qd::ctl
