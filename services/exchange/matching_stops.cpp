// Stops and trailing stops of the matching engine.

#include <algorithm>

#include "services/exchange/matching_engine.h"

namespace qd::exchange {

void MatchingEngine::observeTrade(BookIndex book, std::int64_t price, EngineEvents& out)
{
    QD_ASSERT(book < m_books.size());
    noteTrade(m_books[book], price);
    settleStops(book, out);
}

/// Trailing marks move with every single trade: a sweep may touch a new high before it falls.
void MatchingEngine::noteTrade(BookState& book, std::int64_t price)
{
    book.lastTrade = price;
    if (book.stops == 0)
        return;
    book.low = std::min(book.low, price);
    book.high = std::max(book.high, price);
    for (const auto slot : book.trailing) {
        StopTerms& terms = m_stops[m_slots[slot].stop];
        if (terms.highWater == 0)
            terms.highWater = price;
        terms.highWater = m_slots[slot].side == Side::Sell ? std::max(terms.highWater, price)
                                                           : std::min(terms.highWater, price);
    }
}

/// The next stop that the trades since the last look have reached: buy stops, then sell stops,
/// nearest first, oldest first; then trailing stops in the order they came.
std::uint32_t MatchingEngine::nextTriggered(const BookState& book) const
{
    const PriceLadder& buys = book.triggers[at(Side::Buy)];
    if (!buys.empty() && buys.bestKey() <= book.high)
        return buys.bestLevel()->head;
    const PriceLadder& sells = book.triggers[at(Side::Sell)];
    if (!sells.empty() && -sells.bestKey() >= book.low)
        return sells.bestLevel()->head;
    for (const auto slot : book.trailing) {
        const StopTerms& terms = m_stops[m_slots[slot].stop];
        if (terms.highWater == 0)
            continue;
        const bool hit = m_slots[slot].side == Side::Sell
                             ? book.lastTrade <= terms.highWater - terms.trail
                             : book.lastTrade >= terms.highWater + terms.trail;
        if (hit)
            return slot;
    }
    return kNone;
}

/// A triggered stop may trade and so trigger others; each triggers once, so this ends.
void MatchingEngine::settleStops(BookIndex index, EngineEvents& out)
{
    while (m_books[index].low <= m_books[index].high) {
        const auto slot = nextTriggered(m_books[index]);
        if (slot == kNone) {
            m_books[index].low = kNoLow;
            m_books[index].high = kNoHigh;
            return;
        }
        trigger(slot, out);
    }
}

void MatchingEngine::trigger(std::uint32_t slot, EngineEvents& out)
{
    Slot& order = m_slots[slot];
    const StopTerms terms = m_stops[order.stop];
    unlink(slot);
    tell(EngineEventKind::Triggered, slot, m_books[order.book].lastTrade, out);
    m_freeStops.push_back(order.stop);
    order.stop = kNone;
    order.place = Place::Resting;
    constexpr auto kFar = std::numeric_limits<std::int64_t>::max() / 2;
    const auto any = order.side == Side::Buy ? kFar : -kFar;
    execute(slot, order.type == OrderType::StopLimit ? terms.limitPrice : any, out);
}

} // namespace qd::exchange
