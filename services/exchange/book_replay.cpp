#include "services/exchange/book_replay.h"

#include <algorithm>

namespace qd::exchange {

BookReplay::BookReplay() : m_book(m_engine.addBook()) {}

void BookReplay::seed(const Book& book)
{
    EngineEvents events;
    const auto place = [&](Side side, const std::vector<BookLevel>& levels) {
        for (const auto& level : levels) {
            EngineOrder order;
            order.book = m_book;
            order.side = side;
            order.price = level.price.units();
            order.quantity = level.size.units();
            m_nameless[side == Side::Buy ? 0 : 1][order.price] = m_engine.submit(order, events);
        }
    };
    place(Side::Buy, book.bids);
    place(Side::Sell, book.asks);
}

EngineOrderId* BookReplay::nameless(Side side, std::int64_t price)
{
    auto& orders = m_nameless[side == Side::Buy ? 0 : 1];
    const auto found = orders.find(price);
    return found == orders.end() ? nullptr : &found->second;
}

void BookReplay::reduce(const BookMessage& message, std::int64_t size)
{
    const auto known = m_orders.find(message.orderId);
    const EngineOrderId* id = known != m_orders.end() ? &known->second
                                                      : nameless(message.side, message.price.units());
    if (id == nullptr)
        return; // beyond what the first book showed
    EngineEvents events;
    const auto left = std::max<std::int64_t>(0, m_engine.openQuantity(*id) - size);
    m_engine.modify(*id, message.price.units(), left, events);
    if (left == 0 && known != m_orders.end())
        m_orders.erase(known);
}

std::optional<TradeTick> BookReplay::apply(const BookMessage& message)
{
    const auto size = message.size * Decimal::kOne;
    const bool priced = message.price.isPositive() && message.size > 0;
    if (!priced)
        return std::nullopt;
    TradeTick trade;
    trade.price = message.price;
    trade.size = Quantity::fromUnits(size);
    trade.time = message.time;
    trade.oddLot = message.size < 100;
    switch (message.kind) {
    case BookMessage::Kind::Add: {
        EngineOrder order;
        order.book = m_book;
        order.side = message.side;
        order.price = message.price.units();
        order.quantity = size;
        EngineEvents events;
        m_orders[message.orderId] = m_engine.submit(order, events);
        return std::nullopt;
    }
    case BookMessage::Kind::Reduce:
    case BookMessage::Kind::Remove: reduce(message, size); return std::nullopt;
    case BookMessage::Kind::Execute:
        reduce(message, size);
        trade.aggressor = opposite(message.side);
        return trade;
    case BookMessage::Kind::ExecuteHidden:
    case BookMessage::Kind::Cross: return trade;
    case BookMessage::Kind::Halt: return std::nullopt;
    }
    return std::nullopt;
}

Book BookReplay::book(int depth) const
{
    Book book;
    const auto fill = [&](Side side, std::vector<BookLevel>& levels) {
        for (const auto& level : m_engine.levels(m_book, side, static_cast<std::size_t>(depth)))
            levels.push_back({Price::fromUnits(level.price), Quantity::fromUnits(level.quantity),
                              static_cast<int>(level.orderCount)});
    };
    fill(Side::Buy, book.bids);
    fill(Side::Sell, book.asks);
    return book;
}

} // namespace qd::exchange
