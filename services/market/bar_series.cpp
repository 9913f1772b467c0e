#include "services/market/bar_series.h"

#include <algorithm>

#include "services/market/bar_builder.h"

namespace qd::market {

namespace {

using namespace std::chrono_literals;

/// How long a growing bar is good enough before it is asked for again.
Duration tailGoodFor(BarInterval interval)
{
    return std::clamp<Duration>(lengthOf(interval) / 12, 2s, 60s);
}

} // namespace

TimeRange aligned(TimeRange range, BarInterval interval)
{
    const Duration length = lengthOf(interval);
    const Timestamp to = floorTo(range.to, length);
    return {floorTo(range.from, length), to < range.to ? to + length : to};
}

std::vector<TimeRange> BarSeries::missing(TimeRange wanted, Timestamp now) const
{
    if (!m_from.isSet()) return {wanted};
    const Duration bridge = lengthOf(m_interval) * kBridgeBarsMax;
    if (wanted.from > m_to + bridge || wanted.to + bridge < m_from) return {wanted};
    std::vector<TimeRange> ranges;
    if (wanted.from < m_from) ranges.push_back({wanted.from, m_from});
    const bool tailIsFresh = m_tailAt.isSet() && now - m_tailAt < tailGoodFor(m_interval);
    const Timestamp known = tailIsFresh ? std::max(m_to, m_tailTo) : m_to;
    if (wanted.to > known) ranges.push_back({m_to, wanted.to});
    return ranges;
}

void BarSeries::merge(TimeRange range, std::vector<Bar> fetched, Timestamp settledTo, Timestamp now)
{
    std::erase_if(fetched, [&](const Bar& bar) {
        return bar.start < range.from || bar.start >= range.to;
    });
    std::stable_sort(fetched.begin(), fetched.end(),
                     [](const Bar& a, const Bar& b) { return a.start < b.start; });
    fetched.erase(std::unique(fetched.begin(), fetched.end(),
                              [](const Bar& a, const Bar& b) { return a.start == b.start; }),
                  fetched.end());

    const bool joins = m_from.isSet() && range.from <= m_to && range.to >= m_from;
    if (!joins) m_bars.clear();
    replace(range, std::move(fetched));
    const Timestamp settled = std::max(range.from, std::min(range.to, settledTo));
    m_from = joins ? std::min(m_from, range.from) : range.from;
    m_to = joins ? std::max(m_to, settled) : settled;
    if (!joins || range.to >= m_tailTo) {
        m_tailTo = range.to;
        m_tailAt = now;
    }
}

void BarSeries::extend(Timestamp wholeSince, const Bar& bar, Timestamp end)
{
    // Between the settled stretch and this bar everything must have been seen.
    if (!m_from.isSet() || m_to < wholeSince || bar.start < m_to) return;
    replace({m_to, end}, {bar});
    m_to = end;
}

void BarSeries::replace(TimeRange range, std::vector<Bar> bars)
{
    const auto first = at(range.from), last = at(range.to);
    const auto hole = m_bars.erase(first, last);
    m_bars.insert(hole, bars.begin(), bars.end());
}

std::vector<Bar>::const_iterator BarSeries::at(Timestamp start) const
{
    return std::lower_bound(m_bars.begin(), m_bars.end(), start,
                            [](const Bar& bar, Timestamp time) { return bar.start < time; });
}

std::vector<Bar> BarSeries::slice(TimeRange range, std::size_t limit) const
{
    auto first = at(range.from);
    const auto last = at(range.to);
    const auto count = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, last - first));
    if (count > limit) first = last - static_cast<std::ptrdiff_t>(limit);
    return {first, std::max(first, last)};
}

} // namespace qd::market
