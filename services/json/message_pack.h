#pragma once

#include <string>
#include <string_view>

#include "models/base/result.h"
#include "services/json/json.h"

namespace qd::json {

/// How RFC 3339 strings under the key "t" travel: as they are, or as the MessagePack timestamp
/// extension (type −1), as Alpaca's data stream sends them.
enum class TimestampForm { Text, Extension };

/// A JSON value as MessagePack.
std::string toMessagePack(const Value& value, TimestampForm timestamps);

/// One MessagePack value as JSON text. Binary becomes a string, timestamps become RFC 3339; other
/// extensions and non-string keys are refused.
/// Fails with: Invalid "messagepack.syntax", "messagepack.too_deep", "messagepack.too_large".
Result<std::string> fromMessagePack(std::string_view bytes);

} // namespace qd::json
