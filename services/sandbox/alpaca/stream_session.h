#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "services/json/json.h"
#include "services/json/message_pack.h"
#include "services/wire/http.h"

namespace qd::sandbox::alpaca {

/// How a client wants its messages: by the `Content-Type` of its upgrade request.
enum class Codec { Json, MessagePack };
Codec codecOf(const wire::Headers& headers);

/// One message from a client as JSON: text, JSON in a binary frame, or MessagePack.
Result<json::Document> decodeMessage(const wire::WebSocketMessage& message);

/// JSON text as one message in the client's codec.
wire::WebSocketMessage encodeMessage(std::string json, Codec codec, bool binaryJson,
                                     json::TimestampForm timestamps);

} // namespace qd::sandbox::alpaca
