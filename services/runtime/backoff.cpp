#include "services/runtime/backoff.h"

#include <algorithm>

namespace qd::runtime {

Duration grownWait(Duration base, Duration cap, int retry)
{
    Duration wait = std::min(base, cap);
    for (int i = 1; i < retry && wait < cap && wait > Duration{}; ++i)
        wait = wait > cap / 2 ? cap : wait * 2;
    return wait;
}

Duration jitteredWait(Duration base, Duration cap, int retry, Random& random, Duration floor)
{
    const Duration ceiling = grownWait(base, cap, retry);
    const Duration least = std::min(floor, ceiling);
    const auto span = static_cast<std::uint64_t>((ceiling - least).count()) + 1;
    return least + Duration(static_cast<std::int64_t>(random.below(span)));
}

} // namespace qd::runtime
