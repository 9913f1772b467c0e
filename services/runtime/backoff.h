// How long to wait before trying again: the one answer for every part of the house.
#pragma once

#include "models/base/timestamp.h"
#include "services/runtime/random.h"

namespace qd::runtime {

/// The longest wait before retry number `retry` (1 …): `base`, doubled with each, never above `cap`.
Duration grownWait(Duration base, Duration cap, int retry);

/// Full jitter: drawn evenly from [0, grownWait], so that those who failed together do not come
/// back together; never below `floor`, as far as `cap` allows.
Duration jitteredWait(Duration base, Duration cap, int retry, Random& random, Duration floor = {});

} // namespace qd::runtime
