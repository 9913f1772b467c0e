#include "services/exchange/price_ladder.h"

#include <algorithm>
#include <utility>

namespace qd::exchange {

void PriceLadder::warmUp()
{
    if (!m_levels.empty())
        return;
    m_levels.resize(kUsualLevels);
    m_levels.clear();
}

const PriceLadder::Level* PriceLadder::worse(const Level& level) const
{
    for (const Level* next = &level; next != m_levels.data();) {
        --next;
        if (next->orderCount > 0)
            return next;
    }
    return nullptr;
}

/// Where `key` is, or where it belongs.
std::size_t PriceLadder::search(std::int64_t key) const
{
    std::size_t first = 0, last = m_levels.size(); // the place is in first … last, both included
    if (!empty() && m_step > 0) {
        // Neighbours are a step apart at least: no more levels are between the key and the best.
        if (key > m_bestKey) {
            const auto between = static_cast<std::size_t>((key - m_bestKey) / m_step);
            first = between < m_best ? m_best - between : 0;
            last = m_best;
        } else {
            const auto between = static_cast<std::size_t>((m_bestKey - key) / m_step);
            first = m_best;
            last = std::min(last, m_best + between + 1);
        }
    }
    const auto from = m_levels.begin();
    const auto found = std::partition_point(from + static_cast<std::ptrdiff_t>(first),
                                            from + static_cast<std::ptrdiff_t>(last),
                                            [key](const Level& level) { return level.key > key; });
    return static_cast<std::size_t>(found - from);
}

/// The place of `key`; it is made if the key has none yet.
std::size_t PriceLadder::find(std::int64_t key)
{
    const auto place = search(key);
    const bool known = place < m_levels.size() && m_levels[place].key == key;
    return known ? place : insert(place, key);
}

std::size_t PriceLadder::insert(std::size_t place, std::int64_t key)
{
    const auto worseGap = place > 0 ? m_levels[place - 1].key - key : 0;
    const auto betterGap = place < m_levels.size() ? key - m_levels[place].key : 0;
    const auto before = missing(worseGap), after = missing(betterGap);
    const auto added = static_cast<std::size_t>(before + 1 + after);
    const auto narrower = [this](std::int64_t gap) {
        return gap > 0 && (m_step == 0 || gap < m_step);
    };
    if (narrower(worseGap) || narrower(betterGap)
        || m_levels.size() + added > m_levels.capacity()) {
        layOut(key);
        return search(key);
    }
    m_levels.insert(m_levels.begin() + static_cast<std::ptrdiff_t>(place), added, Level());
    for (std::size_t i = 0; i < added; ++i)
        m_levels[place + i].key = key + (before - static_cast<std::int64_t>(i)) * m_step;
    if (!empty() && place <= m_best)
        m_best += added;
    return place + static_cast<std::size_t>(before);
}

/// How many empty places make a gap whole; none if it is too wide, or no multiple of the step.
std::int64_t PriceLadder::missing(std::int64_t gap) const
{
    if (m_step == 0 || gap % m_step != 0)
        return 0;
    const auto places = gap / m_step - 1;
    return places > 0 && places <= kFill ? places : 0;
}

/// Lay out all levels with orders, and a new one, with the gaps between them filled.
void PriceLadder::layOut(std::int64_t key)
{
    auto kept = std::exchange(m_levels, {});
    std::erase_if(kept, [](const Level& level) { return level.orderCount == 0; });
    Level added;
    added.key = key;
    kept.insert(std::partition_point(kept.begin(), kept.end(),
                                     [key](const Level& level) { return level.key > key; }),
                added);
    m_step = 0;
    for (std::size_t i = 1; i < kept.size(); ++i) {
        const auto gap = kept[i - 1].key - kept[i].key;
        m_step = m_step == 0 ? gap : std::min(m_step, gap);
    }
    auto places = kept.size();
    for (std::size_t i = 1; i < kept.size(); ++i)
        places += static_cast<std::size_t>(missing(kept[i - 1].key - kept[i].key));
    // Half of it is free, so that the next time is far.
    m_levels.reserve(std::max(kUsualLevels, 2 * places));
    for (const Level& level : kept) {
        auto between = m_levels.empty() ? 0 : missing(m_levels.back().key - level.key);
        for (Level filler; between > 0; --between) {
            filler.key = level.key + between * m_step;
            m_levels.push_back(filler);
        }
        if (level.key == m_bestKey)
            m_best = m_levels.size();
        m_levels.push_back(level);
    }
}

/// The best level is empty: the next one is the best now.
void PriceLadder::fallBack()
{
    constexpr std::size_t kLongWalk = 64;
    const Level* next = worse(m_levels[m_best]);
    const auto place = next == nullptr ? 0 : static_cast<std::size_t>(next - m_levels.data());
    const auto walked = m_best - place;
    m_bestKey = next == nullptr ? kNoKey : next->key;
    m_best = place;
    // All that is better is empty; the next walk over the same places would be as long.
    if (next == nullptr) {
        m_levels.clear();
        m_step = 0;
    } else if (walked > kLongWalk) {
        m_levels.resize(place + 1);
    }
}

} // namespace qd::exchange
