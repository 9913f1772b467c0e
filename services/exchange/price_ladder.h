#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "models/base/result.h"

namespace qd::exchange {

/// The price levels of one side of a book, each the head and tail of a queue of orders.
/// A key orders them: the best has the smallest (a price, or a negated one). One thread.
///
/// Levels lie in one sorted array. One that empties keeps its place, and small gaps are filled with
/// empty places a step apart: so a key's place follows from its distance to the best, and that one
/// cache line is all that is looked at. Where prices are too far apart for that, it is searched
/// for. Memory is bounded by the levels with orders: there are at most `kFill` empty places to each
/// when the array is laid out anew, and it is when it is full.
class PriceLadder {
public:
    static constexpr std::uint32_t kNone = 0xffffffffu;
    static constexpr std::size_t kUsualLevels = 128;
    static constexpr std::int64_t kFill = 16;

    /// Two to a cache line, never across one.
    struct alignas(32) Level {
        std::int64_t key = 0;
        std::int64_t quantity = 0;
        std::uint32_t head = kNone, tail = kNone;
        std::uint32_t orderCount = 0;
    };

    /// Make room for the usual number of levels, and touch it: a page's first use shows as a pause.
    void warmUp();

    bool empty() const { return m_bestKey == kNoKey; }
    /// The largest integer if there is no order.
    std::int64_t bestKey() const { return m_bestKey; }
    /// The level of the best orders; there must be one.
    Level& best() { return m_levels[m_best]; }
    /// Null if there is no order.
    const Level* bestLevel() const { return empty() ? nullptr : &m_levels[m_best]; }
    /// The next level with orders, or null.
    const Level* worse(const Level& level) const;

    /// The level of `key`, which must have orders.
    Level& at(std::int64_t key);
    /// One more order comes to `key`: its level, counted already. Other references end here.
    Level& join(std::int64_t key);
    /// One order leaves `level`, which is that of `key`. References end here if it was the last.
    void leave(Level& level, std::int64_t key);
    /// Levels in memory, the empty ones included.
    std::size_t places() const { return m_levels.size(); }

private:
    static constexpr std::int64_t kNoKey = std::numeric_limits<std::int64_t>::max();

    std::size_t likelyPlace(std::int64_t key) const;
    std::size_t search(std::int64_t key) const;
    std::size_t find(std::int64_t key);
    std::size_t insert(std::size_t place, std::int64_t key);
    void fallBack();
    std::int64_t missing(std::int64_t gap) const;
    void layOut(std::int64_t key);

    std::int64_t m_bestKey = kNoKey;
    /// The smallest distance of two neighbours, 0 if none.
    std::int64_t m_step = 0;
    std::size_t m_best = 0; ///< no meaning while empty
    /// Worst first, so that most changes are at the end.
    std::vector<Level> m_levels;
};

inline std::size_t PriceLadder::likelyPlace(std::int64_t key) const
{
    if (key == m_bestKey || m_step == 0)
        return m_best;
    // Keys of one ladder have one sign, so the difference fits. Below zero wraps to far outside.
    return m_best - static_cast<std::size_t>((key - m_bestKey) / m_step);
}

inline PriceLadder::Level& PriceLadder::at(std::int64_t key)
{
    auto place = likelyPlace(key);
    if (place >= m_levels.size() || m_levels[place].key != key)
        place = search(key);
    QD_ASSERT(place < m_levels.size() && m_levels[place].key == key);
    return m_levels[place];
}

inline PriceLadder::Level& PriceLadder::join(std::int64_t key)
{
    auto place = likelyPlace(key);
    if (place >= m_levels.size() || m_levels[place].key != key)
        place = find(key);
    ++m_levels[place].orderCount;
    if (key < m_bestKey) {
        m_bestKey = key;
        m_best = place;
    }
    return m_levels[place];
}

inline void PriceLadder::leave(Level& level, std::int64_t key)
{
    --level.orderCount;
    // In this order: the count may come from far memory, and a wrong guess at it would wait there.
    if (key == m_bestKey && level.orderCount == 0)
        fallBack();
}

} // namespace qd::exchange
