#include "services/exchange/matching_engine.h"

#include <algorithm>

namespace qd::exchange {

namespace {

/// Ladders are kept best first: the key of a bid is its negated price.
std::int64_t restingKey(Side side, std::int64_t price)
{
    return side == Side::Buy ? -price : price;
}

/// Triggers are kept nearest first: a sell stop is nearest at the highest price.
std::int64_t triggerKey(Side side, std::int64_t price)
{
    return side == Side::Buy ? price : -price;
}

/// The worst price a taker may get, for orders that take any.
std::int64_t anyPrice(Side side)
{
    constexpr auto kFar = std::numeric_limits<std::int64_t>::max() / 2;
    return side == Side::Buy ? kFar : -kFar;
}

} // namespace

MatchingEngine::MatchingEngine(SelfTrade selfTrade, std::size_t reserve) : m_selfTrade(selfTrade)
{
    // The pool is made now, and its memory touched: growth while matching shows as a pause.
    m_slots.resize(reserve);
    m_free.reserve(reserve);
    for (auto slot = static_cast<std::uint32_t>(reserve); slot-- > 0;)
        m_free.push_back(slot);
}

BookIndex MatchingEngine::addBook()
{
    for (auto& ladder : m_books.emplace_back().sides)
        ladder.warmUp();
    return static_cast<BookIndex>(m_books.size() - 1);
}

EngineOrderId MatchingEngine::idOf(std::uint32_t slot, const Slot& order)
{
    return (static_cast<EngineOrderId>(order.generation) << 32) | slot;
}

inline std::uint32_t MatchingEngine::find(EngineOrderId id) const
{
    const auto slot = static_cast<std::uint32_t>(id & 0xffffffffu);
    if (slot >= m_slots.size() || m_slots[slot].generation != static_cast<std::uint32_t>(id >> 32)
        || m_slots[slot].place == Place::Free)
        return kNone;
    return slot;
}

inline std::uint32_t MatchingEngine::take()
{
    if (m_free.empty()) {
        QD_ASSERT(m_slots.size() < kNone);
        m_slots.emplace_back();
        return static_cast<std::uint32_t>(m_slots.size() - 1);
    }
    const auto slot = m_free.back();
    m_free.pop_back();
    return slot;
}

inline void MatchingEngine::release(std::uint32_t slot)
{
    Slot& order = m_slots[slot];
    order.place = Place::Free;
    if (++order.generation == 0)
        order.generation = 1; // an id is never zero
    if (order.stop != kNone) {
        m_freeStops.push_back(order.stop);
        order.stop = kNone;
    }
    m_free.push_back(slot);
}

inline PriceLadder& MatchingEngine::ladderOf(const Slot& order)
{
    BookState& book = m_books[order.book];
    return order.place == Place::Resting ? book.sides[at(order.side)]
                                         : book.triggers[at(order.side)];
}

inline void MatchingEngine::append(std::uint32_t slot, std::int64_t key)
{
    Slot& order = m_slots[slot];
    Level& level = ladderOf(order).join(key);
    order.key = key;
    order.next = kNone;
    order.previous = level.tail;
    if (level.tail == kNone)
        level.head = slot;
    else
        m_slots[level.tail].next = slot;
    level.tail = slot;
    level.quantity += order.quantity;
}

void MatchingEngine::unlink(std::uint32_t slot)
{
    Slot& order = m_slots[slot];
    if (order.place != Place::Resting)
        --m_books[order.book].stops;
    if (order.place == Place::Trailing) {
        std::erase(m_books[order.book].trailing, slot);
        return;
    }
    PriceLadder& ladder = ladderOf(order);
    unlinkFrom(ladder, ladder.at(order.key), order);
}

inline void MatchingEngine::unlinkFrom(PriceLadder& ladder, Level& level, const Slot& order)
{
    if (order.previous == kNone)
        level.head = order.next;
    else
        m_slots[order.previous].next = order.next;
    if (order.next == kNone)
        level.tail = order.previous;
    else
        m_slots[order.next].previous = order.previous;
    level.quantity -= order.quantity;
    ladder.leave(level, order.key);
}

EngineEvent& MatchingEngine::tell(EngineEventKind kind, std::uint32_t slot, std::int64_t price,
                                  EngineEvents& out) const
{
    const Slot& order = m_slots[slot];
    EngineEvent& event = out.emplace_back();
    event.kind = kind;
    event.side = order.side;
    event.book = order.book;
    event.id = idOf(slot, order);
    event.tag = order.tag;
    event.price = price;
    event.quantity = order.quantity;
    event.leaves = order.quantity;
    return event;
}

EngineOrderId MatchingEngine::submit(const EngineOrder& order, EngineEvents& out)
{
    QD_ASSERT(order.book < m_books.size());
    const bool needsPrice = order.type == OrderType::Limit || order.type == OrderType::StopLimit;
    const bool needsStop = order.type == OrderType::Stop || order.type == OrderType::StopLimit;
    if (order.quantity <= 0 || (needsPrice && order.price <= 0)
        || (needsStop && order.stopPrice <= 0)
        || (order.type == OrderType::TrailingStop && order.trail <= 0)) {
        EngineEvent refused;
        refused.kind = EngineEventKind::Refused;
        refused.side = order.side;
        refused.book = order.book;
        refused.tag = order.tag;
        refused.price = order.price;
        refused.quantity = order.quantity;
        out.push_back(refused);
        return 0;
    }
    const auto slot = take();
    Slot& entry = m_slots[slot];
    entry.book = order.book;
    entry.owner = order.owner;
    entry.side = order.side;
    entry.type = order.type;
    entry.timeInForce = order.timeInForce;
    entry.quantity = order.quantity;
    entry.tag = order.tag;
    entry.place = Place::Resting;
    const auto id = idOf(slot, entry);
    if (needsStop || order.type == OrderType::TrailingStop)
        hold(slot, order);
    else
        execute(slot, order.type == OrderType::Limit ? order.price : anyPrice(order.side), out);
    settleStops(order.book, out);
    return id;
}

void MatchingEngine::hold(std::uint32_t slot, const EngineOrder& order)
{
    std::uint32_t terms = 0;
    if (m_freeStops.empty()) {
        terms = static_cast<std::uint32_t>(m_stops.size());
        m_stops.emplace_back();
    } else {
        terms = m_freeStops.back();
        m_freeStops.pop_back();
    }
    Slot& entry = m_slots[slot];
    BookState& book = m_books[order.book];
    entry.stop = terms;
    ++book.stops;
    m_stops[terms] = {order.price, order.trail, book.lastTrade};
    if (order.type == OrderType::TrailingStop) {
        entry.place = Place::Trailing;
        book.trailing.push_back(slot);
        return;
    }
    entry.place = Place::Stopped;
    append(slot, triggerKey(order.side, order.stopPrice));
    // A stop that the last trade has already passed is live at once.
    if (book.lastTrade > 0) {
        book.low = std::min(book.low, book.lastTrade);
        book.high = std::max(book.high, book.lastTrade);
    }
}

bool MatchingEngine::canFillWhole(const Slot& taker, std::int64_t limit) const
{
    const Side makerSide = opposite(taker.side);
    const auto worst = restingKey(makerSide, limit);
    std::int64_t wanted = taker.quantity;
    const PriceLadder& makers = m_books[taker.book].sides[at(makerSide)];
    for (const Level* level = makers.bestLevel(); level != nullptr; level = makers.worse(*level)) {
        if (level->key > worst)
            return false;
        if (taker.owner == 0 || m_selfTrade == SelfTrade::Allow) {
            wanted -= level->quantity;
        } else {
            for (auto slot = level->head; slot != kNone; slot = m_slots[slot].next) {
                const bool own = m_slots[slot].owner == taker.owner;
                if (own && m_selfTrade != SelfTrade::CancelOldest && wanted > 0)
                    return false;
                if (!own)
                    wanted -= m_slots[slot].quantity;
            }
        }
        if (wanted <= 0)
            return true;
    }
    return false;
}

void MatchingEngine::execute(std::uint32_t slot, std::int64_t price, EngineEvents& out)
{
    const auto timeInForce = m_slots[slot].timeInForce;
    const bool rests = m_slots[slot].type != OrderType::Market
                       && m_slots[slot].type != OrderType::Stop
                       && m_slots[slot].type != OrderType::TrailingStop
                       && timeInForce != TimeInForce::Ioc && timeInForce != TimeInForce::Fok;
    if (timeInForce != TimeInForce::Fok || canFillWhole(m_slots[slot], price))
        match(slot, price, out);
    Slot& order = m_slots[slot];
    if (order.place == Place::Free)
        return; // removed to prevent a trade with itself
    if (order.quantity == 0) {
        release(slot);
    } else if (rests) {
        append(slot, restingKey(order.side, price));
        tell(EngineEventKind::Rested, slot, price, out);
    } else {
        tell(EngineEventKind::Canceled, slot, 0, out);
        release(slot);
    }
}

inline void MatchingEngine::match(std::uint32_t taker, std::int64_t limit, EngineEvents& out)
{
    const Side makerSide = opposite(m_slots[taker].side);
    const auto worst = restingKey(makerSide, limit);
    PriceLadder& makers = m_books[m_slots[taker].book].sides[at(makerSide)];
    while (m_slots[taker].quantity > 0 && !makers.empty() && makers.bestKey() <= worst) {
        const auto maker = makers.best().head;
        const bool own = m_slots[taker].owner != 0 && m_slots[maker].owner == m_slots[taker].owner;
        if (own && m_selfTrade != SelfTrade::Allow) {
            if (preventSelfTrade(taker, maker, out))
                return;
            continue;
        }
        trade(taker, makers, out);
    }
}

bool MatchingEngine::preventSelfTrade(std::uint32_t taker, std::uint32_t maker, EngineEvents& out)
{
    if (m_selfTrade != SelfTrade::CancelNewest)
        remove(maker, out);
    if (m_selfTrade == SelfTrade::CancelOldest)
        return false;
    tell(EngineEventKind::Canceled, taker, 0, out);
    release(taker); // a taker is in no ladder
    return true;
}

/// The taker meets the first of the best makers.
inline void MatchingEngine::trade(std::uint32_t taker, PriceLadder& makers, EngineEvents& out)
{
    Level& level = makers.best();
    const auto maker = level.head;
    Slot& taking = m_slots[taker];
    Slot& making = m_slots[maker];
    const auto quantity = std::min(taking.quantity, making.quantity);
    const auto price = making.side == Side::Buy ? -level.key : level.key;
    taking.quantity -= quantity;
    EngineEvent& traded = tell(EngineEventKind::Traded, taker, price, out);
    traded.quantity = quantity;
    traded.makerId = idOf(maker, making);
    traded.makerTag = making.tag;
    traded.makerLeaves = making.quantity - quantity;
    noteTrade(m_books[taking.book], price);
    if (making.quantity == quantity) {
        unlinkFrom(makers, level, making);
        release(maker);
    } else {
        making.quantity -= quantity;
        level.quantity -= quantity;
    }
}

inline void MatchingEngine::remove(std::uint32_t slot, EngineEvents& out)
{
    unlink(slot);
    tell(EngineEventKind::Canceled, slot, 0, out);
    release(slot);
}

bool MatchingEngine::cancel(EngineOrderId id, EngineEvents& out)
{
    const auto slot = find(id);
    if (slot == kNone)
        return false;
    remove(slot, out);
    return true;
}

bool MatchingEngine::modify(EngineOrderId id, std::int64_t price, std::int64_t quantity,
                            EngineEvents& out)
{
    const auto slot = find(id);
    if (slot == kNone)
        return false;
    if (quantity <= 0) {
        remove(slot, out);
        return true;
    }
    Slot& order = m_slots[slot];
    if (order.place == Place::Trailing) {
        order.quantity = quantity;
        tell(EngineEventKind::Reduced, slot, 0, out);
        return true;
    }
    const bool stopped = order.place == Place::Stopped;
    if (stopped && order.type == OrderType::StopLimit && price <= 0)
        return false;
    if (stopped)
        m_stops[order.stop].limitPrice = price;
    const bool samePlace = stopped || restingKey(order.side, price) == order.key;
    if (samePlace && (stopped || quantity <= order.quantity)) {
        ladderOf(order).at(order.key).quantity += quantity - order.quantity;
        order.quantity = quantity;
        tell(EngineEventKind::Reduced, slot, price, out);
        return true;
    }
    if (price <= 0)
        return false;
    unlink(slot);
    order.quantity = quantity;
    tell(EngineEventKind::Replaced, slot, price, out);
    const auto book = order.book;
    execute(slot, price, out);
    settleStops(book, out);
    return true;
}

bool MatchingEngine::isOpen(EngineOrderId id) const
{
    return find(id) != kNone;
}

std::int64_t MatchingEngine::openQuantity(EngineOrderId id) const
{
    const auto slot = find(id);
    return slot == kNone ? 0 : m_slots[slot].quantity;
}

std::optional<EngineLevel> MatchingEngine::best(BookIndex book, Side side) const
{
    const Level* level = m_books[book].sides[at(side)].bestLevel();
    if (level == nullptr)
        return std::nullopt;
    return EngineLevel{side == Side::Buy ? -level->key : level->key, level->quantity,
                       level->orderCount};
}

std::vector<EngineLevel> MatchingEngine::levels(BookIndex book, Side side, std::size_t depth) const
{
    std::vector<EngineLevel> result;
    const PriceLadder& ladder = m_books[book].sides[at(side)];
    for (const Level* level = ladder.bestLevel(); level != nullptr && result.size() < depth;
         level = ladder.worse(*level))
        result.push_back({side == Side::Buy ? -level->key : level->key, level->quantity,
                          level->orderCount});
    return result;
}

std::int64_t MatchingEngine::quantityAhead(EngineOrderId id) const
{
    const auto slot = find(id);
    if (slot == kNone || m_slots[slot].place != Place::Resting)
        return 0;
    std::int64_t ahead = 0;
    for (auto before = m_slots[slot].previous; before != kNone; before = m_slots[before].previous)
        ahead += m_slots[before].quantity;
    return ahead;
}

std::size_t MatchingEngine::openOrders(BookIndex book) const
{
    const BookState& state = m_books[book];
    std::size_t count = state.trailing.size();
    for (const auto* ladder : {&state.sides[0], &state.sides[1], &state.triggers[0],
                               &state.triggers[1]}) {
        for (const Level* level = ladder->bestLevel(); level != nullptr;
             level = ladder->worse(*level))
            count += level->orderCount;
    }
    return count;
}

std::int64_t MatchingEngine::lastTrade(BookIndex book) const
{
    return m_books[book].lastTrade;
}

} // namespace qd::exchange
