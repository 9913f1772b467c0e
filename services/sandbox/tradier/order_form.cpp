#include "services/sandbox/tradier/order_form.h"

#include <algorithm>

#include <fmt/format.h>

namespace qd::sandbox::tradier {

namespace {

const Quantity kQuantityMost = Quantity::of("10000000");
const Price kShortFrom = Price::of("5");

tl::unexpected<FormRefusal> badRequest(std::string message)
{
    return tl::unexpected(FormRefusal{false, std::move(message), {}});
}

tl::unexpected<FormRefusal> refused(std::string message, std::string code)
{
    return tl::unexpected(FormRefusal{true, std::move(message), std::move(code)});
}

/// One order of a form: all of it, or a leg.
struct Leg {
    Symbol symbol;
    SideWord side = SideWord::Buy;
    Quantity quantity;
    OrderType type = OrderType::Market;
    std::optional<Price> price, stop;
    std::string duration;
};

FormResult<std::optional<Price>> readPriceField(const ApiRequest& request, const std::string& name)
{
    const auto text = request.field(name);
    if (text.empty())
        return std::optional<Price>();
    const auto price = Price::parse(text);
    if (!price || !price->isPositive())
        return badRequest(fmt::format("Invalid parameter, {}: must be a positive number.", name));
    return std::optional(*price);
}

FormResult<OrderType> readTypeField(std::string_view text)
{
    const auto type = parseOrderType(text);
    if (!type || *type == OrderType::TrailingStop)
        return badRequest("Invalid parameter, type: must be 'market', 'limit', 'stop' or 'stop_limit'.");
    return *type;
}

FormResult<void> checkPrices(const Leg& leg)
{
    const bool limited = leg.type == OrderType::Limit || leg.type == OrderType::StopLimit;
    const bool stopped = leg.type == OrderType::Stop || leg.type == OrderType::StopLimit;
    if (limited && !leg.price)
        return badRequest("Missing parameter, price: required for limit and stop_limit orders.");
    if (stopped && !leg.stop)
        return badRequest("Missing parameter, stop: required for stop and stop_limit orders.");
    return {};
}

FormResult<Leg> readLeg(const ApiRequest& request, const std::string& index)
{
    Leg leg;
    const auto field = [&](std::string_view name) {
        return request.field(std::string(name) + index);
    };
    if (!field("option_symbol").empty())
        return refused("The account is not approved for options.", "OptionLevelRestriction");
    const auto symbolGiven = field("symbol").empty() ? request.field("symbol") : field("symbol");
    if (symbolGiven.empty())
        return badRequest("Missing parameter, symbol.");
    const auto symbol = parseSymbol(symbolGiven);
    if (!symbol)
        return refused("The security is undefined.", "SecurityUndefined");
    leg.symbol = *symbol;
    const auto side = parseSideWord(field("side"));
    if (!side)
        return badRequest(
            "Invalid parameter, side: must be 'buy', 'buy_to_cover', 'sell' or 'sell_short'.");
    leg.side = *side;
    const auto quantity = Quantity::parse(field("quantity"));
    if (!quantity)
        return badRequest("Invalid parameter, quantity: must be a number.");
    if (!quantity->isPositive() || !quantity->value().isInteger() || *quantity > kQuantityMost)
        return refused("The quantity must be a whole number from 1 to 10,000,000.",
                       "IncorrectOrderQuantity");
    leg.quantity = *quantity;
    const auto type = readTypeField(field("type"));
    if (!type)
        return tl::unexpected(type.error());
    leg.type = *type;
    for (const auto& [name, target] : {std::pair{"price", &leg.price}, std::pair{"stop", &leg.stop}}) {
        const auto price = readPriceField(request, name + index);
        if (!price)
            return tl::unexpected(price.error());
        *target = *price;
    }
    const auto own = field("duration");
    leg.duration = std::string(own.empty() ? request.field("duration") : own);
    if (leg.duration != "day" && leg.duration != "gtc" && leg.duration != "pre"
        && leg.duration != "post")
        return badRequest("Invalid parameter, duration: must be 'day', 'gtc', 'pre' or 'post'.");
    if (auto checked = checkPrices(leg); !checked)
        return tl::unexpected(checked.error());
    return leg;
}

/// Tradier wants to be told whether an order opens or closes.
FormResult<void> checkSide(const Leg& leg, const AccountId& account, const alpaca::Desk& desk)
{
    const Quantity held = desk.records.positionQuantity(account, leg.symbol);
    switch (leg.side) {
    case SideWord::Buy:
        if (held.isNegative())
            return refused("A short position is bought back with buy_to_cover.", "UnexpectedBuyOrder");
        break;
    case SideWord::BuyToCover:
        if (!held.isNegative())
            return refused("There is no short position to cover.", "UnexpectedBuyToCoverOrder");
        break;
    case SideWord::Sell:
        if (!held.isPositive())
            return refused("There is no long position to sell.", "UnexpectedSellOrder");
        break;
    case SideWord::SellShort:
        if (held.isPositive())
            return refused("A long position is sold with sell.", "UnexpectedSellShortOrder");
        break;
    }
    return {};
}

FormResult<void> checkMarketRules(const Leg& leg, const alpaca::Desk& desk)
{
    if (leg.duration == "gtc" && leg.type == OrderType::Market)
        return refused("Market orders cannot be good till canceled.", "MarketOrderIsGtc");
    if (leg.duration == "gtc" && leg.side == SideWord::SellShort)
        return refused("Short sales cannot be good till canceled.", "ShortOrderIsGtc");
    const bool extended = leg.duration == "pre" || leg.duration == "post";
    if (extended && leg.type != OrderType::Limit)
        return badRequest("Only limit orders are accepted outside of regular hours.");
    const auto index = desk.exchange.find(leg.symbol);
    if (!index)
        return refused("The security is undefined.", "SecurityUndefined");
    const auto quote = desk.exchange.snapshot(*index).quote;
    if (!quote)
        return {};
    if (leg.side == SideWord::SellShort && quote->bid.isPositive() && quote->bid < kShortFrom)
        return refused("Short sales need a last price of 5.00 or more.", "SellShortOrderLastPriceBelow5");
    if (leg.type != OrderType::Stop)
        return {};
    if (sideOf(leg.side) == Side::Buy && *leg.stop < quote->ask)
        return refused("The stop price of a buy must not be below the ask.",
                       "BuyStopOrderStopPriceLessAsk");
    if (sideOf(leg.side) == Side::Sell && *leg.stop > quote->bid)
        return refused("The stop price of a sell must not be above the bid.",
                       "SellStopOrderStopPriceGreaterBid");
    return {};
}

exchange::NewOrder orderOf(const Leg& leg)
{
    exchange::NewOrder order;
    order.symbol = leg.symbol;
    order.side = sideOf(leg.side);
    order.type = leg.type;
    order.quantity = leg.quantity;
    order.limitPrice = leg.price;
    order.stopPrice = leg.stop;
    order.timeInForce = leg.duration == "gtc" ? TimeInForce::Gtc : TimeInForce::Day;
    order.extendedHours = leg.duration == "pre" || leg.duration == "post";
    return order;
}

/// Is it a limit order that takes profit, or a stop that limits the loss?
FormResult<void> addExit(exchange::NewOrder& order, const Leg& leg)
{
    if (leg.type == OrderType::Market)
        return refused("Exits cannot be market orders.", "OtoOcoMarketNotAllowed");
    if (leg.type == OrderType::Limit) {
        if (order.takeProfit)
            return refused("The legs must be of different types.", "OcoOrderWithSameTypes");
        order.takeProfit = TakeProfit{*leg.price};
        return {};
    }
    if (order.stopLoss)
        return refused("The legs must be of different types.", "OcoOrderWithSameTypes");
    order.stopLoss = StopLoss{*leg.stop, leg.price};
    return {};
}

FormResult<void> checkExits(const std::vector<Leg>& legs, std::size_t first)
{
    for (std::size_t i = first; i < legs.size(); ++i) {
        if (legs[i].symbol != legs[first].symbol || legs[i].duration != legs[first].duration
            || legs[i].quantity != legs[first].quantity)
            return badRequest("The legs must have the same symbol, quantity and duration.");
        if (sideOf(legs[i].side) != sideOf(legs[first].side))
            return refused("The legs must be on the same side.", "OcoOrderWithOppositeLegs");
    }
    return {};
}

/// The entry of an OTO or OTOCO with its exits, or the two exits of an OCO as one order.
FormResult<exchange::NewOrder> groupOf(const std::vector<Leg>& legs, const std::string& orderClass)
{
    const std::size_t firstExit = orderClass == "oco" ? 0 : 1;
    if (auto checked = checkExits(legs, firstExit); !checked)
        return tl::unexpected(checked.error());
    exchange::NewOrder order = orderOf(legs.front());
    if (orderClass != "oco") {
        if (order.type == OrderType::Market)
            return refused("The first leg must be a limit or stop order.", "OtoFirstLegIsMarketNotAllowed");
        if (sideOf(legs[1].side) == order.side || legs[1].symbol != order.symbol
            || legs[1].quantity != legs[0].quantity)
            return badRequest("The exits must close what the first leg opens.");
    }
    for (std::size_t i = firstExit; i < legs.size(); ++i)
        if (auto added = addExit(order, legs[i]); !added)
            return tl::unexpected(added.error());
    order.orderClass = orderClass == "oco"   ? OrderClass::Oco
                       : orderClass == "oto" ? OrderClass::Oto
                                             : OrderClass::Bracket;
    if (orderClass == "oco") {
        if (!order.takeProfit || !order.stopLoss)
            return refused("The legs must be of different types.", "OcoOrderWithSameTypes");
        order.type = OrderType::Limit;
        order.limitPrice = order.takeProfit->limitPrice;
        order.stopPrice.reset();
    }
    return order;
}

FormResult<OrderForm> readGroup(const ApiRequest& request, const alpaca::Desk& desk, OrderForm form)
{
    const std::size_t count = form.orderClass == "otoco" ? 3 : 2;
    std::vector<Leg> legs;
    for (std::size_t i = 0; i < count; ++i) {
        auto leg = readLeg(request, fmt::format("[{}]", i));
        if (!leg)
            return tl::unexpected(leg.error());
        legs.push_back(std::move(*leg));
    }
    const auto order = groupOf(legs, form.orderClass);
    if (!order)
        return tl::unexpected(order.error());
    // An exit that waits is not held against today's position and prices.
    if (auto checked = checkSide(legs.front(), request.account, desk); !checked)
        return tl::unexpected(checked.error());
    if (auto checked = checkMarketRules(legs.front(), desk); !checked)
        return tl::unexpected(checked.error());
    form.order = *order;
    form.tag.side = legs.front().side;
    form.duration = legs.front().duration;
    return form;
}

} // namespace

wire::HttpResponse refusalAnswer(const ApiRequest& request, const FormRefusal& refusal)
{
    return refusal.downstream ? errorsAnswer(request, refusal.message, refusal.code)
                              : textAnswer(400, refusal.message);
}

FormRefusal refusalOf(const exchange::VenueRefusal& refusal)
{
    using exchange::Refusal;
    const auto errors = [&](const char* code) { return FormRefusal{true, refusal.message, code}; };
    switch (refusal.reason) {
    case Refusal::InsufficientBuyingPower: return errors("InitialMargin");
    case Refusal::InsufficientQuantity: return errors("UnexpectedSellOrder");
    case Refusal::CrossesZero: return errors("LongPositionCrossZero");
    case Refusal::NotShortable: return errors("SecurityNotShortable");
    case Refusal::WashTrade: return errors("WashTradeAttempt");
    case Refusal::UnknownSymbol:
    case Refusal::NotTradable: return errors("SecurityUndefined");
    case Refusal::InvalidQuantity:
    case Refusal::NotFractionable:
    case Refusal::InvalidNotional: return errors("IncorrectOrderQuantity");
    case Refusal::InvalidLegs: return errors("OcoPriceDifferenceIsLessThanDelta");
    case Refusal::AccountBlocked:
    case Refusal::UnknownAccount: return errors("AccountDisabled");
    case Refusal::NoMarket: return errors("OmsUnavailable");
    default: return {false, refusal.message, {}};
    }
}

FormResult<OrderForm> readOrderForm(const ApiRequest& request, const alpaca::Desk& desk)
{
    OrderForm form;
    form.orderClass = std::string(request.field("class"));
    form.preview = request.field("preview") == "true";
    form.tag.tag = std::string(request.field("tag"));
    if (!isTag(form.tag.tag))
        return badRequest("Invalid parameter, tag: at most 255 letters, digits and dashes.");
    const auto& kind = form.orderClass;
    if (kind == "oto" || kind == "oco" || kind == "otoco")
        return readGroup(request, desk, std::move(form));
    if (kind == "option" || kind == "multileg" || kind == "combo")
        return refused("The account is not approved for options.", "OptionLevelRestriction");
    if (kind != "equity")
        return badRequest("Invalid parameter, class: must be 'equity', 'option', 'multileg', 'combo', "
                          "'oto', 'oco' or 'otoco'.");
    const auto leg = readLeg(request, {});
    if (!leg)
        return tl::unexpected(leg.error());
    if (auto checked = checkMarketRules(*leg, desk); !checked)
        return tl::unexpected(checked.error());
    if (auto checked = checkSide(*leg, request.account, desk); !checked)
        return tl::unexpected(checked.error());
    form.order = orderOf(*leg);
    form.tag.side = leg->side;
    form.duration = leg->duration;
    return form;
}

FormResult<exchange::OrderChange> readChangeForm(const ApiRequest& request,
                                                 const exchange::VenueOrder& order)
{
    exchange::OrderChange change;
    if (const auto type = request.field("type"); !type.empty()) {
        const auto wanted = readTypeField(type);
        if (!wanted)
            return tl::unexpected(wanted.error());
        if (*wanted != order.type)
            return refused("The type of a working order cannot be changed here.", "OrderTypeChange");
    }
    if (const auto duration = request.field("duration"); !duration.empty()) {
        if (duration != "day" && duration != "gtc")
            return badRequest("Invalid parameter, duration: must be 'day' or 'gtc'.");
        change.timeInForce = duration == "gtc" ? TimeInForce::Gtc : TimeInForce::Day;
    }
    for (const auto& [name, target] :
         {std::pair{"price", &change.limitPrice}, std::pair{"stop", &change.stopPrice}}) {
        const auto price = readPriceField(request, name);
        if (!price)
            return tl::unexpected(price.error());
        *target = *price;
    }
    return change;
}

} // namespace qd::sandbox::tradier
