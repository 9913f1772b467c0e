// How orders meet the market: triggers, trailing marks and fills.

#include <algorithm>

#include "services/exchange/book_liquidity.h"
#include "services/exchange/exchange_state.h"

namespace qd::exchange {

namespace {

/// A triggered buy stop becomes a stop-limit this far above its stop.
Price protectionFor(Price stop, const Instrument& instrument)
{
    const bool cheap = stop < Price::of("50");
    const Decimal factor = cheap ? Decimal::of("1.04") : Decimal::of("1.025");
    const auto limit = stop.value().checkedMultiply(factor, Rounding::Up).value_or(stop.value());
    return Price(limit.roundTo(tickFor(instrument, stop).value(), Rounding::Ceiling));
}

bool isMarketable(Side side, Price limit, Price opposite)
{
    return side == Side::Buy ? opposite <= limit : opposite >= limit;
}

} // namespace

bool Exchange::State::mayTrade(const OrderRecord& record) const
{
    const auto& order = record.order;
    if (record.waitsForAuction)
        return false;
    if (order.assetClass == AssetClass::Crypto || phase == SessionPhase::Regular)
        return true;
    return phase != SessionPhase::Closed && order.extendedHours;
}

bool Exchange::State::isWaitingForTrigger(const OrderRecord& record) const
{
    const auto& order = record.order;
    if (order.status == VenueStatus::Held)
        return true;
    return !order.triggered && order.type != OrderType::Market && order.type != OrderType::Limit;
}

std::optional<Price> Exchange::State::limitOf(const OrderRecord& record) const
{
    if (record.order.limitPrice)
        return record.order.limitPrice;
    return record.protection;
}

void Exchange::State::onQuote(const QuoteTick& quote)
{
    if (orders.watched(quote.instrument).empty())
        return;
    if (books) {
        books->refresh(quote.instrument);
        settleBook();
        return;
    }
    const auto watched = orders.watched(quote.instrument); // a copy: fills change the list
    for (auto* record : watched) {
        if (record->watched && !isWaitingForTrigger(*record))
            meetQuote(*record, /*first=*/false);
    }
}

void Exchange::State::onTrade(const TradeTick& trade)
{
    if (orders.watched(trade.instrument).empty())
        return;
    if (books) {
        books->tradePrinted(trade);
        settleBook();
    }
    const auto watched = orders.watched(trade.instrument);
    for (auto* record : watched) {
        if (record->watched && isWaitingForTrigger(*record))
            watchTriggers(*record, trade);
    }
}

void Exchange::State::watchTriggers(OrderRecord& record, const TradeTick& trade)
{
    if (!mayTrade(record) || tape.isHalted(record.instrument))
        return;
    const auto& order = record.order;
    if (order.type == OrderType::TrailingStop)
        trail(record, trade.price);
    if (!order.stopPrice)
        return;
    const bool hit = order.side == Side::Buy ? trade.price >= *order.stopPrice
                                             : trade.price <= *order.stopPrice;
    if (hit)
        trigger(record);
}

/// Move a trailing stop's high-water mark; its stop follows at the distance asked for.
void Exchange::State::trail(OrderRecord& record, Price price)
{
    auto& order = record.order;
    if (price.isZero())
        return;
    const bool sells = order.side == Side::Sell;
    const auto mark = order.highWaterMark.value_or(price);
    order.highWaterMark = sells ? std::max(mark, price) : std::min(mark, price);
    Price distance = order.trailPrice.value_or(Price());
    if (order.trailPercent) {
        const auto part = order.highWaterMark->value().checkedMultiply(*order.trailPercent,
                                                                       Rounding::HalfUp);
        distance = Price(part.value_or(Decimal())
                             .checkedDivide(Decimal::fromInt(100), Rounding::HalfUp)
                             .value_or(Decimal()));
    }
    const Price stop = sells ? *order.highWaterMark - distance : *order.highWaterMark + distance;
    const auto tick = tickFor(source->instruments()[record.instrument], stop).value();
    order.stopPrice
        = Price(stop.value().roundTo(tick, sells ? Rounding::Floor : Rounding::Ceiling));
}

/// A stop was hit. A held exit takes over from its sibling: that one leaves the market first, so the
/// same shares are never offered twice.
void Exchange::State::trigger(OrderRecord& record)
{
    auto& order = record.order;
    order.triggered = true;
    if (order.status == VenueStatus::Held) {
        if (auto* sibling = siblingOf(record); sibling && !isFinal(sibling->order.status)) {
            const Quantity left = sibling->order.leaves();
            finish(*sibling, VenueStatus::Canceled, "the other exit was triggered");
            order.quantity = left;
        }
        order.status = VenueStatus::New;
        report(OrderEvent::New, record);
    }
    if (order.type == OrderType::Stop && order.side == Side::Buy)
        record.protection
            = protectionFor(*order.stopPrice, source->instruments()[record.instrument]);
    enterMarket(record);
}

void Exchange::State::enterMarket(OrderRecord& record)
{
    if (!books) {
        meetQuote(record, /*first=*/true);
        return;
    }
    if (tape.isHalted(record.instrument) || isFinal(record.order.status))
        return; // it enters when trading resumes
    books->refresh(record.instrument);
    books->enter(record, limitOf(record));
    settleBook();
}

/// What happened in the book becomes executions; what the book let go has ended.
void Exchange::State::settleBook()
{
    for (const auto& done : books->take()) {
        auto* record = orders.findByNumber(done.orderNumber);
        if (record == nullptr || isFinal(record->order.status))
            continue;
        if (done.quantity.isPositive())
            fill(*record, done.price, std::min(done.quantity, record->order.leaves()));
        else
            end(*record, VenueStatus::Canceled, "no more liquidity at an acceptable price");
    }
}

void Exchange::State::meetQuote(OrderRecord& record, bool first)
{
    auto& order = record.order;
    const bool immediate
        = order.timeInForce == TimeInForce::Ioc || order.timeInForce == TimeInForce::Fok;
    const auto& quote = tape.quote(record.instrument);
    const Price opposite = !quote                     ? Price()
                           : order.side == Side::Buy ? quote->ask
                                                     : quote->bid;
    const auto limit = limitOf(record);
    const bool open = mayTrade(record) && !tape.isHalted(record.instrument);
    if (open && opposite.isPositive() && (!limit || isMarketable(order.side, *limit, opposite))) {
        if (order.notional && order.quantity.isZero()) {
            const auto shares = order.notional->checkedDivide(opposite.value(), Rounding::Down);
            order.quantity = Quantity(shares.value_or(Decimal()));
            if (!order.quantity.isPositive()) {
                end(record, VenueStatus::Rejected, "notional is too small to buy anything");
                return;
            }
        }
        fill(record, opposite, drawPartial(record));
    }
    if (immediate && first && !isFinal(order.status))
        end(record, VenueStatus::Canceled, "not filled at once");
}

/// The whole rest, or one time in ten a random part of it in whole lots.
Quantity Exchange::State::drawPartial(const OrderRecord& record)
{
    const Quantity leaves = record.order.leaves();
    const bool whole = record.order.timeInForce == TimeInForce::Fok || record.order.notional;
    if (whole || random.uniform() >= options.partialFillShare)
        return leaves;
    const auto lot = source->instruments()[record.instrument].lotSize.units();
    const auto lots = leaves.units() / lot;
    if (lots < 2)
        return leaves;
    const auto drawn = 1 + random.below(static_cast<std::uint64_t>(lots - 1));
    return Quantity::fromUnits(static_cast<std::int64_t>(drawn) * lot);
}

void Exchange::State::fill(OrderRecord& record, Price price, Quantity quantity)
{
    auto& order = record.order;
    auto* account = accounts.find(order.account);
    QD_ASSERT(account != nullptr && quantity.isPositive() && quantity <= order.leaves());
    VenueExecution execution;
    execution.id = ExecutionId(random.uuidV4());
    execution.order = order.id;
    execution.account = order.account;
    execution.symbol = order.symbol;
    execution.side = order.side;
    execution.price = price;
    execution.quantity = quantity;
    execution.at = now();
    execution.fee = feeFor(options.fees, execution, order.assetClass, !record.feeCharged);
    record.feeCharged = true;
    record.traded += notional(price, quantity);
    order.filledQuantity += quantity;
    execution.cumulative = order.filledQuantity;
    execution.leaves = order.leaves();
    const auto average = record.traded.dividedBy(order.filledQuantity.value(), Rounding::HalfEven);
    order.averagePrice = Price(average.value_or(price.value()));
    AccountBook::settle(*account, execution);

    const bool done = order.leaves().isZero();
    const bool replacing = order.status == VenueStatus::PendingReplace;
    if (done) {
        order.status = VenueStatus::Filled;
        order.filledAt = execution.at;
        orders.close(record);
    } else if (!replacing && order.status != VenueStatus::PendingCancel) {
        order.status = VenueStatus::PartiallyFilled;
    }
    // One exit's fill shrinks the other, which is told before anyone hears of the fill.
    auto* sibling = order.parent || order.orderClass == OrderClass::Oco ? siblingOf(record) : nullptr;
    if (sibling != nullptr && !isFinal(sibling->order.status) && !done)
        sibling->order.quantity = order.leaves();
    report(done ? OrderEvent::Fill : OrderEvent::PartialFill, record, execution);
    if (!done)
        return;
    if (sibling != nullptr)
        end(*sibling, VenueStatus::Canceled, "the other exit was filled");
    if (!order.parent)
        activateLegs(record);
}

} // namespace qd::exchange
