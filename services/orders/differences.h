#pragma once

#include <string>
#include <string_view>

#include "services/orders/facts.h"

namespace qd::orders {

inline constexpr std::string_view kPositionDiffers = "position";
inline constexpr std::string_view kOrderDiffers = "order";
inline constexpr std::string_view kCashDiffers = "cash";

/// The name of exactly this disagreement: another size or another beginning is another one. The same
/// on every machine and after every restart.
std::string differenceId(const Difference& difference);
/// "difference.position"
std::string codeOf(const Difference& difference);
/// Does it stop new entries? Cash does not: transfers and dividends come unannounced.
bool blocksEntries(const Difference& difference);
/// What a person should do about it, in whole sentences.
std::string_view whatToDo(const Difference& difference);

} // namespace qd::orders
