#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/runtime/config.h"

namespace qd::runtime {

/// "alpaca.key_id" → "QUARTERDECK_ALPACA_KEY_ID".
std::string environmentName(const std::string& prefix, std::string_view key);
/// "alpaca.key_id" → "--alpaca-key-id".
std::string argumentName(std::string_view key);

/// "true", "yes", "on", "1" and their opposites.
std::optional<bool> parseBoolean(std::string_view text);
/// A whole number with its unit: ms, s, m or h.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);
/// Parts between commas, trimmed; empty ones are left out.
std::vector<std::string> splitList(std::string_view text);

/// What is wrong with `text` as a value of `setting`; nothing if it is good.
std::optional<std::string> faultOf(const Setting& setting, const std::string& text);

/// The candidate with the fewest typing errors, if there are at most `distanceMax` of them.
std::optional<std::string> nearest(const std::string& name,
                                   const std::vector<std::string>& candidates, int distanceMax);

} // namespace qd::runtime
