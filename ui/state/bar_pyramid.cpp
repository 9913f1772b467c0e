#include "ui/state/bar_pyramid.h"

#include <algorithm>

#include "models/base/result.h"

namespace qd::ui {

namespace {

Candle merged(const Candle& left, const Candle& right)
{
    return {left.open, std::max(left.high, right.high), std::min(left.low, right.low), right.close,
            left.volume + right.volume};
}

} // namespace

void BarPyramid::assign(std::vector<std::int64_t> startsMs, std::vector<Candle> bars)
{
    QD_ASSERT(startsMs.size() == bars.size());
    m_starts = std::move(startsMs);
    m_levels.clear();
    m_levels.push_back(std::move(bars));
    while (m_levels.back().size() > 1) {
        const std::vector<Candle>& below = m_levels.back();
        std::vector<Candle> level;
        level.reserve((below.size() + 1) / 2);
        for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
            level.push_back(merged(below[i], below[i + 1]));
        }
        if (below.size() % 2 == 1) level.push_back(below.back());
        m_levels.push_back(std::move(level));
    }
}

std::span<const Candle> BarPyramid::raw() const
{
    return m_levels[0];
}

void BarPyramid::append(std::int64_t startMs, const Candle& bar)
{
    QD_ASSERT(m_starts.empty() || startMs > m_starts.back());
    m_starts.push_back(startMs);
    m_levels[0].push_back(bar);
    refreshTail();
}

void BarPyramid::replaceLast(const Candle& bar)
{
    QD_ASSERT(!m_starts.empty());
    m_levels[0].back() = bar;
    refreshTail();
}

void BarPyramid::refreshTail()
{
    for (std::size_t k = 0; m_levels[k].size() > 1; ++k) {
        if (k + 1 == m_levels.size()) m_levels.emplace_back();
        const std::vector<Candle>& below = m_levels[k];
        std::vector<Candle>& level = m_levels[k + 1];
        const std::size_t index = (below.size() - 1) / 2;
        if (level.size() <= index) level.emplace_back();
        const std::size_t left = index * 2;
        level[index] = left + 1 < below.size() ? merged(below[left], below[left + 1]) : below[left];
    }
}

BarPyramid::Window BarPyramid::window(std::size_t first, std::size_t last,
                                      std::size_t candlesMax) const
{
    Window window;
    last = std::min(last, size());
    if (first >= last) return window;
    candlesMax = std::max<std::size_t>(candlesMax, 2);
    std::size_t level = 0;
    // One more than asked for, because the window's edges cut two candles rather than none.
    const auto count = [&] { return ((last - 1) >> level) + 1 - (first >> level); };
    while (level + 1 < m_levels.size() && count() > candlesMax + 1) ++level;
    const std::size_t begin = first >> level;
    const std::size_t end = ((last - 1) >> level) + 1;
    window.level = int(level);
    window.first = begin << level;
    window.candles = std::span(m_levels[level]).subspan(begin, end - begin);
    return window;
}

} // namespace qd::ui
