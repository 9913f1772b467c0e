#include "models/market/bar_merge.h"

#include <algorithm>

#include "models/base/clamped.h"

namespace qd {

void extend(Bar& bar, const Bar& later)
{
    bar.high = std::max(bar.high, later.high);
    bar.low = std::min(bar.low, later.low);
    bar.close = later.close;
    bar.volume = clampedSum(bar.volume, later.volume);
    bar.tradeCount += later.tradeCount;
}

void appendOrExtend(std::vector<Bar>& bars, Timestamp start, const Bar& bar)
{
    if (!bars.empty() && bars.back().start == start) return extend(bars.back(), bar);
    bars.push_back(bar);
    bars.back().start = start;
}

std::vector<Bar> gather(const std::vector<Bar>& bars, Duration length)
{
    std::vector<Bar> longer;
    for (const Bar& bar : bars)
        appendOrExtend(longer, bar.start - Duration(bar.start.nanos() % length.count()), bar);
    return longer;
}

} // namespace qd
