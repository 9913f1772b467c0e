#include "app/ctl/commands.h"

#include <algorithm>
#include <limits>

#include "services/runtime/random.h"

namespace qd::ctl {

namespace {

struct NewOrder {
    std::string side, quantity, symbol, type, limit, stop, trail, timeInForce = "day", id, account;
    std::string takeProfit, stopLoss;
    std::vector<std::string> confirmed;
    bool extendedHours = false, reduceOnly = false, yes = false;
};

struct OrderQuery {
    std::string status = "open", symbol, id, side, state, from, to;
    int limit = 100;
    bool timeline = false, all = false;
};

struct Change {
    std::string id, quantity, limit, stop, trail, timeInForce;
};

/// Without --type, the prices that are given say which type is meant.
std::string typeOf(const NewOrder& order)
{
    if (!order.type.empty()) return order.type;
    if (!order.trail.empty()) return "trailing_stop";
    if (!order.limit.empty()) return order.stop.empty() ? "limit" : "stop_limit";
    return order.stop.empty() ? "market" : "stop";
}

void memberIf(json::Writer& out, const char* name, const std::string& text)
{
    if (!text.empty()) out.member(name, text);
}

std::string bodyOf(const NewOrder& order)
{
    json::Writer out;
    out.beginObject().member("clientOrderId", order.id).member("symbol", order.symbol);
    out.member("side", order.side).member("type", typeOf(order)).member("quantity", order.quantity);
    out.member("timeInForce", order.timeInForce);
    memberIf(out, "account", order.account);
    memberIf(out, "limitPrice", order.limit);
    memberIf(out, "stopPrice", order.stop);
    if (order.trail.ends_with('%'))
        out.member("trailPercent", order.trail.substr(0, order.trail.size() - 1));
    else
        memberIf(out, "trailPrice", order.trail);
    if (order.extendedHours) out.member("extendedHours", true);
    if (order.reduceOnly) out.member("reduceOnly", true);
    if (!order.takeProfit.empty() || !order.stopLoss.empty()) {
        const bool both = !order.takeProfit.empty() && !order.stopLoss.empty();
        out.member("orderClass", both ? "bracket" : "oto");
    }
    if (!order.takeProfit.empty())
        out.key("takeProfit").beginObject().member("limitPrice", order.takeProfit).endObject();
    if (!order.stopLoss.empty())
        out.key("stopLoss").beginObject().member("stopPrice", order.stopLoss).endObject();
    if (!order.confirmed.empty()) out.array("confirmations", order.confirmed);
    return out.endObject().take();
}

std::string describeOrder(const json::Value& order)
{
    std::string state = cell(order["state"]);
    if (order["outcomeUnknown"].booleanOr(false)) state += " (outcome unknown)";
    return facts({{"Order", cell(order["clientOrderId"])},
                  {"State", state},
                  {"Reason", cell(order["reasonText"])},
                  {"What", cell(order["side"]) + " " + cell(order["quantity"]) + " " +
                               cell(order["symbol"]) + " " + cell(order["type"]) + " " +
                               cell(order["timeInForce"])},
                  {"Limit", cell(order["limitPrice"])},
                  {"Stop", cell(order["stopPrice"])},
                  {"Filled", cell(order["filledQuantity"]) + " at " + cell(order["averagePrice"])},
                  {"Left", cell(order["leavesQuantity"])},
                  {"Venue's id", cell(order["venueOrderId"])},
                  {"Updated", cell(order["updatedAt"])}});
}

int show(const Session& session, const drills::Answer& answer)
{
    if (session.wantsJson())
        session.printJson(answer.body);
    else
        session.print(describeOrder(answer.root()));
    return kDone;
}

/// With --yes the same order goes again with whatever the backend asks to confirm.
int submit(Session& session, NewOrder order)
{
    if (order.id.empty()) order.id = runtime::systemRandom().uuidV4();
    auto answer = session.ask("POST", "/v1/orders", bodyOf(order));
    if (answer.status == 412 && order.yes) {
        for (const auto& asked : answer["confirmations"].items())
            order.confirmed.push_back(cell(asked["code"]));
        answer = session.ask("POST", "/v1/orders", bodyOf(order));
    }
    if (answer.isOk()) return show(session, answer);
    if (session.wantsJson()) session.printJson(answer.body);
    session.explain(answer);
    return answer.status == 412 ? kConfirmation : kRefused;
}

int preview(Session& session, NewOrder order)
{
    if (order.id.empty()) order.id = runtime::systemRandom().uuidV4();
    const auto answer = session.require("POST", "/v1/orders/preview", bodyOf(order));
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print(facts({{"Value", cell(answer["notional"])},
                         {"Fee, estimated", cell(answer["estimatedFee"])},
                         {"Buying power", cell(answer["buyingPowerBefore"])},
                         {"Afterwards", cell(answer["buyingPowerAfter"])},
                         {"Position then", cell(answer["positionAfter"])},
                         {"Price is", cell(answer["freshness"])}}));
    Table table({{"Check"}, {"Result"}, {"Why"}});
    for (const auto& check : answer["checks"].items()) {
        const bool asks = check["severity"].stringOr({}) == "confirm";
        const std::string result = check["passed"].booleanOr(false) ? "passed"
                                   : asks                           ? "asks"
                                                                    : "refuses";
        table.add({cell(check["title"]), result, cell(check["detail"])});
    }
    session.print(table.text());
    return kDone;
}

int modify(Session& session, const Change& change)
{
    json::Writer out;
    out.beginObject();
    memberIf(out, "quantity", change.quantity);
    memberIf(out, "limitPrice", change.limit);
    memberIf(out, "stopPrice", change.stop);
    memberIf(out, "trail", change.trail);
    memberIf(out, "timeInForce", change.timeInForce);
    out.member("newClientOrderId", runtime::systemRandom().uuidV4());
    return show(session, session.require("PATCH", "/v1/orders/" + wire::percentEncode(change.id),
                                         out.endObject().take()));
}

int cancel(Session& session, const OrderQuery& query)
{
    if (query.id.empty() != query.all) {
        session.complain("name one order, or give --all");
        return kUsage;
    }
    if (!query.all)
        return show(session,
                    session.require("DELETE", "/v1/orders/" + wire::percentEncode(query.id)));
    std::string path = "/v1/orders?";
    if (!query.symbol.empty()) path += "symbol=" + wire::percentEncode(query.symbol) + "&";
    if (!query.side.empty()) path += "side=" + query.side;
    const auto answer = session.require("DELETE", path);
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print(std::to_string(answer["requested"].size()) + " cancels asked for");
    for (const auto& id : answer["requested"].items()) session.print(cell(id));
    return kDone;
}

int showOne(Session& session, const OrderQuery& query)
{
    const auto path = "/v1/orders/" + wire::percentEncode(query.id);
    if (!query.timeline) return show(session, session.require("GET", path));
    const auto answer = session.require("GET", path + "/timeline");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"No.", true}, {"Time"}, {"What"}, {"By"}});
    for (const auto& event : answer["events"].items())
        table.add({cell(event["sequence"]), cell(event["time"]), cell(event["kind"]),
                   cell(event["actor"])});
    session.print(table.text());
    return kDone;
}

std::string listPath(const OrderQuery& query)
{
    std::string path = "/v1/orders?status=" + query.status;
    for (const auto& [name, value] : {std::pair{"symbol", &query.symbol}, {"state", &query.state},
                                      {"side", &query.side}, {"from", &query.from},
                                      {"to", &query.to}})
        if (!value->empty()) path += std::string("&") + name + "=" + wire::percentEncode(*value);
    return path;
}

int list(Session& session, const OrderQuery& query)
{
    const std::size_t limit =
        query.all ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(query.limit);
    const Pages pages = session.pages(listPath(query), "orders", limit);
    if (session.wantsJson()) return session.printJson(pages.json()), kDone;
    Table table({{"Order"}, {"Symbol"}, {"Side"}, {"Quantity", true}, {"Type"}, {"Limit", true},
                 {"Stop", true}, {"State"}, {"Filled", true}, {"Average", true}, {"Updated"}});
    for (const auto& order : pages.rows()) {
        std::string state = cell(order["state"]);
        if (order["outcomeUnknown"].booleanOr(false)) state += " ?";
        table.add({cell(order["clientOrderId"]), cell(order["symbol"]), cell(order["side"]),
                   cell(order["quantity"]), cell(order["type"]), cell(order["limitPrice"]),
                   cell(order["stopPrice"]), state, cell(order["filledQuantity"]),
                   cell(order["averagePrice"]), cell(order["updatedAt"])});
    }
    session.print(table.isEmpty() ? "no " + query.status + " orders" : table.text());
    return kDone;
}

void addTicket(CLI::App& app, const std::shared_ptr<NewOrder>& order)
{
    app.add_option("side", order->side, "buy or sell")->required()->check(CLI::IsMember({"buy", "sell"}));
    app.add_option("quantity", order->quantity, "Shares, contracts or coins")->required();
    app.add_option("symbol", order->symbol, "What to trade, e.g. SPY")->required();
    app.add_option("--type", order->type,
                   "market, limit, stop, stop_limit or trailing_stop; default: what the prices say");
    app.add_option("--limit", order->limit, "Limit price");
    app.add_option("--stop", order->stop, "Stop price");
    app.add_option("--trail", order->trail, "Trailing distance: 1.50 or 2%");
    app.add_option("--tif", order->timeInForce, "day, gtc, ioc, fok, opg or cls")->capture_default_str();
    app.add_option("--take-profit", order->takeProfit, "Limit price of the take-profit exit");
    app.add_option("--stop-loss", order->stopLoss, "Stop price of the stop-loss exit");
    app.add_option("--account", order->account, "Account; default: the only one");
    app.add_option("--id", order->id, "Client order id (UUIDv4): the idempotency key; default: made here");
    app.add_flag("--extended-hours", order->extendedHours, "Also outside regular hours");
    app.add_flag("--reduce-only", order->reduceOnly, "Only towards a flat position");
}

} // namespace

void addOrderCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* orders = app.add_subcommand("order", "Submit, change, cancel and look at orders");
    orders->require_subcommand(1);

    const auto ticket = std::make_shared<NewOrder>();
    auto* submitCommand = orders->add_subcommand("submit", "Submit an order: buy 100 SPY --limit 512.30");
    addTicket(*submitCommand, ticket);
    submitCommand->add_option("--confirm", ticket->confirmed, "Confirm a precaution by its code");
    submitCommand->add_flag("--yes", ticket->yes, "Confirm every precaution that is asked about");
    submitCommand->callback(
        [&, ticket] { chosen = [&session, ticket] { return submit(session, *ticket); }; });

    const auto draft = std::make_shared<NewOrder>();
    auto* previewCommand = orders->add_subcommand("preview", "What an order would cost; sends nothing");
    addTicket(*previewCommand, draft);
    previewCommand->callback(
        [&, draft] { chosen = [&session, draft] { return preview(session, *draft); }; });

    const auto change = std::make_shared<Change>();
    auto* modifyCommand = orders->add_subcommand("modify", "Change an open order");
    modifyCommand->add_option("id", change->id, "Client order id")->required();
    modifyCommand->add_option("--quantity", change->quantity, "New quantity");
    modifyCommand->add_option("--limit", change->limit, "New limit price");
    modifyCommand->add_option("--stop", change->stop, "New stop price");
    modifyCommand->add_option("--trail", change->trail, "New trailing distance");
    modifyCommand->add_option("--tif", change->timeInForce, "New time in force");
    modifyCommand->callback(
        [&, change] { chosen = [&session, change] { return modify(session, *change); }; });

    const auto query = std::make_shared<OrderQuery>();
    auto* cancelCommand = orders->add_subcommand("cancel", "Ask for the cancel of one order or --all");
    cancelCommand->add_option("id", query->id, "Client order id");
    cancelCommand->add_flag("--all", query->all, "All open orders");
    cancelCommand->add_option("--symbol", query->symbol, "With --all: only of this symbol");
    cancelCommand->add_option("--side", query->side, "With --all: only buy or only sell")
        ->check(CLI::IsMember({"buy", "sell"}));
    cancelCommand->callback([&, query] { chosen = [&session, query] { return cancel(session, *query); }; });

    auto* showCommand = orders->add_subcommand("show", "One order");
    showCommand->add_option("id", query->id, "Client order id")->required();
    showCommand->add_flag("--timeline", query->timeline, "Everything that happened to it");
    showCommand->callback([&, query] { chosen = [&session, query] { return showOne(session, *query); }; });

    auto* listCommand = orders->add_subcommand("list", "Orders, newest first");
    listCommand->add_option("--status", query->status, "open, closed or all")
        ->check(CLI::IsMember({"open", "closed", "all"}))->capture_default_str();
    listCommand->add_option("--symbol", query->symbol, "Only of this symbol");
    listCommand->add_option("--state", query->state, "Only in this state, e.g. partially_filled");
    listCommand->add_option("--side", query->side, "Only buy or only sell")
        ->check(CLI::IsMember({"buy", "sell"}));
    listCommand->add_option("--from", query->from, "Made at or after this time (RFC 3339)");
    listCommand->add_option("--to", query->to, "Made before this time");
    listCommand->add_option("--limit", query->limit, "At most so many")->capture_default_str();
    listCommand->add_flag("--all", query->all, "All of them, page by page");
    listCommand->callback([&, query] { chosen = [&session, query] { return list(session, *query); }; });
}

} // namespace qd::ctl
