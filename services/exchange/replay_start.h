#pragma once

#include <vector>

#include "services/exchange/recording.h"

namespace qd::exchange {

/// Where a replay best begins, in recorded time, so that its viewers meet a living market with some
/// history on their charts: a quarter of an hour into New York's regular session where the first
/// recorded day of a stock reaches that far, else a quarter into the recording. What is before
/// serves as history. Not set when nothing is recorded.
Timestamp suggestedStart(const std::vector<Recording>& recordings);

} // namespace qd::exchange
