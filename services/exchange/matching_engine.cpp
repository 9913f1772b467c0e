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
    constexpr std::size_t kUsualLevels = 128;
    BookState& book = m_books.emplace_back();
    for (auto& ladder : book.sides) {
        ladder.keys.reserve(kUsualLevels);
        ladder.levels.reserve(kUsualLevels);
    }
    // Free levels are made ahead too, for the same reason as the pool.
    for (std::size_t i = 0; i < 2 * kUsualLevels; ++i) {
        m_freeLevels.push_back(static_cast<std::uint32_t>(m_levels.size()));
        m_levels.emplace_back();
    }
    return static_cast<BookIndex>(m_books.size() - 1);
}

EngineOrderId MatchingEngine::idOf(std::uint32_t slot, const Slot& order)
{
    return (static_cast<EngineOrderId>(order.generation) << 32) | slot;
}

std::uint32_t MatchingEngine::find(EngineOrderId id) const
{
    const auto slot = static_cast<std::uint32_t>(id & 0xffffffffu);
    if (slot >= m_slots.size() || m_slots[slot].generation != static_cast<std::uint32_t>(id >> 32)
        || m_slots[slot].place == Place::Free)
        return kNone;
    return slot;
}

std::uint32_t MatchingEngine::take()
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

void MatchingEngine::release(std::uint32_t slot)
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

MatchingEngine::Ladder& MatchingEngine::ladderOf(const Slot& order)
{
    BookState& book = m_books[order.book];
    return order.place == Place::Resting ? book.sides[at(order.side)]
                                         : book.triggers[at(order.side)];
}

std::size_t MatchingEngine::Ladder::position(std::int64_t key) const
{
    const auto count = keys.size();
    if (key <= bestKey)
        return key == bestKey && count > 0 ? count - 1 : count;
    // Neighbours are at least a step apart, so that many keys at most are better than `key`.
    std::size_t first = 0;
    if (step > 0) {
        const auto better = static_cast<std::uint64_t>((key - bestKey) / step);
        if (better < count)
            first = count - 1 - better;
        if (keys[first] == key)
            return first;
    }
    // A binary search without branches to mispredict: how many keys are worse than `key`.
    const std::int64_t* from = keys.data() + first;
    auto left = count - first;
    while (left > 1) {
        const auto half = left / 2;
        from += from[half - 1] > key ? half : 0;
        left -= half;
    }
    const auto worse = static_cast<std::size_t>(from - keys.data());
    return worse + (left == 1 && *from > key ? 1 : 0);
}

void MatchingEngine::Ladder::insert(std::size_t position, std::int64_t key, std::uint32_t level)
{
    const auto narrow = [this](std::int64_t gap) { step = step == 0 ? gap : std::min(step, gap); };
    if (position > 0)
        narrow(keys[position - 1] - key);
    if (position < keys.size())
        narrow(key - keys[position]);
    const auto offset = static_cast<std::ptrdiff_t>(position);
    keys.insert(keys.begin() + offset, key);
    levels.insert(levels.begin() + offset, level);
    noteBest();
}

void MatchingEngine::Ladder::erase(std::size_t position)
{
    const auto offset = static_cast<std::ptrdiff_t>(position);
    keys.erase(keys.begin() + offset);
    levels.erase(levels.begin() + offset);
    noteBest();
}

std::uint32_t MatchingEngine::levelAt(Ladder& ladder, std::int64_t key)
{
    const auto position = ladder.position(key);
    if (position < ladder.keys.size() && ladder.keys[position] == key)
        return ladder.levels[position];
    std::uint32_t level = 0;
    if (m_freeLevels.empty()) {
        level = static_cast<std::uint32_t>(m_levels.size());
        m_levels.emplace_back();
    } else {
        level = m_freeLevels.back();
        m_freeLevels.pop_back();
        m_levels[level] = Level();
    }
    m_levels[level].key = key;
    ladder.insert(position, key, level);
    return level;
}

void MatchingEngine::dropLevel(Ladder& ladder, std::uint32_t level)
{
    ladder.erase(ladder.position(m_levels[level].key));
    m_freeLevels.push_back(level);
}

void MatchingEngine::append(std::uint32_t slot, std::int64_t key)
{
    Slot& order = m_slots[slot];
    order.level = levelAt(ladderOf(order), key);
    Level& level = m_levels[order.level];
    order.next = kNone;
    order.previous = level.tail;
    if (level.tail == kNone)
        level.head = slot;
    else
        m_slots[level.tail].next = slot;
    level.tail = slot;
    level.quantity += order.quantity;
    ++level.orderCount;
}

void MatchingEngine::unlink(std::uint32_t slot)
{
    Slot& order = m_slots[slot];
    if (order.place == Place::Trailing) {
        std::erase(m_books[order.book].trailing, slot);
        return;
    }
    Level& level = m_levels[order.level];
    level.quantity -= order.quantity;
    if (--level.orderCount == 0) {
        dropLevel(ladderOf(order), order.level);
        return;
    }
    if (order.previous == kNone)
        level.head = order.next;
    else
        m_slots[order.previous].next = order.next;
    if (order.next == kNone)
        level.tail = order.previous;
    else
        m_slots[order.next].previous = order.previous;
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
    const Ladder& makers = m_books[taker.book].sides[at(makerSide)];
    for (auto index = makers.levels.rbegin(); index != makers.levels.rend(); ++index) {
        const Level& level = m_levels[*index];
        if (level.key > worst)
            return false;
        if (taker.owner == 0 || m_selfTrade == SelfTrade::Allow) {
            wanted -= level.quantity;
        } else {
            for (auto slot = level.head; slot != kNone; slot = m_slots[slot].next) {
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

void MatchingEngine::match(std::uint32_t taker, std::int64_t limit, EngineEvents& out)
{
    const Side makerSide = opposite(m_slots[taker].side);
    const auto worst = restingKey(makerSide, limit);
    Ladder& makers = m_books[m_slots[taker].book].sides[at(makerSide)];
    while (m_slots[taker].quantity > 0 && !makers.empty() && makers.bestKey <= worst) {
        const auto maker = bestLevel(makers).head;
        const bool own = m_slots[taker].owner != 0 && m_slots[maker].owner == m_slots[taker].owner;
        if (own && m_selfTrade != SelfTrade::Allow) {
            if (preventSelfTrade(taker, maker, out))
                return;
            continue;
        }
        trade(taker, maker, out);
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

void MatchingEngine::trade(std::uint32_t taker, std::uint32_t maker, EngineEvents& out)
{
    Slot& taking = m_slots[taker];
    Slot& making = m_slots[maker];
    const auto quantity = std::min(taking.quantity, making.quantity);
    const auto key = m_levels[making.level].key;
    const auto price = making.side == Side::Buy ? -key : key;
    taking.quantity -= quantity;
    EngineEvent& traded = tell(EngineEventKind::Traded, taker, price, out);
    traded.quantity = quantity;
    traded.makerId = idOf(maker, making);
    traded.makerTag = making.tag;
    traded.makerLeaves = making.quantity - quantity;
    noteTrade(m_books[taking.book], price);
    if (making.quantity == quantity) {
        unlink(maker);
        release(maker);
    } else {
        making.quantity -= quantity;
        m_levels[making.level].quantity -= quantity;
    }
}

void MatchingEngine::remove(std::uint32_t slot, EngineEvents& out)
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
    if (stopped)
        m_stops[order.stop].limitPrice = price;
    const bool samePlace = stopped || restingKey(order.side, price) == m_levels[order.level].key;
    if (samePlace && (stopped || quantity <= order.quantity)) {
        m_levels[order.level].quantity += quantity - order.quantity;
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
    const Ladder& ladder = m_books[book].sides[at(side)];
    if (ladder.empty())
        return std::nullopt;
    const Level& level = bestLevel(ladder);
    return EngineLevel{side == Side::Buy ? -level.key : level.key, level.quantity,
                       level.orderCount};
}

std::vector<EngineLevel> MatchingEngine::levels(BookIndex book, Side side, std::size_t depth) const
{
    std::vector<EngineLevel> result;
    const Ladder& ladder = m_books[book].sides[at(side)];
    for (auto index = ladder.levels.rbegin(); index != ladder.levels.rend(); ++index) {
        if (result.size() == depth)
            break;
        const Level& level = m_levels[*index];
        result.push_back({side == Side::Buy ? -level.key : level.key, level.quantity,
                          level.orderCount});
    }
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
        for (const auto level : ladder->levels)
            count += m_levels[level].orderCount;
    }
    return count;
}

std::int64_t MatchingEngine::lastTrade(BookIndex book) const
{
    return m_books[book].lastTrade;
}

} // namespace qd::exchange
