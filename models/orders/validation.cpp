#include "models/orders/validation.h"

#include <fmt/format.h>

namespace qd {

namespace {

using Errors = std::vector<FieldError>;

void add(Errors& errors, const char* field, const char* code, std::string detail,
         std::string example = {})
{
    errors.push_back({field, code, std::move(detail), std::move(example)});
}

bool needsLimit(OrderType type) { return type == OrderType::Limit || type == OrderType::StopLimit; }
bool needsStop(OrderType type) { return type == OrderType::Stop || type == OrderType::StopLimit; }

void checkIdentity(const OrderRequest& request, Errors& errors)
{
    if (!isUuidV4(request.clientOrderId.text())) {
        add(errors, "clientOrderId", "orders.id_not_uuid4",
            fmt::format("expected a version 4 UUID in lower case, was \"{}\"",
                        request.clientOrderId.text().substr(0, 64)),
            "0b6f7a52-8a4e-4c1d-9f0e-3d2c1b0a9f8e");
    }
    if (request.symbol.empty()) {
        add(errors, "symbol", "orders.symbol_required", "expected a symbol, was empty", "SPY");
    }
    if (!request.quantity.isPositive()) {
        add(errors, "quantity", "orders.qty_not_positive",
            fmt::format("expected more than 0, was {}", request.quantity.toString()), "100");
    }
}

void checkPrice(const std::optional<Price>& price, bool needed, const char* field,
                std::string_view type, const char* example, Errors& errors)
{
    const std::string code = std::string("orders.") +
                             (std::string_view(field) == "limitPrice" ? "limit" : "stop");
    if (!price) {
        if (!needed) return;
        add(errors, field, (code + "_price_required").c_str(),
            fmt::format("a {} order needs {}", type, field), example);
        return;
    }
    if (!needed) {
        add(errors, field, (code + "_price_unexpected").c_str(),
            fmt::format("a {} order takes no {}, was {}", type, field, price->toString()));
    } else if (!price->isPositive()) {
        add(errors, field, (code + "_price_not_positive").c_str(),
            fmt::format("expected more than 0, was {}", price->toString()), example);
    }
}

void checkTrail(const OrderRequest& request, Errors& errors)
{
    const bool trailing = request.type == OrderType::TrailingStop;
    if (!trailing) {
        if (request.trailPrice) {
            add(errors, "trailPrice", "orders.trail_unexpected", "only a trailing stop trails");
        }
        if (request.trailPercent) {
            add(errors, "trailPercent", "orders.trail_unexpected", "only a trailing stop trails");
        }
        return;
    }
    if (request.trailPrice.has_value() == request.trailPercent.has_value()) {
        add(errors, "trailPrice", "orders.trail_required",
            "a trailing_stop order needs one of trailPrice and trailPercent", "0.50");
        return;
    }
    if (request.trailPrice && !request.trailPrice->isPositive()) {
        add(errors, "trailPrice", "orders.trail_not_positive",
            fmt::format("expected more than 0, was {}", request.trailPrice->toString()), "0.50");
    }
    const Decimal hundred = Decimal::fromInt(100);
    if (request.trailPercent &&
        (!request.trailPercent->isPositive() || *request.trailPercent >= hundred)) {
        add(errors, "trailPercent", "orders.trail_percent_range",
            fmt::format("expected 0 < percent < 100, was {}", request.trailPercent->toString()),
            "1.5");
    }
}

void checkTimeInForce(const OrderRequest& request, Errors& errors)
{
    const TimeInForce tif = request.timeInForce;
    if (request.extendedHours &&
        (request.type != OrderType::Limit || (tif != TimeInForce::Day && tif != TimeInForce::Gtc))) {
        add(errors, "extendedHours", "orders.extended_hours_limit_only",
            fmt::format("extended hours take limit orders good for day or gtc, was {} {}",
                        toString(request.type), toString(tif)),
            "false");
    }
    const bool auction = tif == TimeInForce::Opg || tif == TimeInForce::Cls;
    const bool immediate = tif == TimeInForce::Ioc || tif == TimeInForce::Fok;
    const bool plain = request.type == OrderType::Market || request.type == OrderType::Limit;
    if ((auction || immediate) && !plain) {
        add(errors, "timeInForce", "orders.time_in_force_for_type",
            fmt::format("a {} order cannot be {}", toString(request.type), toString(tif)), "day");
    }
    if (request.orderClass != OrderClass::Simple && tif != TimeInForce::Day &&
        tif != TimeInForce::Gtc) {
        add(errors, "timeInForce", "orders.time_in_force_for_class",
            fmt::format("a {} order is good for day or gtc, was {}", toString(request.orderClass),
                        toString(tif)),
            "day");
    }
}

/// Which exits the class needs.
void checkExitsPresent(const OrderRequest& request, Errors& errors)
{
    const bool both = request.orderClass == OrderClass::Bracket ||
                      request.orderClass == OrderClass::Oco;
    if (request.orderClass == OrderClass::Simple) {
        if (request.takeProfit) {
            add(errors, "takeProfit", "orders.exit_unexpected", "a simple order has no exits");
        }
        if (request.stopLoss) {
            add(errors, "stopLoss", "orders.exit_unexpected", "a simple order has no exits");
        }
        return;
    }
    if (both && !request.takeProfit) {
        add(errors, "takeProfit", "orders.take_profit_required",
            fmt::format("a {} order needs takeProfit", toString(request.orderClass)),
            R"({"limitPrice":"110.00"})");
    }
    if (both && !request.stopLoss) {
        add(errors, "stopLoss", "orders.stop_loss_required",
            fmt::format("a {} order needs stopLoss", toString(request.orderClass)),
            R"({"stopPrice":"95.00"})");
    }
    if (request.orderClass == OrderClass::Oto &&
        request.takeProfit.has_value() == request.stopLoss.has_value()) {
        add(errors, "stopLoss", "orders.one_exit_required",
            "an oto order needs exactly one of takeProfit and stopLoss",
            R"({"stopPrice":"95.00"})");
    }
}

/// Exits must lie on the right sides of each other and of the entry.
void checkExitPrices(const OrderRequest& request, Errors& errors)
{
    if (request.orderClass == OrderClass::Simple) return;
    // An OCO order is itself the exit; the others protect what the entry opens.
    const Side exitSide =
        request.orderClass == OrderClass::Oco ? request.side : opposite(request.side);
    const auto above = [exitSide](Price profit, Price loss) {
        return exitSide == Side::Sell ? profit > loss : profit < loss;
    };
    const char* relation = exitSide == Side::Sell ? "above" : "below";
    const char* otherRelation = exitSide == Side::Sell ? "below" : "above";
    if (request.takeProfit && !request.takeProfit->limitPrice.isPositive()) {
        add(errors, "takeProfit.limitPrice", "orders.limit_price_not_positive",
            "expected more than 0", "110.00");
    }
    if (request.stopLoss && !request.stopLoss->stopPrice.isPositive()) {
        add(errors, "stopLoss.stopPrice", "orders.stop_price_not_positive", "expected more than 0",
            "95.00");
    }
    if (request.takeProfit && request.stopLoss &&
        !above(request.takeProfit->limitPrice, request.stopLoss->stopPrice)) {
        add(errors, "takeProfit.limitPrice", "orders.bracket_prices",
            fmt::format("take profit {} must be {} stop loss {}",
                        request.takeProfit->limitPrice.toString(), relation,
                        request.stopLoss->stopPrice.toString()));
    }
    const bool entryKnown = request.orderClass != OrderClass::Oco && request.limitPrice.has_value();
    if (entryKnown && request.takeProfit &&
        !above(request.takeProfit->limitPrice, *request.limitPrice)) {
        add(errors, "takeProfit.limitPrice", "orders.bracket_prices",
            fmt::format("take profit must be {} the entry {}", relation,
                        request.limitPrice->toString()));
    }
    if (entryKnown && request.stopLoss && !above(*request.limitPrice, request.stopLoss->stopPrice)) {
        add(errors, "stopLoss.stopPrice", "orders.bracket_prices",
            fmt::format("stop loss must be {} the entry {}", otherRelation,
                        request.limitPrice->toString()));
    }
    const auto& loss = request.stopLoss;
    if (loss && loss->limitPrice && above(*loss->limitPrice, loss->stopPrice)) {
        add(errors, "stopLoss.limitPrice", "orders.bracket_prices",
            fmt::format("the stop's limit must not be {} its stop {}", relation,
                        loss->stopPrice.toString()));
    }
}

void checkTick(const std::optional<Price>& price, const char* field, const Instrument& instrument,
               Side side, bool isStop, Errors& errors)
{
    if (!price || !price->isPositive()) return;
    const Price tick = tickFor(instrument, *price);
    if (price->value().isMultipleOf(tick.value())) return;
    add(errors, field, "orders.price_off_tick",
        fmt::format("expected a multiple of {}, was {}", tick.toString(), price->toString()),
        roundToTick(*price, instrument, side, isStop).toString());
}

} // namespace

std::vector<FieldError> validateShape(const OrderRequest& request)
{
    Errors errors;
    checkIdentity(request, errors);
    const std::string_view type = toString(request.type);
    // The base order of an OCO is the take-profit limit, whose price is takeProfit's.
    const bool oco = request.orderClass == OrderClass::Oco;
    const bool limitGivenElsewhere = oco && !request.limitPrice;
    if (oco && request.type != OrderType::Limit) {
        add(errors, "type", "orders.oco_limit_only",
            fmt::format("an oco order is a limit order, was {}", type), "limit");
    }
    if (!limitGivenElsewhere) {
        checkPrice(request.limitPrice, needsLimit(request.type), "limitPrice", type, "12.50",
                   errors);
    }
    checkPrice(request.stopPrice, needsStop(request.type), "stopPrice", type, "12.00", errors);
    checkTrail(request, errors);
    checkTimeInForce(request, errors);
    checkExitsPresent(request, errors);
    checkExitPrices(request, errors);
    return errors;
}

std::vector<FieldError> validateForInstrument(const OrderRequest& request,
                                              const Instrument& instrument)
{
    Errors errors;
    const Quantity quantity = request.quantity;
    if (quantity.isPositive() && quantity < instrument.minQuantity) {
        add(errors, "quantity", "orders.qty_below_minimum",
            fmt::format("expected at least {}, was {}", instrument.minQuantity.toString(),
                        quantity.toString()),
            instrument.minQuantity.toString());
    } else if (!quantity.value().isMultipleOf(instrument.lotSize.value())) {
        const bool fraction = !quantity.value().isInteger();
        if (fraction && !instrument.fractionable) {
            add(errors, "quantity", "orders.qty_not_fractionable",
                fmt::format("{} is traded in whole units, was {}", instrument.symbol.text(),
                            quantity.toString()),
                instrument.lotSize.toString());
        } else if (!fraction) {
            add(errors, "quantity", "orders.qty_below_lot",
                fmt::format("expected a multiple of {}, was {}", instrument.lotSize.toString(),
                            quantity.toString()),
                instrument.lotSize.toString());
        }
    }
    const Side exitSide =
        request.orderClass == OrderClass::Oco ? request.side : opposite(request.side);
    checkTick(request.limitPrice, "limitPrice", instrument, request.side, false, errors);
    checkTick(request.stopPrice, "stopPrice", instrument, request.side, true, errors);
    if (request.takeProfit) {
        checkTick(request.takeProfit->limitPrice, "takeProfit.limitPrice", instrument, exitSide,
                  false, errors);
    }
    if (request.stopLoss) {
        checkTick(request.stopLoss->stopPrice, "stopLoss.stopPrice", instrument, exitSide, true,
                  errors);
        checkTick(request.stopLoss->limitPrice, "stopLoss.limitPrice", instrument, exitSide, false,
                  errors);
    }
    return errors;
}

Price roundToTick(Price price, const Instrument& instrument, Side side, bool isStop)
{
    const Decimal step = tickFor(instrument, price).value();
    const bool down = (side == Side::Buy) != isStop;
    return Price(price.value().roundTo(step, down ? Rounding::Floor : Rounding::Ceiling));
}

} // namespace qd
