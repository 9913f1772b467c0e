#include "services/exchange/book_liquidity.h"

#include <algorithm>
#include <utility>

namespace qd::exchange {

BookLiquidity::BookLiquidity(const MarketSource& source)
    : m_source(source), m_engine(SelfTrade::CancelNewest)
{
}

BookLiquidity::Venue& BookLiquidity::venueOf(InstrumentIndex instrument)
{
    const auto found = m_venues.find(instrument);
    if (found != m_venues.end())
        return found->second;
    Venue venue;
    venue.book = m_engine.addBook();
    return m_venues.emplace(instrument, std::move(venue)).first->second;
}

void BookLiquidity::refresh(InstrumentIndex instrument)
{
    Venue& venue = venueOf(instrument);
    const Book depth = m_source.depth(instrument, kDepth);
    // What the market no longer shows leaves first, or its new bids would meet its old asks.
    EngineEvents events;
    const auto drop = [&](Side side, const std::vector<BookLevel>& levels) {
        auto& orders = venue.liquidity[side == Side::Buy ? 0 : 1];
        std::erase_if(orders, [&](const auto& entry) {
            const bool shown = std::any_of(levels.begin(), levels.end(), [&](const BookLevel& level) {
                return level.price.units() == entry.first;
            });
            if (!shown) {
                for (const auto id : entry.second)
                    m_engine.cancel(id, events);
            }
            return !shown;
        });
    };
    drop(Side::Buy, depth.bids);
    drop(Side::Sell, depth.asks);
    follow(venue, Side::Buy, depth.bids);
    follow(venue, Side::Sell, depth.asks);
}

void BookLiquidity::follow(Venue& venue, Side side, const std::vector<BookLevel>& levels)
{
    EngineEvents events;
    for (const auto& level : levels) {
        auto& orders = venue.liquidity[side == Side::Buy ? 0 : 1][level.price.units()];
        std::erase_if(orders, [this](EngineOrderId id) { return !m_engine.isOpen(id); });
        std::int64_t shown = 0;
        for (const auto id : orders)
            shown += m_engine.openQuantity(id);
        const auto wanted = level.size.units();
        while (shown > wanted && !orders.empty()) {
            const auto last = m_engine.openQuantity(orders.back());
            const auto keep = std::max<std::int64_t>(0, last - (shown - wanted));
            m_engine.modify(orders.back(), level.price.units(), keep, events);
            shown -= last - keep;
            if (keep == 0)
                orders.pop_back();
        }
        if (shown < wanted) {
            EngineOrder order;
            order.book = venue.book;
            order.side = side;
            order.quantity = wanted - shown;
            order.price = level.price.units();
            orders.push_back(m_engine.submit(order, events));
        }
    }
    collect(events);
}

void BookLiquidity::tradePrinted(const TradeTick& trade)
{
    const auto found = m_venues.find(trade.instrument);
    if (found == m_venues.end() || !trade.size.isPositive())
        return;
    EngineOrder order;
    order.book = found->second.book;
    order.timeInForce = TimeInForce::Ioc;
    order.quantity = trade.size.units();
    order.price = trade.price.units();
    const auto ask = m_engine.best(order.book, Side::Sell);
    const bool buying = trade.aggressor ? *trade.aggressor == Side::Buy
                                        : ask && ask->price <= order.price;
    order.side = buying ? Side::Buy : Side::Sell;
    EngineEvents events;
    m_engine.submit(order, events);
    collect(events);
}

void BookLiquidity::enter(OrderRecord& record, std::optional<Price> limit)
{
    const auto& order = record.order;
    EngineOrder entry;
    entry.book = venueOf(record.instrument).book;
    entry.owner = m_owners.emplace(order.account.text(), static_cast<OwnerId>(m_owners.size() + 1))
                      .first->second;
    entry.side = order.side;
    entry.type = limit ? OrderType::Limit : OrderType::Market;
    entry.timeInForce = order.timeInForce;
    entry.quantity = order.leaves().units();
    entry.price = limit.value_or(Price()).units();
    entry.tag = record.number;
    if (order.notional && order.quantity.isZero()) {
        const auto best = m_engine.best(entry.book, opposite(order.side));
        if (!best) {
            m_outcomes.push_back({record.number, Price(), Quantity()});
            return;
        }
        const auto shares = order.notional->checkedDivide(Decimal::fromUnits(best->price),
                                                          Rounding::Down);
        record.order.quantity = Quantity(shares.value_or(Decimal()));
        entry.quantity = record.order.quantity.units();
    }
    EngineEvents events;
    record.engineId = m_engine.submit(entry, events);
    collect(events);
}

void BookLiquidity::leave(OrderRecord& record)
{
    EngineEvents events;
    m_engine.cancel(record.engineId, events);
    record.engineId = 0;
}

void BookLiquidity::collect(EngineEvents& events)
{
    for (const auto& event : events) {
        if (event.kind == EngineEventKind::Traded) {
            const auto price = Price::fromUnits(event.price);
            const auto quantity = Quantity::fromUnits(event.quantity);
            if (event.tag != 0)
                m_outcomes.push_back({event.tag, price, quantity});
            if (event.makerTag != 0)
                m_outcomes.push_back({event.makerTag, price, quantity});
        } else if (event.tag != 0
                   && (event.kind == EngineEventKind::Canceled
                       || event.kind == EngineEventKind::Refused)) {
            m_outcomes.push_back({event.tag, Price(), Quantity()});
        }
    }
}

std::vector<BookOutcome> BookLiquidity::take()
{
    return std::exchange(m_outcomes, {});
}

} // namespace qd::exchange
