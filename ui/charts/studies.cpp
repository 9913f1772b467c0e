#include "ui/charts/studies.h"

#include <limits>

namespace qd::ui {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
/// New York's midnight is never later than this in UTC; the market is shut at that hour.
constexpr std::int64_t kMidnightMs = 5 * 3'600'000;

} // namespace

std::int64_t Studies::dayOf(std::int64_t startMs) const
{
    return (m_days == Days::Utc ? startMs : startMs - kMidnightMs) / kDayMs;
}

double Studies::averageAfter(double previous, double value, int length)
{
    const double weight = 2.0 / (length + 1);
    return previous + weight * (value - previous);
}

void Studies::rebuild(const BarPyramid& bars, bool withVwap, Days days)
{
    m_days = days;
    m_withVwap = withVwap;
    m_fast.clear();
    m_slow.clear();
    m_vwap.clear();
    m_closed = m_open = {};
    for (std::vector<double>* line : {&m_fast, &m_slow}) line->reserve(bars.size());
    for (std::size_t i = 0; i < bars.size(); ++i) extend(bars, i);
}

void Studies::follow(const BarPyramid& bars)
{
    if (bars.empty()) return;
    const std::size_t last = bars.size() - 1;
    for (std::size_t i = m_fast.size(); i < last; ++i) extend(bars, i);
    extend(bars, last);
}

void Studies::extend(const BarPyramid& bars, std::size_t index)
{
    const bool isNew = index == m_fast.size();
    if (isNew) {
        m_fast.emplace_back();
        m_slow.emplace_back();
        m_closed = m_open;
    }
    const Candle& bar = bars.bar(index);
    const auto line = [&](std::vector<double>& values, int length) {
        values[index] = index == 0 ? bar.close : averageAfter(values[index - 1], bar.close, length);
    };
    line(m_fast, kFastLength);
    line(m_slow, kSlowLength);
    if (!m_withVwap) return;
    if (isNew) m_vwap.emplace_back();
    m_open = m_closed;
    const std::int64_t day = dayOf(bars.startMs(index));
    if (m_open.day != day) m_open = {0, 0, day};
    const double typical = (bar.high + bar.low + bar.close) / 3;
    m_open.priceVolume += typical * bar.volume;
    m_open.volume += bar.volume;
    m_vwap[index] = m_open.volume > 0 ? m_open.priceVolume / m_open.volume
                                      : std::numeric_limits<double>::quiet_NaN();
}

} // namespace qd::ui
