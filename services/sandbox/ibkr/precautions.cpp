#include "services/sandbox/ibkr/precautions.h"

#include <fmt/format.h>

namespace qd::sandbox::ibkr {

namespace {

/// Worse for the customer than the other side of the market by more than `percent` of it.
bool isFarThrough(const exchange::NewOrder& order, const exchange::QuoteTick& quote, int percent)
{
    const bool buys = order.side == Side::Buy;
    const Price other = buys ? quote.ask : quote.bid;
    if (!order.limitPrice || !other.isPositive())
        return false;
    const auto factor = Decimal::fromUnits(Decimal::kOne / 100 * (buys ? 100 + percent : 100 - percent));
    const auto edge = other.value().checkedMultiply(factor, Rounding::HalfEven);
    return edge && (buys ? order.limitPrice->value() > *edge : order.limitPrice->value() < *edge);
}

} // namespace

std::vector<Question> Precautions::questionsOf(const Placement& placement,
                                               const exchange::MarketSnapshot& market) const
{
    const exchange::NewOrder& order = placement.order;
    const Quantity quantity = order.quantity.value_or(Quantity());
    std::vector<Question> questions;
    const auto ask = [&](const char* id, const std::string& why) {
        if (!m_suppressed.contains(id))
            questions.push_back({id, fmt::format("The following order \"{}\" {}\nAre you sure you want "
                                                 "to submit this order?",
                                                 placement.text, why)});
    };
    if (m_options.percentOffMarket && market.quote
        && isFarThrough(order, *market.quote, *m_options.percentOffMarket))
        ask("o163", fmt::format("price exceeds \nthe Percentage constraint of {}%.",
                                *m_options.percentOffMarket));
    if (!market.quote && !market.trade)
        ask("o354", "is submitted without market data.");
    if (m_options.sizeMax && quantity > *m_options.sizeMax)
        ask("o383", fmt::format("size exceeds \nthe Size Limit of {}.", m_options.sizeMax->toString()));
    if (m_options.valueMax && order.limitPrice
        && notional(*order.limitPrice, quantity) > *m_options.valueMax)
        ask("o451", fmt::format("value exceeds \nthe Total Value Limit of {} USD.",
                                m_options.valueMax->toString()));
    if (m_options.marketOrders && order.type == OrderType::Market)
        ask("o10151", "is a market order, which may fill at any price.");
    if (m_options.stopOrders
        && (order.type == OrderType::Stop || order.type == OrderType::TrailingStop))
        ask("o10331", "becomes a market order when its stop is reached.");
    return questions;
}

bool Precautions::suppress(const std::vector<std::string>& ids)
{
    if (ids.size() > kSuppressedMax)
        return false;
    m_suppressed.insert(ids.begin(), ids.end());
    return true;
}

} // namespace qd::sandbox::ibkr
