#include "services/client/facts_json.h"

namespace qd::client {

namespace {

void writeExits(json::Writer& out, const OrderRequest& order)
{
    if (order.takeProfit)
        out.key("takeProfit")
            .beginObject()
            .member("limitPrice", order.takeProfit->limitPrice)
            .endObject();
    if (!order.stopLoss) return;
    out.key("stopLoss").beginObject().member("stopPrice", order.stopLoss->stopPrice);
    if (order.stopLoss->limitPrice) out.member("limitPrice", *order.stopLoss->limitPrice);
    out.endObject();
}

void writeSymbols(json::Writer& out, std::string_view name, const std::vector<Symbol>& symbols)
{
    out.key(name).beginArray();
    for (const auto& symbol : symbols) out.value(symbol.text());
    out.endArray();
}

} // namespace

std::string orderBody(const OrderRequest& order)
{
    json::Writer out;
    out.beginObject().member("clientOrderId", order.clientOrderId.text());
    if (!order.account.empty()) out.member("account", order.account.text());
    out.member("symbol", order.symbol.text())
        .member("side", toString(order.side))
        .member("type", toString(order.type))
        .member("timeInForce", toString(order.timeInForce))
        .member("quantity", order.quantity);
    if (order.limitPrice) out.member("limitPrice", *order.limitPrice);
    if (order.stopPrice) out.member("stopPrice", *order.stopPrice);
    if (order.trailPrice) out.member("trailPrice", *order.trailPrice);
    if (order.trailPercent) out.member("trailPercent", *order.trailPercent);
    out.member("extendedHours", order.extendedHours)
        .member("reduceOnly", order.reduceOnly)
        .member("orderClass", toString(order.orderClass));
    writeExits(out, order);
    if (!order.confirmations.empty()) out.array("confirmations", order.confirmations);
    return out.endObject().take();
}

std::string changeBody(const OrderChange& change)
{
    json::Writer out;
    out.beginObject();
    if (change.quantity) out.member("quantity", *change.quantity);
    if (change.limitPrice) out.member("limitPrice", *change.limitPrice);
    if (change.stopPrice) out.member("stopPrice", *change.stopPrice);
    return out.endObject().take();
}

std::string tradingBody(TradingState state, const std::string& reason)
{
    json::Writer out;
    out.beginObject().member("state", toString(state)).member("reason", reason);
    return out.endObject().take();
}

std::string reasonBody(const std::string& reason)
{
    json::Writer out;
    return out.beginObject().member("reason", reason).endObject().take();
}

std::string subscribeMessage(const WishList& wishes)
{
    json::Writer out;
    out.beginObject().member("type", "subscribe");
    writeSymbols(out, "quotes", wishes.quotes);
    writeSymbols(out, "trades", wishes.trades);
    out.key("bars").beginArray();
    for (const auto& [symbol, interval] : wishes.bars)
        out.beginObject()
            .member("symbol", symbol.text())
            .member("interval", toString(interval))
            .endObject();
    return out.endArray().endObject().take();
}

} // namespace qd::client
