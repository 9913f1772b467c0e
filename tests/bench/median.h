#pragma once

#include <algorithm>
#include <vector>

namespace qd::bench {

/// Of at least one value.
inline double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

} // namespace qd::bench
