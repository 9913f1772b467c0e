#include "services/orders/checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/orders/validation.h"
#include "services/orders/differences.h"
#include "services/orders/session_rules.h"

namespace qd::orders {

namespace {

using Findings = std::vector<Finding>;

Findings passed() { return {}; }

Findings objection(std::string detail, const char* field = "", std::string example = {},
                   const char* code = "")
{
    return {Finding{std::move(detail), field, std::move(example), code}};
}

// ── may anything be sent at all ─────────────────────────────────────────────────────────────────

Findings tradingState(const CheckInput& input)
{
    switch (input.trading.state) {
    case TradingState::Active: return passed();
    case TradingState::Halted:
        return objection("trading is halted: " + input.trading.reason +
                         "; cancels still pass, resume trading to send orders",
                         "", "", "risk.trading_halted");
    case TradingState::Reducing: break;
    }
    if (onlyReduces(input)) return passed();
    return objection("only orders that reduce a position are taken: " + input.trading.reason,
                     "quantity", closableQuantity(input).toString(), "risk.reducing_only");
}

Findings brokerReady(const CheckInput& input)
{
    if (!input.trading.brokerConnected) {
        return objection("the broker's event stream is down; orders are taken once it is back");
    }
    if (input.trading.reconciling) {
        return objection("orders, fills and positions are being compared with the broker; orders "
                         "are taken once they agree");
    }
    return passed();
}

Findings reconciled(const CheckInput& input)
{
    const auto& differences = input.trading.differences;
    const auto first = std::ranges::find_if(differences, blocksEntries);
    if (first == differences.end() || onlyReduces(input)) return passed();
    return objection(fmt::format("our {} of {} is {}, the broker's {}; until they agree only "
                                 "closing orders are taken",
                                 first->kind, first->symbol, first->ours, first->theirs));
}

// ── the instrument ──────────────────────────────────────────────────────────────────────────────

Findings instrumentKnown(const CheckInput& input)
{
    if (input.instrument) return passed();
    std::string near;
    for (const Symbol& symbol : input.nearMatches) {
        near += near.empty() ? "" : ", ";
        near += symbol.text();
    }
    const std::string hint = near.empty() ? "" : "; near: " + near;
    return objection(fmt::format("no venue lists {}{}", input.request.symbol.text(), hint), "symbol",
                     input.nearMatches.empty() ? "" : input.nearMatches.front().text());
}

Findings tradable(const CheckInput& input)
{
    if (!input.instrument || input.instrument->tradable) return passed();
    return objection(input.instrument->symbol.text() + " cannot be traded at this broker", "symbol");
}

Findings priceAndQuantity(const CheckInput& input)
{
    if (!input.instrument) return passed();
    Findings findings;
    for (FieldError& error : validateForInstrument(input.request, *input.instrument)) {
        findings.push_back({std::move(error.detail), std::move(error.field),
                            std::move(error.example), std::move(error.code)});
    }
    return findings;
}

// ── the position ────────────────────────────────────────────────────────────────────────────────

Findings reduceOnly(const CheckInput& input)
{
    if (!input.request.reduceOnly || onlyReduces(input)) return passed();
    const Quantity closable = closableQuantity(input);
    return objection(fmt::format("reduce-only: expected at most {} {}, was {}",
                                 toString(input.request.side), closable.toString(),
                                 input.request.quantity.toString()),
                     "quantity", closable.toString());
}

Findings shortable(const CheckInput& input)
{
    if (!input.instrument || input.request.side == Side::Buy) return passed();
    if (input.request.orderClass == OrderClass::Oco) return passed();
    const Quantity opening = openingQuantity(input);
    if (!opening.isPositive()) return passed();
    const std::string closable = closableQuantity(input).toString();
    if (!input.capabilities.shortSelling || (input.account && !input.account->shortingEnabled)) {
        return objection(fmt::format("this account cannot sell short; at most {} can be sold",
                                     closable),
                         "quantity", closable);
    }
    if (!input.instrument->shortable) {
        return objection(fmt::format("{} cannot be sold short; at most {} can be sold",
                                     input.instrument->symbol.text(), closable),
                         "quantity", closable);
    }
    return passed();
}

Findings crossesZero(const CheckInput& input)
{
    if (input.capabilities.crossesZero) return passed();
    const Quantity held = input.position.quantity;
    const bool closes = input.request.side == Side::Buy ? held.isNegative() : held.isPositive();
    if (!closes || input.request.quantity <= held.abs()) return passed();
    return objection(fmt::format("one order cannot turn {} into the opposite position; close {} "
                                 "first, then send the rest",
                                 held.toString(), held.abs().toString()),
                     "quantity", held.abs().toString());
}

// ── the money ───────────────────────────────────────────────────────────────────────────────────

Findings trailing(const CheckInput& input)
{
    if (input.request.type != OrderType::TrailingStop) return passed();
    const auto price = costPrice(input);
    if (!price) return objection("there is no price to trail from", "trailPrice");
    if (input.request.trailPrice && *input.request.trailPrice >= *price) {
        return objection(fmt::format("expected less than the price {}, was {}", price->toString(),
                                     input.request.trailPrice->toString()),
                         "trailPrice");
    }
    return passed();
}

Findings notionalMax(const CheckInput& input)
{
    if (!input.settings.notionalMax || !costPrice(input)) return passed();
    const Money cost = costOf(input, input.request.quantity);
    if (cost <= *input.settings.notionalMax) return passed();
    return objection(fmt::format("expected a value of at most {}, was {}",
                                 input.settings.notionalMax->toFixed(2), cost.toFixed(2)),
                     "quantity");
}

std::optional<Money> neededFor(const CheckInput& input)
{
    if (!input.account || !costPrice(input)) return std::nullopt;
    const Quantity opening = openingQuantity(input);
    if (!opening.isPositive()) return std::nullopt;
    return costOf(input, opening);
}

std::string affordable(const CheckInput& input, Money available)
{
    const Money unit = costOf(input, Quantity(Decimal::fromInt(1)));
    if (!unit.isPositive() || !available.isPositive()) return {};
    const Decimal units = Decimal::fromUnits(static_cast<std::int64_t>(
        std::min<Int128>(unit.units(), INT64_MAX)));
    const auto quantity = available.dividedBy(units, Rounding::Down);
    if (!quantity || !input.instrument) return {};
    return quantity->roundTo(input.instrument->lotSize.value(), Rounding::Down).toString();
}

Findings accountOpen(const CheckInput& input)
{
    if (!input.account) return objection("the account's figures have not been read yet");
    if (input.account->tradingBlocked) {
        return objection("the broker has blocked trading in this account");
    }
    return passed();
}

Findings buyingPowerAlone(const CheckInput& input)
{
    const auto needed = neededFor(input);
    if (!needed) return passed();
    const Money has = input.account->buyingPower + input.ownReserve;
    if (*needed <= has) return passed();
    return objection(fmt::format("needs {}, the account has {}", needed->toFixed(2),
                                 has.toFixed(2)),
                     "quantity", affordable(input, has));
}

Findings buyingPowerCumulative(const CheckInput& input)
{
    const auto needed = neededFor(input);
    if (!needed) return passed();
    const Money has = input.account->buyingPower - input.reserved + input.ownReserve;
    if (*needed <= has) return passed();
    return objection(fmt::format("needs {}; {} is left beside the {} that open orders may use",
                                 needed->toFixed(2), has.toFixed(2), input.reserved.toFixed(2)),
                     "quantity", affordable(input, has));
}

// ── the broker ──────────────────────────────────────────────────────────────────────────────────

Findings rateLimit(const CheckInput& input)
{
    const int max =
        std::min(input.settings.submitsPerMinuteMax, input.capabilities.ordersPerMinuteMax);
    if (input.submitsInLastMinute < max) return passed();
    return objection(fmt::format("{} orders in the last minute, at most {}",
                                 input.submitsInLastMinute, max));
}

Findings capability(const CheckInput& input)
{
    if (!input.instrument) return passed();
    const auto checked =
        brokers::checkCapabilities(input.capabilities, input.request, *input.instrument);
    if (checked) return passed();
    return {Finding{checked.error().detail, checked.error().field, {}, checked.error().code}};
}

constexpr auto kRefuse = Check::Severity::Refuse;

constexpr Rule kRules[] = {
    {"risk.trading_state", "Trading state", kRefuse, tradingState},
    {"orders.broker_not_ready", "Broker ready", kRefuse, brokerReady},
    {"risk.unreconciled", "Positions agree with the broker", kRefuse, reconciled},
    {"orders.unknown_symbol", "Known symbol", kRefuse, instrumentKnown},
    {"risk.not_tradable", "Tradable", kRefuse, tradable},
    {"risk.reduce_only", "Reduce only", kRefuse, reduceOnly},
    {"orders.instrument_rules", "Price step and lot", kRefuse, priceAndQuantity},
    {"risk.trailing", "Trailing distance", kRefuse, trailing},
    {"risk.notional_max", "Order value", kRefuse, notionalMax},
    {"risk.account", "Account", kRefuse, accountOpen},
    {"risk.buying_power", "Buying power", kRefuse, buyingPowerAlone},
    {"risk.buying_power_open_orders", "Buying power with open orders", kRefuse,
     buyingPowerCumulative},
    {"risk.rate_limit", "Order rate", kRefuse, rateLimit},
    {"broker.capability", "Broker can do it", kRefuse, capability},
    {"risk.market_hours", "Market hours", kRefuse, marketHours},
    {"risk.halted", "Not halted", kRefuse, notHalted},
    {"risk.stale_quote", "Price is current", kRefuse, quoteUsable},
    {"risk.not_shortable", "Short sale", kRefuse, shortable},
    {"risk.crosses_zero", "Does not cross zero", kRefuse, crossesZero},
};

} // namespace

std::span<const Rule> riskRules() { return kRules; }

Quantity closableQuantity(const CheckInput& input)
{
    const Quantity held = input.position.quantity;
    const bool closes = input.request.side == Side::Buy ? held.isNegative() : held.isPositive();
    if (!closes) return {};
    // Exits of a group share the position; everything else that closes has its claim already.
    const Quantity claimed =
        input.request.side == Side::Buy ? input.exposure.openBuy : input.exposure.openSell;
    return std::max(held.abs() - claimed, Quantity());
}

bool onlyReduces(const CheckInput& input)
{
    return input.request.quantity <= closableQuantity(input);
}

Quantity openingQuantity(const CheckInput& input)
{
    return std::max(input.request.quantity - closableQuantity(input), Quantity());
}

std::optional<Price> costPrice(const CheckInput& input)
{
    const OrderRequest& request = input.request;
    if (request.limitPrice) return request.limitPrice;
    if (request.stopPrice) return request.stopPrice;
    if (request.orderClass == OrderClass::Oco && request.takeProfit) {
        return request.takeProfit->limitPrice;
    }
    if (input.picture.quote) {
        const Quote& quote = *input.picture.quote;
        const Price far = request.side == Side::Buy ? quote.ask : quote.bid;
        if (far.isPositive()) return far;
    }
    return input.picture.last;
}

Decimal contractSize(const CheckInput& input)
{
    const bool option = input.instrument && input.instrument->assetClass == AssetClass::Option;
    return Decimal::fromInt(option ? 100 : 1);
}

Money costOf(const CheckInput& input, Quantity quantity)
{
    const auto price = costPrice(input);
    if (!price) return {};
    return notional(*price, quantity, Rounding::Up).times(contractSize(input), Rounding::Up);
}

} // namespace qd::orders
