#include "services/exchange/order_rules.h"

#include <fmt/format.h>

namespace qd::exchange {

namespace {

using Check = std::optional<VenueRefusal>;

bool isStop(OrderType type)
{
    return type == OrderType::Stop || type == OrderType::StopLimit;
}

bool isLimit(OrderType type)
{
    return type == OrderType::Limit || type == OrderType::StopLimit;
}

bool restsOverDays(TimeInForce timeInForce)
{
    return timeInForce == TimeInForce::Day || timeInForce == TimeInForce::Gtc;
}

Check combination(std::string message, std::string field)
{
    return refusal(Refusal::InvalidCombination, std::move(message), std::move(field));
}

Check unwanted(bool given, OrderType type, const char* field)
{
    if (!given)
        return std::nullopt;
    return refusal(Refusal::InvalidPrice,
                   fmt::format("{} orders require no {}", toString(type), field), field);
}

Check wanted(bool given, OrderType type, const char* field)
{
    if (given)
        return std::nullopt;
    return refusal(Refusal::InvalidPrice, fmt::format("{} orders require {}", toString(type), field),
                   field);
}

Check checkLimitPrice(const NewOrder& order, const Instrument& instrument)
{
    if (!isLimit(order.type))
        return unwanted(order.limitPrice.has_value(), order.type, "limit_price");
    if (auto missing = wanted(order.limitPrice.has_value(), order.type, "limit_price"))
        return missing;
    return checkPrice(instrument, *order.limitPrice, "limit_price");
}

Check checkStopPrice(const NewOrder& order, const Instrument& instrument)
{
    if (!isStop(order.type))
        return unwanted(order.stopPrice.has_value(), order.type, "stop_price");
    if (auto missing = wanted(order.stopPrice.has_value(), order.type, "stop_price"))
        return missing;
    return checkPrice(instrument, *order.stopPrice, "stop_price");
}

Check checkTrail(const NewOrder& order)
{
    if (order.type != OrderType::TrailingStop) {
        if (auto extra = unwanted(order.trailPrice.has_value(), order.type, "trail_price"))
            return extra;
        return unwanted(order.trailPercent.has_value(), order.type, "trail_percent");
    }
    if (order.trailPrice.has_value() == order.trailPercent.has_value())
        return refusal(Refusal::InvalidPrice,
                       "trailing stop orders must specify one of trail_price or trail_percent",
                       "trail_price");
    if (order.trailPrice && !order.trailPrice->isPositive())
        return refusal(Refusal::InvalidPrice, "trail_price must be > 0", "trail_price");
    if (order.trailPercent
        && (!order.trailPercent->isPositive() || *order.trailPercent >= Decimal::fromInt(100)))
        return refusal(Refusal::InvalidPrice, "trail_percent must be between 0 and 100",
                       "trail_percent");
    return std::nullopt;
}

Check checkAmount(const NewOrder& order, const Instrument& instrument)
{
    if (order.quantity.has_value() == order.notional.has_value())
        return refusal(Refusal::InvalidQuantity, "one of qty or notional is required", "qty");
    if (order.quantity)
        return checkQuantity(instrument, *order.quantity);
    if (!order.notional->isPositive())
        return refusal(Refusal::InvalidNotional, "notional must be > 0", "notional");
    if (order.notional->places() > 2)
        return refusal(Refusal::InvalidNotional, "notional must have at most 2 decimal places",
                       "notional");
    if (!instrument.fractionable)
        return refusal(Refusal::NotFractionable,
                       fmt::format("asset \"{}\" is not fractionable", instrument.symbol.text()),
                       "notional");
    if (order.type != OrderType::Market || order.orderClass != OrderClass::Simple)
        return combination("notional orders must be simple market orders", "notional");
    return std::nullopt;
}

bool isFractional(const NewOrder& order)
{
    return order.notional.has_value() || !order.quantity->value().isInteger();
}

Check checkTimeInForce(const NewOrder& order, const Instrument& instrument)
{
    const auto tif = order.timeInForce;
    if (instrument.assetClass == AssetClass::Crypto) {
        if (tif != TimeInForce::Gtc && tif != TimeInForce::Ioc)
            return combination("invalid crypto time_in_force", "time_in_force");
        if (order.type == OrderType::Stop || order.type == OrderType::TrailingStop)
            return combination("invalid order type for crypto order", "type");
        return std::nullopt;
    }
    if (isFractional(order) && tif != TimeInForce::Day)
        return combination("fractional orders must be DAY orders", "time_in_force");
    if (order.type == OrderType::TrailingStop && !restsOverDays(tif))
        return combination("trailing stop orders must be day or gtc", "time_in_force");
    if (!restsOverDays(tif) && order.type != OrderType::Market && order.type != OrderType::Limit)
        return combination(fmt::format("time_in_force {} is only for market and limit orders",
                                       toString(tif)),
                           "time_in_force");
    return std::nullopt;
}

Check checkExtendedHours(const NewOrder& order)
{
    if (!order.extendedHours)
        return std::nullopt;
    if (order.type != OrderType::Limit || !restsOverDays(order.timeInForce))
        return combination("extended hours order must be DAY or GTC limit orders",
                           "extended_hours");
    if (order.orderClass != OrderClass::Simple)
        return combination("complex orders not supported for extended hours trading",
                           "extended_hours");
    return std::nullopt;
}

Check checkLegPrices(const NewOrder& order, const Instrument& instrument)
{
    if (order.takeProfit) {
        if (auto bad = checkPrice(instrument, order.takeProfit->limitPrice,
                                  "take_profit.limit_price"))
            return bad;
    }
    if (!order.stopLoss)
        return std::nullopt;
    if (auto bad = checkPrice(instrument, order.stopLoss->stopPrice, "stop_loss.stop_price"))
        return bad;
    if (order.stopLoss->limitPrice)
        return checkPrice(instrument, *order.stopLoss->limitPrice, "stop_loss.limit_price");
    return std::nullopt;
}

Check checkClass(const NewOrder& order, const Instrument& instrument)
{
    const bool exits = order.takeProfit.has_value() || order.stopLoss.has_value();
    if (order.orderClass == OrderClass::Simple) {
        if (exits)
            return combination("simple orders have no take_profit or stop_loss", "order_class");
        return std::nullopt;
    }
    if (instrument.assetClass == AssetClass::Crypto)
        return combination("complex orders are not supported for crypto", "order_class");
    if (!restsOverDays(order.timeInForce))
        return combination("complex orders must be day or gtc", "time_in_force");
    if (isFractional(order))
        return combination("complex orders must be for whole shares", "qty");
    const bool both = order.takeProfit.has_value() && order.stopLoss.has_value();
    if (order.orderClass == OrderClass::Oto ? both || !exits : !both)
        return refusal(Refusal::InvalidLegs,
                       order.orderClass == OrderClass::Oto
                           ? "oto orders require exactly one of take_profit or stop_loss"
                           : fmt::format("{} orders require take_profit.limit_price and "
                                         "stop_loss.stop_price",
                                         toString(order.orderClass)),
                       order.takeProfit ? "stop_loss" : "take_profit");
    const bool typeFits = order.orderClass == OrderClass::Oco
                              ? order.type == OrderType::Limit
                              : order.type == OrderType::Market || order.type == OrderType::Limit;
    if (!typeFits)
        return combination(fmt::format("{} orders cannot be {} orders", toString(order.orderClass),
                                       toString(order.type)),
                           "type");
    return checkLegPrices(order, instrument);
}

} // namespace

VenueRefusal refusal(Refusal reason, std::string message, std::string field)
{
    return {reason, std::move(message), std::move(field), {}};
}

std::optional<VenueRefusal> checkPrice(const Instrument& instrument, Price price,
                                       const std::string& field)
{
    if (!price.isPositive())
        return refusal(Refusal::InvalidPrice, field + " must be > 0", field);
    if (!price.value().isMultipleOf(tickFor(instrument, price).value()))
        return refusal(Refusal::SubPenny,
                       fmt::format("invalid {} {}. sub-penny increment does not fulfill minimum "
                                   "pricing criteria",
                                   field, price.toString()),
                       field);
    return std::nullopt;
}

std::optional<VenueRefusal> checkQuantity(const Instrument& instrument, Quantity quantity)
{
    if (!quantity.isPositive())
        return refusal(Refusal::InvalidQuantity, "qty must be > 0", "qty");
    if (quantity.value() > Decimal::fromInt(kMaxOrderQuantity))
        return refusal(Refusal::InvalidQuantity,
                       fmt::format("qty must be <= {}", kMaxOrderQuantity), "qty");
    const bool wholeLots = quantity.value().isMultipleOf(instrument.lotSize.value());
    if (!wholeLots && !instrument.fractionable)
        return refusal(Refusal::NotFractionable,
                       fmt::format("asset \"{}\" is not fractionable", instrument.symbol.text()),
                       "qty");
    if (instrument.assetClass == AssetClass::Crypto && quantity < instrument.minQuantity)
        return refusal(Refusal::InvalidQuantity,
                       fmt::format("qty must be >= {}", instrument.minQuantity.toString()), "qty");
    return std::nullopt;
}

std::optional<VenueRefusal> checkShape(const NewOrder& order, const Instrument& instrument,
                                       std::size_t clientOrderIdMax)
{
    if (order.clientOrderId.size() > clientOrderIdMax)
        return refusal(Refusal::ClientOrderIdTooLong,
                       fmt::format("client_order_id must be no more than {} characters",
                                   clientOrderIdMax),
                       "client_order_id");
    for (const auto& check : {checkAmount(order, instrument), checkLimitPrice(order, instrument),
                              checkStopPrice(order, instrument), checkTrail(order)}) {
        if (check)
            return check;
    }
    if (auto bad = checkTimeInForce(order, instrument))
        return bad;
    if (auto bad = checkExtendedHours(order))
        return bad;
    return checkClass(order, instrument);
}

std::optional<VenueRefusal> checkLegs(const NewOrder& order, Price base)
{
    if (order.orderClass == OrderClass::Simple)
        return std::nullopt;
    // The exits of a bought entry are sold; an OCO is itself an exit.
    const bool exitsSell = (order.orderClass == OrderClass::Oco) == (order.side == Side::Sell);
    const auto sign = [exitsSell](Price price) { return exitsSell ? price : -price; };
    const Price cent = Price::fromUnits(Decimal::kOne / 100);
    if (order.takeProfit && order.stopLoss
        && sign(order.takeProfit->limitPrice) <= sign(order.stopLoss->stopPrice))
        return refusal(Refusal::InvalidLegs,
                       exitsSell ? "take_profit.limit_price must be > stop_loss.stop_price"
                                 : "take_profit.limit_price must be < stop_loss.stop_price",
                       "take_profit.limit_price");
    if (!base.isPositive())
        return std::nullopt;
    if (order.takeProfit && order.orderClass != OrderClass::Oco
        && sign(order.takeProfit->limitPrice) < sign(base) + cent)
        return refusal(Refusal::InvalidLegs,
                       exitsSell ? "take_profit.limit_price must be >= base_price + 0.01"
                                 : "take_profit.limit_price must be <= base_price - 0.01",
                       "take_profit.limit_price");
    if (order.stopLoss && sign(order.stopLoss->stopPrice) > sign(base) - cent)
        return refusal(Refusal::InvalidLegs,
                       exitsSell ? "stop_loss.stop_price must be <= base_price - 0.01"
                                 : "stop_loss.stop_price must be >= base_price + 0.01",
                       "stop_loss.stop_price");
    return std::nullopt;
}

} // namespace qd::exchange
