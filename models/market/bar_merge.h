#pragma once

#include <vector>

#include "models/base/timestamp.h"
#include "models/market/quote.h"

namespace qd {

/// `bar` goes on to the end of `later`. A day's volume of a busy coin is more than a Quantity holds; it
/// stays at the most there is.
void extend(Bar& bar, const Bar& later);

/// `bar` is part of the one that begins at `start`: of the last one, or of a new one.
void appendOrExtend(std::vector<Bar>& bars, Timestamp start, const Bar& bar);

/// Bars of `length` > 0 out of shorter ones, oldest first; cut at multiples of it since 1970 (UTC).
std::vector<Bar> gather(const std::vector<Bar>& bars, Duration length);

} // namespace qd
