#include "services/sandbox/alpaca/order_form.h"

#include <fmt/format.h>

#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

/// Reads members of one JSON object and remembers the first thing that was wrong.
class Form {
public:
    explicit Form(const json::Value& body) : m_body(body) {}

    std::optional<Decimal> decimal(std::string_view name)
    {
        return decimal(m_body, name);
    }
    std::optional<Decimal> decimal(const json::Value& object, std::string_view name)
    {
        const json::Value given = object[name];
        if (given.isAbsent() || (given.isString() && given.stringOr("").empty()))
            return std::nullopt;
        const auto value = given.decimal();
        if (!value)
            refuse(fmt::format("invalid {}: {}", name, given.dump()));
        return value ? std::optional(*value) : std::nullopt;
    }
    /// A price, which must be positive where it is given.
    std::optional<Price> price(std::string_view name, std::string_view words)
    {
        return price(m_body, name, words);
    }
    std::optional<Price> price(const json::Value& object, std::string_view name,
                               std::string_view words)
    {
        const auto value = decimal(object, name);
        if (!value)
            return std::nullopt;
        if (!value->isPositive())
            refuse(fmt::format("{} must be > 0", words));
        return Price(*value);
    }
    template <typename T>
    T word(std::string_view name, Result<T> (*parse)(std::string_view), T fallback, bool required)
    {
        const json::Value given = m_body[name];
        if (given.isAbsent()) {
            if (required)
                refuse(fmt::format("{} is required", name));
            return fallback;
        }
        const auto value = parse(given.stringOr(""));
        if (!value)
            refuse(fmt::format("invalid {}: {}", name, given.stringOr(given.dump())));
        return value.value_or(fallback);
    }
    void refuse(std::string message, std::int64_t code = 40010001)
    {
        if (!m_error)
            m_error = ApiError{422, code, std::move(message), {}};
    }
    const std::optional<ApiError>& error() const { return m_error; }

private:
    const json::Value& m_body;
    std::optional<ApiError> m_error;
};

Result<OrderClass> parseClass(std::string_view text)
{
    return text.empty() ? Result<OrderClass>(OrderClass::Simple) : parseOrderClass(text);
}

void readAmount(Form& form, exchange::NewOrder& order)
{
    const auto quantity = form.decimal("qty");
    order.notional = form.decimal("notional");
    if (quantity && order.notional)
        form.refuse("only one of qty or notional is accepted");
    if (!quantity && !order.notional)
        form.refuse("qty or notional is required");
    if (quantity && !quantity->isPositive())
        form.refuse("qty must be > 0");
    if (order.notional && !order.notional->isPositive())
        form.refuse("notional must be > 0");
    if (quantity)
        order.quantity = Quantity(*quantity);
}

void readPrices(Form& form, exchange::NewOrder& order)
{
    order.limitPrice = form.price("limit_price", "limit price");
    order.stopPrice = form.price("stop_price", "stop price");
    order.trailPrice = form.price("trail_price", "trail price");
    order.trailPercent = form.decimal("trail_percent");
    const bool bracketOnly = order.orderClass == OrderClass::Oco;
    switch (order.type) {
    case OrderType::Market:
        if (order.limitPrice || order.stopPrice)
            form.refuse("market orders require no stop or limit price");
        break;
    case OrderType::Limit:
        if (!order.limitPrice && !bracketOnly)
            form.refuse("limit orders require limit price");
        if (order.stopPrice)
            form.refuse("limit orders require no stop price");
        break;
    case OrderType::Stop:
        if (!order.stopPrice)
            form.refuse("stop orders require stop price");
        if (order.limitPrice)
            form.refuse("stop orders require no limit price");
        break;
    case OrderType::StopLimit:
        if (!order.stopPrice || !order.limitPrice)
            form.refuse("stop limit orders require both stop and limit price");
        break;
    case OrderType::TrailingStop:
        if (order.trailPrice.has_value() == order.trailPercent.has_value())
            form.refuse("trailing stop orders must specify one of trail_price or trail_percent");
        break;
    }
}

void readLegs(Form& form, const json::Value& body, exchange::NewOrder& order)
{
    const json::Value takeProfit = body["take_profit"];
    const json::Value stopLoss = body["stop_loss"];
    if (takeProfit.isObject()) {
        const auto limit = form.price(takeProfit, "limit_price", "take_profit.limit_price");
        if (!limit)
            form.refuse("take_profit.limit_price is required", 42210000);
        else
            order.takeProfit = TakeProfit{*limit};
    }
    if (stopLoss.isObject()) {
        const auto stop = form.price(stopLoss, "stop_price", "stop_loss.stop_price");
        if (!stop)
            form.refuse("stop_loss.stop_price is required", 42210000);
        else
            order.stopLoss =
                StopLoss{*stop, form.price(stopLoss, "limit_price", "stop_loss.limit_price")};
    }
    // An OCO's own limit may be given as its take-profit.
    if (order.orderClass == OrderClass::Oco && !order.limitPrice && order.takeProfit)
        order.limitPrice = order.takeProfit->limitPrice;
}

/// The account has no options: what is well formed is refused for that, as Alpaca does.
ApiError refuseMultiLeg(const json::Value& body)
{
    const auto malformed = [](std::string message) {
        return ApiError{422, 40010001, std::move(message), {}};
    };
    const auto legs = body["legs"].items();
    if (legs.size() < 2 || legs.size() > 4)
        return malformed("mleg orders require 2 to 4 legs");
    if (!body["symbol"].isAbsent())
        return malformed("symbol is not allowed for mleg orders");
    if (body["qty"].isAbsent())
        return malformed("qty is required for mleg orders");
    for (const auto& leg : legs)
        for (const char* name : {"symbol", "ratio_qty"})
            if (leg[name].isAbsent())
                return malformed(std::string(name) + " is required for each leg");
    return ApiError{403, 40310000, "account not eligible to trade multi-leg options", {}};
}

} // namespace

ApiResult<exchange::NewOrder> readNewOrder(const json::Value& body,
                                           const exchange::Exchange& exchange)
{
    if (!body.isObject())
        return tl::unexpected(ApiError{400, 40010000, "request body format is invalid", {}});
    if (body["order_class"].stringOr("") == "mleg")
        return tl::unexpected(refuseMultiLeg(body));
    Form form(body);
    exchange::NewOrder order;
    const std::string_view symbol = body["symbol"].stringOr("");
    if (symbol.empty())
        form.refuse("symbol is required");
    else if (const auto index = findInstrument(exchange, symbol))
        order.symbol = exchange.instruments()[*index].symbol;
    else
        form.refuse(fmt::format("asset \"{}\" not found", symbol), 42210000);
    order.side = form.word("side", parseSide, Side::Buy, true);
    order.type = form.word("type", parseOrderType, OrderType::Market, true);
    order.timeInForce = form.word("time_in_force", parseTimeInForce, TimeInForce::Day, true);
    order.orderClass = form.word("order_class", parseClass, OrderClass::Simple, false);
    order.clientOrderId = std::string(body["client_order_id"].stringOr(""));
    order.extendedHours = body["extended_hours"].booleanOr(false);
    readAmount(form, order);
    readPrices(form, order);
    readLegs(form, body, order);
    if (form.error())
        return tl::unexpected(*form.error());
    return order;
}

ApiResult<exchange::OrderChange> readOrderChange(const json::Value& body)
{
    if (!body.isObject())
        return tl::unexpected(ApiError{400, 40010000, "request body format is invalid", {}});
    Form form(body);
    exchange::OrderChange change;
    change.clientOrderId = std::string(body["client_order_id"].stringOr(""));
    if (const auto quantity = form.decimal("qty")) {
        if (!quantity->isPositive())
            form.refuse("qty must be > 0");
        change.quantity = Quantity(*quantity);
    }
    change.limitPrice = form.price("limit_price", "limit price");
    change.stopPrice = form.price("stop_price", "stop price");
    change.trail = form.decimal("trail");
    if (!body["time_in_force"].isAbsent())
        change.timeInForce =
            form.word("time_in_force", parseTimeInForce, TimeInForce::Day, true);
    if (form.error())
        return tl::unexpected(*form.error());
    return change;
}

} // namespace qd::sandbox::alpaca
