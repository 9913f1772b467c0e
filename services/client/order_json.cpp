#include "services/client/facts_json.h"

namespace qd::client {

namespace {

void readExits(FieldReader& read, const json::Value& value, OrderRequest& request)
{
    if (const auto exit = value["takeProfit"]; !exit.isAbsent())
        read.members(exit, "limitPrice", request.takeProfit.emplace().limitPrice);
    if (const auto exit = value["stopLoss"]; !exit.isAbsent()) {
        auto& loss = request.stopLoss.emplace();
        read.members(exit, "stopPrice", loss.stopPrice, "limitPrice", loss.limitPrice);
    }
}

void readRequest(FieldReader& read, const json::Value& value, OrderFacts& order)
{
    auto& request = order.request;
    read.members(value, "clientOrderId", request.clientOrderId, "account", request.account,
                 "symbol", request.symbol, "quantity", request.quantity, "limitPrice",
                 request.limitPrice, "stopPrice", request.stopPrice, "trailPrice",
                 request.trailPrice, "trailPercent", request.trailPercent, "extendedHours",
                 request.extendedHours, "reduceOnly", request.reduceOnly, "orderClass",
                 request.orderClass);
    order.sideWord = read.word(value["side"], request.side);
    order.typeWord = read.word(value["type"], request.type);
    order.timeInForceWord = read.word(value["timeInForce"], request.timeInForce);
    readExits(read, value, request);
}

Difference readDifference(FieldReader& read, const json::Value& value)
{
    Difference difference;
    read.members(value, "id", difference.id, "code", difference.code, "kind", difference.kind,
                 "ours", difference.ours, "theirs", difference.theirs, "difference",
                 difference.difference, "since", difference.since, "blocksEntries",
                 difference.blocksEntries, "acceptable", difference.acceptable, "whatToDo",
                 difference.whatToDo);
    read.members(value, "symbol", difference.symbol); // a text: cash has none
    return difference;
}

} // namespace

OrderFacts readOrder(FieldReader& read, const json::Value& value)
{
    OrderFacts order;
    readRequest(read, value, order);
    order.state = OrderState::Accepted;
    order.stateWord = read.word(value["state"], order.state);
    if (!value["state"].isString())
        read.note({ErrorKind::Invalid, "client.order", "an order without a state", "state"});
    order.previousState = order.state;
    if (VenueOrderId id; !value["venueOrderId"].isAbsent()) {
        read.members(value, "venueOrderId", id);
        order.venueOrderIds.push_back(std::move(id));
    }
    read.members(value, "outcomeUnknown", order.outcomeUnknown, "origin", order.origin,
                 "filledQuantity", order.filledQuantity, "averagePrice", order.averagePrice,
                 "parent", order.parent, "groupId", order.groupId, "replaces", order.replaces,
                 "replacedBy", order.replacedBy, "reasonCode", order.reasonCode, "reasonText",
                 order.reasonText, "createdAt", order.createdAt, "submittedAt", order.submittedAt,
                 "acceptedAt", order.acceptedAt, "closedAt", order.closedAt, "updatedAt",
                 order.updatedAt, "version", order.version);
    return order;
}

Fill readFill(FieldReader& read, const json::Value& value)
{
    Fill fill;
    read.members(value, "executionId", fill.executionId, "clientOrderId", fill.clientOrderId,
                 "account", fill.account, "symbol", fill.symbol, "side", fill.side, "price",
                 fill.price, "quantity", fill.quantity, "fee", fill.fee, "eventTime",
                 fill.eventTime, "receiveTime", fill.receiveTime, "inferred", fill.inferred);
    return fill;
}

PositionFacts readPosition(FieldReader& read, const json::Value& value)
{
    PositionFacts facts;
    auto& position = facts.position;
    read.members(value, "account", position.account, "symbol", position.symbol, "quantity",
                 position.quantity, "averagePrice", position.averagePrice, "realised",
                 position.realised, "lastPrice", facts.lastPrice, "marketValue",
                 facts.marketValue, "unrealised", facts.unrealised, "dayChange", facts.dayChange,
                 "reconciled", facts.reconciled);
    return facts;
}

AccountFacts readAccount(FieldReader& read, const json::Value& value)
{
    AccountFacts facts;
    auto& account = facts.snapshot;
    read.members(value, "account", account.account, "currency", account.currency, "cash",
                 account.cash, "equity", account.equity, "lastEquity", account.lastEquity,
                 "buyingPower", account.buyingPower, "initialMargin", account.initialMargin,
                 "maintenanceMargin", account.maintenanceMargin, "tradingBlocked",
                 account.tradingBlocked, "shortingEnabled", account.shortingEnabled, "asOf",
                 account.asOf, "dayProfit", facts.dayProfit, "dayProfitPercent",
                 facts.dayProfitPercent, "openRisk", facts.openRisk);
    facts.live = value["environment"].stringOr({}) == "live";
    return facts;
}

TradingFacts readTrading(FieldReader& read, const json::Value& value)
{
    TradingFacts facts;
    facts.state = TradingState::Halted; // nothing goes out under a word that nobody here knows
    facts.stateWord = read.word(value["state"], facts.state);
    if (!value["state"].isString())
        read.note({ErrorKind::Invalid, "client.trading", "trading without a state", "state"});
    read.members(value, "reason", facts.reason, "since", facts.since, "reconciling",
                 facts.reconciling);
    facts.differences = readAll(read, value["differences"], readDifference);
    return facts;
}

} // namespace qd::client
