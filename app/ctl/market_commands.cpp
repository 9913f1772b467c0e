#include "app/ctl/commands.h"

#include "services/drills/child.h"
#include "services/drills/stream_listener.h"

namespace qd::ctl {

namespace {

struct QuoteQuery {
    std::vector<std::string> symbols;
    bool watch = false;
};

struct BarQuery {
    std::string symbol, interval = "1m", from, to;
    int limit = 60;
};

std::string joined(const std::vector<std::string>& symbols)
{
    std::string list;
    for (const auto& symbol : symbols) list += (list.empty() ? "" : ",") + symbol;
    return list;
}

int quotes(Session& session, const QuoteQuery& query)
{
    const auto answer =
        session.require("GET", "/v1/quotes?symbols=" + wire::percentEncode(joined(query.symbols)));
    if (session.wantsJson()) {
        session.printJson(answer.body);
    } else {
        Table table({{"Symbol"}, {"Bid", true}, {"Ask", true}, {"Last", true}, {"Change %", true},
                     {"Volume", true}, {"Age ms", true}, {"Freshness"}, {"Source"}});
        for (const auto& quote : answer["quotes"].items())
            table.add({cell(quote["symbol"]), cell(quote["bid"]), cell(quote["ask"]),
                       cell(quote["last"]), cell(quote["changePercent"]), cell(quote["volume"]),
                       cell(quote["ageMs"]), cell(quote["freshness"]),
                       cell(quote["source"]) + " (" + cell(quote["feedClass"]) + ")"});
        session.print(table.text());
    }
    return kDone;
}

void printMarket(const Session& session, const json::Value& message)
{
    for (const auto& row : message["quotes"].items())
        session.print(cell(row.at(0)) + "  bid " + cell(row.at(1)) + "  ask " + cell(row.at(2)) +
                      "  last " + cell(row.at(5)) + "  " + cell(row.at(10)));
}

/// Prints every quote that comes, until the stream ends or the person does.
int watch(Session& session, const QuoteQuery& query)
{
    auto& api = session.api();
    drills::StreamListener listener(api.link(), api.baseUrl(), api.tokenForUse());
    json::Writer wish;
    wish.beginObject().array("quotes", query.symbols).endObject();
    const auto members = wish.take();
    listener.subscribe(members.substr(1, members.size() - 2));
    std::size_t seen = 0;
    while (!listener.isClosed()) {
        const auto all = listener.messages();
        for (; seen < all.size(); ++seen) {
            const auto message = json::Document::parse(all[seen]);
            if (!message || (*message)["type"].stringOr({}) != "market") continue;
            session.wantsJson() ? session.printJson(all[seen])
                                : printMarket(session, message->root());
        }
        drills::pauseFor(std::chrono::milliseconds(50));
    }
    session.complain("the stream ended");
    return kUnreachable;
}

int bars(Session& session, const BarQuery& query)
{
    std::string path = "/v1/bars?symbol=" + wire::percentEncode(query.symbol) +
                       "&interval=" + query.interval + "&limit=" + std::to_string(query.limit);
    if (!query.from.empty()) path += "&from=" + wire::percentEncode(query.from);
    if (!query.to.empty()) path += "&to=" + wire::percentEncode(query.to);
    const auto answer = session.require("GET", path);
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"Start"}, {"Open", true}, {"High", true}, {"Low", true}, {"Close", true},
                 {"Volume", true}});
    for (const auto& bar : answer["bars"].items())
        table.add({Timestamp::fromMillis(bar.at(0).integerOr(0)).toString(0), cell(bar.at(1)),
                   cell(bar.at(2)), cell(bar.at(3)), cell(bar.at(4)), cell(bar.at(5))});
    session.print(table.isEmpty() ? "no bars in that time" : table.text());
    return kDone;
}

int search(Session& session, const std::string& text, int limit)
{
    const auto answer = session.require("GET", "/v1/instruments?query=" + wire::percentEncode(text) +
                                                   "&limit=" + std::to_string(limit));
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"Symbol"}, {"Name"}, {"Exchange"}, {"Class"}, {"Tradable"}, {"Shortable"},
                 {"Step", true}, {"Lot", true}});
    for (const auto& found : answer["instruments"].items())
        table.add({cell(found["symbol"]), cell(found["name"]), cell(found["exchange"]),
                   cell(found["assetClass"]), cell(found["tradable"]), cell(found["shortable"]),
                   cell(found["tick"]), cell(found["lotSize"])});
    session.print(table.isEmpty() ? "nothing found" : table.text());
    return kDone;
}

int showInstrument(Session& session, const std::string& symbol)
{
    const auto found = session.require("GET", "/v1/instruments/" + wire::percentEncode(symbol));
    if (session.wantsJson()) return session.printJson(found.body), kDone;
    session.print(facts({{"Symbol", cell(found["symbol"])},
                         {"Name", cell(found["name"])},
                         {"Exchange", cell(found["exchange"])},
                         {"Class", cell(found["assetClass"])},
                         {"Tradable", cell(found["tradable"])},
                         {"In fractions", cell(found["fractionable"])},
                         {"Shortable", cell(found["shortable"])},
                         {"Step", cell(found["tick"])},
                         {"Lot", cell(found["lotSize"])}}));
    return kDone;
}

int marketStatus(Session& session)
{
    const auto answer = session.require("GET", "/v1/market/status");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print(facts({{"Calendar", cell(answer["calendar"])},
                         {"Phase", cell(answer["phase"])},
                         {"Opens", cell(answer["opensAt"])},
                         {"Closes", cell(answer["closesAt"])},
                         {"Closes early", cell(answer["earlyClose"])},
                         {"Now", cell(answer["now"])}}));
    return kDone;
}

} // namespace

void addMarketCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    const auto quoteQuery = std::make_shared<QuoteQuery>();
    auto* quote = app.add_subcommand("quote", "Newest quotes");
    quote->add_option("symbol", quoteQuery->symbols, "Symbols, e.g. SPY AAPL")->required();
    quote->add_flag("--watch", quoteQuery->watch, "Print every change until Ctrl+C");
    quote->callback([&, quoteQuery] {
        chosen = [&session, quoteQuery] {
            const int shown = quotes(session, *quoteQuery);
            return quoteQuery->watch && shown == kDone ? watch(session, *quoteQuery) : shown;
        };
    });

    const auto barQuery = std::make_shared<BarQuery>();
    auto* barCommand = app.add_subcommand("bars", "Bars, oldest first");
    barCommand->add_option("symbol", barQuery->symbol, "Symbol")->required();
    barCommand->add_option("--interval", barQuery->interval, "1m, 5m, 15m, 1h, 4h or 1d")
        ->capture_default_str();
    barCommand->add_option("--from", barQuery->from, "RFC 3339 time");
    barCommand->add_option("--to", barQuery->to, "RFC 3339 time");
    barCommand->add_option("--limit", barQuery->limit, "At most so many")->capture_default_str();
    barCommand->callback(
        [&, barQuery] { chosen = [&session, barQuery] { return bars(session, *barQuery); }; });

    struct Search {
        std::string text;
        int limit = 20;
    };
    const auto wanted = std::make_shared<Search>();
    auto* instrument = app.add_subcommand("instrument", "What can be traded");
    instrument->require_subcommand(1);
    auto* searchCommand = instrument->add_subcommand("search", "Find symbols and names");
    searchCommand->add_option("text", wanted->text, "Part of a symbol or a name")->required();
    searchCommand->add_option("--limit", wanted->limit, "At most so many")->capture_default_str();
    searchCommand->callback([&, wanted] {
        chosen = [&session, wanted] { return search(session, wanted->text, wanted->limit); };
    });

    auto* showCommand = instrument->add_subcommand("show", "One, by its whole symbol");
    showCommand->add_option("symbol", wanted->text, "Symbol, e.g. SPY or BTC/USD")->required();
    showCommand->callback([&, wanted] {
        chosen = [&session, wanted] { return showInstrument(session, wanted->text); };
    });

    auto* market = app.add_subcommand("market", "Market hours");
    market->require_subcommand(1);
    market->add_subcommand("status", "Is the market open?")->callback([&] {
        chosen = [&session] { return marketStatus(session); };
    });
}

} // namespace qd::ctl
