#include "services/orders/checks.h"

#include <fmt/format.h>

namespace qd::orders {

namespace {

using Findings = std::vector<Finding>;

Findings question(std::string detail, const char* field)
{
    return {Finding{std::move(detail), field, {}, {}}};
}

/// The market's price on the side that the order would trade against.
std::optional<Price> marketPrice(const CheckInput& input)
{
    if (input.picture.quote) {
        const Quote& quote = *input.picture.quote;
        const Price far = input.request.side == Side::Buy ? quote.ask : quote.bid;
        if (far.isPositive()) return far;
    }
    return input.picture.last;
}

/// How far the order's price lies on the costly side of the market; nothing if it does not.
std::optional<Price> costlyDistance(const CheckInput& input)
{
    const auto market = marketPrice(input);
    const OrderRequest& request = input.request;
    if (!market || !request.limitPrice || request.type != OrderType::Limit) return std::nullopt;
    const Price distance = request.side == Side::Buy ? *request.limitPrice - *market
                                                     : *market - *request.limitPrice;
    return distance.isPositive() ? std::optional(distance) : std::nullopt;
}

std::optional<Decimal> percentOf(Price distance, Price market)
{
    const auto ratio = distance.value().checkedDivide(market.value(), Rounding::HalfUp);
    return ratio ? ratio->checkedMultiply(Decimal::fromInt(100), Rounding::HalfUp) : std::nullopt;
}

Findings percentOffMarket(const CheckInput& input)
{
    const auto distance = costlyDistance(input);
    if (!distance || !input.settings.percentOffMarketMax) return {};
    const Price market = *marketPrice(input);
    const auto percent = percentOf(*distance, market);
    if (percent && *percent <= *input.settings.percentOffMarketMax) return {};
    return question(fmt::format("the limit {} is {} % beyond the market at {}; more than {} % asks "
                                "for confirmation",
                                input.request.limitPrice->toString(),
                                percent ? percent->toFixed(1) : "very many", market.toString(),
                                input.settings.percentOffMarketMax->toString()),
                    "limitPrice");
}

/// A limit far on the cheap side costs nothing, but is more often a slip of the keys than a wish.
Findings farFromMarket(const CheckInput& input)
{
    const OrderRequest& request = input.request;
    const auto market = marketPrice(input);
    const auto& most = input.settings.percentShortOfMarketMax;
    if (!market || !request.limitPrice || request.type != OrderType::Limit || !most) return {};
    const Price distance = request.side == Side::Buy ? *market - *request.limitPrice
                                                   : *request.limitPrice - *market;
    if (!distance.isPositive()) return {};
    const auto percent = percentOf(distance, *market);
    if (percent && *percent <= *most) return {};
    return question(fmt::format("the limit {} is {} % away from the market at {}; more than {} % asks "
                                "for confirmation",
                                request.limitPrice->toString(),
                                percent ? percent->toFixed(1) : "very many", market->toString(),
                                most->toString()),
                    "limitPrice");
}

Findings ticksOffMarket(const CheckInput& input)
{
    const auto distance = costlyDistance(input);
    if (!distance || !input.settings.ticksOffMarketMax || !input.instrument) return {};
    const Price tick = tickFor(*input.instrument, *marketPrice(input));
    const std::int64_t ticks = distance->units() / tick.units();
    if (ticks <= *input.settings.ticksOffMarketMax) return {};
    return question(fmt::format("the limit is {} ticks beyond the market; more than {} ask for "
                                "confirmation",
                                ticks, *input.settings.ticksOffMarketMax),
                    "limitPrice");
}

Findings size(const CheckInput& input)
{
    if (!input.settings.sizeMax || input.request.quantity <= *input.settings.sizeMax) return {};
    return question(fmt::format("quantity {}; more than {} asks for confirmation",
                                input.request.quantity.toString(),
                                input.settings.sizeMax->toString()),
                    "quantity");
}

Findings value(const CheckInput& input)
{
    if (!input.settings.valueMax || !costPrice(input)) return {};
    const Money cost = costOf(input, input.request.quantity);
    if (cost <= *input.settings.valueMax) return {};
    return question(fmt::format("value {}; more than {} asks for confirmation", cost.toFixed(2),
                                input.settings.valueMax->toFixed(2)),
                    "quantity");
}

Findings staleQuote(const CheckInput& input)
{
    const Freshness freshness = input.picture.freshness;
    const bool closed = freshness == Freshness::Closed;
    const bool fresh = freshness != Freshness::Stale && freshness != Freshness::NoData &&
                       (closed || input.picture.age <= input.settings.quoteAgeConfirm);
    if (fresh) return {};
    if (freshness == Freshness::NoData) {
        return question("there is no price to compare the order with", "limitPrice");
    }
    return question(
        fmt::format("the last price is {} s old",
                    std::chrono::duration_cast<std::chrono::seconds>(input.picture.age).count()),
        "limitPrice");
}

Findings marketClosed(const CheckInput& input)
{
    const OrderRequest& request = input.request;
    if (!input.instrument || input.instrument->assetClass == AssetClass::Crypto) return {};
    const bool auction =
        request.timeInForce == TimeInForce::Opg || request.timeInForce == TimeInForce::Cls;
    const bool extended = input.phase == SessionPhase::PreMarket ||
                          input.phase == SessionPhase::PostMarket;
    if (auction || input.phase == SessionPhase::Regular ||
        (extended && request.extendedHours)) {
        return {};
    }
    const std::string opens =
        input.nextOpen.isSet() ? " until it opens at " + input.nextOpen.toString(0) : "";
    return question("the market is shut: the order waits" + opens, "timeInForce");
}

constexpr auto kConfirm = Check::Severity::Confirm;

constexpr Rule kPrecautions[] = {
    {"precaution.percent_off_market", "Percent off the market", kConfirm, percentOffMarket},
    {"precaution.far_from_market", "Near the market", kConfirm, farFromMarket},
    {"precaution.ticks_off_market", "Ticks off the market", kConfirm, ticksOffMarket},
    {"precaution.size", "Size", kConfirm, size},
    {"precaution.value", "Value", kConfirm, value},
    {"precaution.stale_quote", "Price is current", kConfirm, staleQuote},
    {"precaution.market_closed", "Market is open", kConfirm, marketClosed},
};

} // namespace

std::span<const Rule> precautions() { return kPrecautions; }

} // namespace qd::orders
