#include "services/client/facts_json.h"

namespace qd::client {

namespace {

Result<OrderOrigin> parseOrigin(std::string_view text)
{
    if (text == "ours") return OrderOrigin::Ours;
    if (text == "external") return OrderOrigin::External;
    return fail(ErrorKind::Invalid, "client.unknown_value",
                "expected ours or external, was \"" + std::string(text.substr(0, 40)) + "\"",
                "origin");
}

Result<TradingState> parseTradingState(std::string_view text)
{
    for (const auto state : {TradingState::Active, TradingState::Reducing, TradingState::Halted})
        if (toString(state) == text) return state;
    return fail(ErrorKind::Invalid, "client.unknown_value",
                "expected active, reducing or halted, was \"" + std::string(text.substr(0, 40)) +
                    "\"",
                "state");
}

OrderRequest readRequest(FieldReader& read, const json::Value& value)
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId(read.text(value["clientOrderId"]));
    request.account = AccountId(read.text(value["account"]));
    request.symbol = read.take(Symbol::parse(value["symbol"].stringOr({})));
    request.side = read.take(parseSide(value["side"].stringOr({})));
    request.type = read.take(parseOrderType(value["type"].stringOr({})));
    request.timeInForce = read.word(value["timeInForce"], parseTimeInForce, TimeInForce::Day);
    request.quantity = read.quantity(value["quantity"]);
    request.limitPrice = read.maybePrice(value["limitPrice"]);
    request.stopPrice = read.maybePrice(value["stopPrice"]);
    request.trailPrice = read.maybePrice(value["trailPrice"]);
    request.trailPercent = read.maybeDecimal(value["trailPercent"]);
    request.extendedHours = read.flag(value["extendedHours"]);
    request.reduceOnly = read.flag(value["reduceOnly"]);
    request.orderClass = read.word(value["orderClass"], parseOrderClass, OrderClass::Simple);
    if (const auto exit = value["takeProfit"]; !exit.isAbsent())
        request.takeProfit = TakeProfit{read.price(exit["limitPrice"])};
    if (const auto exit = value["stopLoss"]; !exit.isAbsent())
        request.stopLoss =
            StopLoss{read.price(exit["stopPrice"]), read.maybePrice(exit["limitPrice"])};
    return request;
}

} // namespace

Order readOrder(FieldReader& read, const json::Value& value)
{
    Order order;
    order.request = readRequest(read, value);
    order.state = read.take(parseOrderState(value["state"].stringOr({})));
    order.previousState = order.state;
    order.outcomeUnknown = read.flag(value["outcomeUnknown"]);
    order.origin = read.word(value["origin"], parseOrigin, OrderOrigin::Ours);
    if (auto id = read.text(value["venueOrderId"]); !id.empty())
        order.venueOrderIds.emplace_back(std::move(id));
    order.filledQuantity = read.quantity(value["filledQuantity"]);
    order.averagePrice = read.price(value["averagePrice"]);
    order.parent = ClientOrderId(read.text(value["parent"]));
    order.groupId = read.text(value["groupId"]);
    order.replaces = ClientOrderId(read.text(value["replaces"]));
    order.replacedBy = ClientOrderId(read.text(value["replacedBy"]));
    order.reasonCode = read.text(value["reasonCode"]);
    order.reasonText = read.text(value["reasonText"]);
    order.createdAt = read.time(value["createdAt"]);
    order.submittedAt = read.time(value["submittedAt"]);
    order.acceptedAt = read.time(value["acceptedAt"]);
    order.closedAt = read.time(value["closedAt"]);
    order.updatedAt = read.time(value["updatedAt"]);
    order.version = read.integer(value["version"]);
    return order;
}

Fill readFill(FieldReader& read, const json::Value& value)
{
    Fill fill;
    fill.executionId = ExecutionId(read.text(value["executionId"]));
    fill.clientOrderId = ClientOrderId(read.text(value["clientOrderId"]));
    fill.account = AccountId(read.text(value["account"]));
    fill.symbol = read.take(Symbol::parse(value["symbol"].stringOr({})));
    fill.side = read.take(parseSide(value["side"].stringOr({})));
    fill.price = read.price(value["price"]);
    fill.quantity = read.quantity(value["quantity"]);
    fill.fee = read.money(value["fee"]);
    fill.eventTime = read.time(value["eventTime"]);
    fill.receiveTime = read.time(value["receiveTime"]);
    fill.inferred = read.flag(value["inferred"]);
    return fill;
}

PositionFacts readPosition(FieldReader& read, const json::Value& value)
{
    PositionFacts facts;
    facts.position.account = AccountId(read.text(value["account"]));
    facts.position.symbol = read.take(Symbol::parse(value["symbol"].stringOr({})));
    facts.position.quantity = read.quantity(value["quantity"]);
    facts.position.averagePrice = read.price(value["averagePrice"]);
    facts.position.realised = read.money(value["realised"]);
    facts.lastPrice = read.price(value["lastPrice"]);
    facts.marketValue = read.money(value["marketValue"]);
    facts.unrealised = read.money(value["unrealised"]);
    facts.dayChange = read.money(value["dayChange"]);
    facts.reconciled = read.flag(value["reconciled"], true);
    return facts;
}

AccountFacts readAccount(FieldReader& read, const json::Value& value)
{
    AccountFacts facts;
    auto& account = facts.snapshot;
    account.account = AccountId(read.text(value["account"]));
    if (auto currency = read.text(value["currency"]); !currency.empty())
        account.currency = std::move(currency);
    account.cash = read.money(value["cash"]);
    account.equity = read.money(value["equity"]);
    account.lastEquity = read.money(value["lastEquity"]);
    account.buyingPower = read.money(value["buyingPower"]);
    account.initialMargin = read.money(value["initialMargin"]);
    account.maintenanceMargin = read.money(value["maintenanceMargin"]);
    account.tradingBlocked = read.flag(value["tradingBlocked"]);
    account.shortingEnabled = read.flag(value["shortingEnabled"]);
    account.asOf = read.time(value["asOf"]);
    facts.dayProfit = read.money(value["dayProfit"]);
    facts.dayProfitPercent = read.decimal(value["dayProfitPercent"]);
    facts.openRisk = read.money(value["openRisk"]);
    facts.live = value["environment"].stringOr({}) == "live";
    return facts;
}

TradingFacts readTrading(FieldReader& read, const json::Value& value)
{
    TradingFacts facts;
    facts.state = read.take(parseTradingState(value["state"].stringOr({})));
    facts.reason = read.text(value["reason"]);
    facts.since = read.time(value["since"]);
    facts.reconciling = read.flag(value["reconciling"]);
    for (const auto& item : value["differences"].items()) {
        Difference difference;
        difference.kind = read.text(item["kind"]);
        difference.symbol = read.text(item["symbol"]);
        difference.ours = read.text(item["ours"]);
        difference.theirs = read.text(item["theirs"]);
        difference.since = read.time(item["since"]);
        facts.differences.push_back(std::move(difference));
    }
    return facts;
}

} // namespace qd::client
