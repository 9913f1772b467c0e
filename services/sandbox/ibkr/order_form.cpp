#include "services/sandbox/ibkr/order_form.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace qd::sandbox::ibkr {

namespace {

struct TypeWord {
    std::string_view word;
    OrderType type;
    std::optional<TimeInForce> timeInForce;
};
constexpr std::array kTypeWords = {
    TypeWord{"LMT", OrderType::Limit, {}},           TypeWord{"MKT", OrderType::Market, {}},
    TypeWord{"STP", OrderType::Stop, {}},            TypeWord{"STP_LIMIT", OrderType::StopLimit, {}},
    TypeWord{"STOP_LIMIT", OrderType::StopLimit, {}}, TypeWord{"TRAIL", OrderType::TrailingStop, {}},
    TypeWord{"MOC", OrderType::Market, TimeInForce::Cls},
    TypeWord{"LOC", OrderType::Limit, TimeInForce::Cls},
};

struct ForceWord {
    std::string_view word;
    TimeInForce timeInForce;
};
constexpr std::array kForceWords = {
    ForceWord{"DAY", TimeInForce::Day}, ForceWord{"GTC", TimeInForce::Gtc},
    ForceWord{"IOC", TimeInForce::Ioc}, ForceWord{"OPG", TimeInForce::Opg},
};

tl::unexpected<std::string> refuse(std::string words)
{
    return tl::unexpected(std::move(words));
}

/// A JSON number, or a text that holds one.
std::optional<Decimal> numberIn(const json::Value& value)
{
    if (value.isAbsent() || (value.isString() && value.stringOr("").empty()))
        return std::nullopt;
    const auto number = value.decimal();
    return number ? std::optional(*number) : std::nullopt;
}

std::optional<Price> priceIn(const json::Value& value)
{
    const auto number = numberIn(value);
    return number ? std::optional(Price(*number)) : std::nullopt;
}

std::int64_t conidIn(const json::Value& order)
{
    if (!order["conid"].isAbsent())
        return order["conid"].integerOr(0);
    std::int64_t conid = 0;
    const std::string_view text = order["conidex"].stringOr(order["secType"].stringOr(""));
    std::from_chars(text.data(), text.data() + text.size(), conid);
    return conid;
}

FormResult<void> readPrices(const json::Value& given, exchange::NewOrder& order)
{
    const auto price = priceIn(given["price"]), aux = priceIn(given["auxPrice"]);
    switch (order.type) {
    case OrderType::Market: return {};
    case OrderType::Limit:
        if (!price)
            return refuse("Limit order requires a price");
        order.limitPrice = price;
        return {};
    case OrderType::Stop:
        order.stopPrice = aux ? aux : price; // the stop is `price`; older programs send `auxPrice`
        return order.stopPrice ? FormResult<void>() : refuse("Stop order requires a price");
    case OrderType::StopLimit:
        if (!price || !aux)
            return refuse("Stop limit order requires price and auxPrice");
        order.limitPrice = price;
        order.stopPrice = aux;
        return {};
    case OrderType::TrailingStop: {
        const auto amount = numberIn(given["trailingAmt"]);
        const std::string_view kind = given["trailingType"].stringOr("");
        if (!amount || (kind != "amt" && kind != "%"))
            return refuse("Trailing order requires trailingAmt and trailingType");
        if (kind == "%")
            order.trailPercent = amount;
        else
            order.trailPrice = Price(*amount);
        return {};
    }
    }
    return {};
}

/// Everything but how orders belong together.
FormResult<exchange::NewOrder> readOne(const json::Value& given, const Contracts& contracts)
{
    if (!given.isObject())
        return refuse("Bad Request: order must be an object");
    exchange::NewOrder order;
    const auto instrument = contracts.find(conidIn(given));
    if (!instrument)
        return refuse("Contract not available for trading");
    order.symbol = contracts.instrument(*instrument).symbol;
    const auto type = std::ranges::find(kTypeWords, given["orderType"].stringOr(""), &TypeWord::word);
    if (type == kTypeWords.end())
        return refuse(fmt::format("Invalid order type: {}", given["orderType"].dump()));
    order.type = type->type;
    const std::string_view side = given["side"].stringOr("");
    if (side != "BUY" && side != "SELL")
        return refuse(fmt::format("Invalid side: {}", given["side"].dump()));
    order.side = side == "BUY" ? Side::Buy : Side::Sell;
    const auto force = std::ranges::find(kForceWords, given["tif"].stringOr(""), &ForceWord::word);
    if (force == kForceWords.end())
        return refuse(fmt::format("Invalid time in force: {}", given["tif"].dump()));
    order.timeInForce = type->timeInForce.value_or(force->timeInForce);
    const auto quantity = numberIn(given["quantity"]);
    order.notional = numberIn(given["cashQty"]);
    if (quantity)
        order.quantity = Quantity(*quantity);
    if (!quantity && !order.notional)
        return refuse("Missing order quantity");
    order.clientOrderId = std::string(given["cOID"].stringOr(""));
    order.extendedHours = given["outsideRTH"].booleanOr(false);
    if (auto prices = readPrices(given, order); !prices)
        return tl::unexpected(prices.error());
    return order;
}

std::string describe(const exchange::NewOrder& order, const Contracts& contracts)
{
    const auto index = contracts.find(contracts.conidOf(order.symbol));
    const auto& instrument = contracts.instrument(*index);
    std::string text = fmt::format("{} {} {} {}", order.side == Side::Buy ? "BUY" : "SELL",
                                   order.quantity.value_or(Quantity()).toString(),
                                   Contracts::tickerOf(instrument), Contracts::listingOf(instrument));
    if (order.limitPrice)
        text += " @ " + formatPrice(*order.limitPrice);
    return text;
}

FormResult<void> addExit(Placement& placement, const exchange::NewOrder& exit)
{
    exchange::NewOrder& entry = placement.order;
    if (exit.symbol != entry.symbol || exit.side == entry.side || exit.quantity != entry.quantity)
        return refuse("Child order must close its parent");
    if (exit.type == OrderType::Limit && !entry.takeProfit) {
        entry.takeProfit = TakeProfit{*exit.limitPrice};
        placement.legRefs.insert(placement.legRefs.begin(), exit.clientOrderId);
        return {};
    }
    const bool stops = exit.type == OrderType::Stop || exit.type == OrderType::StopLimit;
    if (!stops || entry.stopLoss)
        return refuse("Unsupported combination of child orders");
    entry.stopLoss = StopLoss{*exit.stopPrice, exit.limitPrice};
    placement.legRefs.push_back(exit.clientOrderId);
    return {};
}

/// Two exits of which one cancels the other: the limit leads, the stop is its leg.
FormResult<Placement> readPair(Placement placement, const exchange::NewOrder& other)
{
    exchange::NewOrder& first = placement.order;
    const bool fits = first.type == OrderType::Limit && first.side == other.side
        && first.symbol == other.symbol && first.quantity == other.quantity
        && (other.type == OrderType::Stop || other.type == OrderType::StopLimit);
    if (!fits)
        return refuse("Unsupported group of orders");
    first.orderClass = OrderClass::Oco;
    first.takeProfit = TakeProfit{*first.limitPrice};
    first.stopLoss = StopLoss{*other.stopPrice, other.limitPrice};
    placement.legRefs = {other.clientOrderId};
    return placement;
}

} // namespace

FormResult<Placement> readPlacement(const json::Value& body, const Contracts& contracts)
{
    const auto orders = (body.isArray() ? body : body["orders"]).items();
    if (orders.empty() || orders.size() > 3)
        return refuse("Bad Request: expected one order, with its attached orders if it has any");
    Placement placement;
    auto entry = readOne(orders[0], contracts);
    if (!entry)
        return tl::unexpected(entry.error());
    placement.order = std::move(*entry);
    placement.text = describe(placement.order, contracts);
    for (std::size_t i = 1; i < orders.size(); ++i) {
        const auto more = readOne(orders[i], contracts);
        if (!more)
            return tl::unexpected(more.error());
        if (orders[i]["isSingleGroup"].booleanOr(false) && orders.size() == 2)
            return readPair(std::move(placement), *more);
        const std::string_view parent = orders[i]["parentId"].stringOr("");
        if (parent.empty() || parent != placement.order.clientOrderId)
            return refuse("Parent order is not found");
        if (auto added = addExit(placement, *more); !added)
            return tl::unexpected(added.error());
    }
    if (orders.size() == 2)
        placement.order.orderClass = OrderClass::Oto;
    else if (orders.size() == 3)
        placement.order.orderClass = OrderClass::Bracket;
    return placement;
}

FormResult<exchange::NewOrder> readChange(const json::Value& body, const Contracts& contracts)
{
    return readOne(body, contracts);
}

} // namespace qd::sandbox::ibkr
