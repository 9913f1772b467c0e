#include "services/sandbox/alpaca/stream_session.h"

namespace qd::sandbox::alpaca {

Codec codecOf(const wire::Headers& headers)
{
    const std::string_view type = headers.find("Content-Type");
    return type.find("msgpack") != std::string_view::npos ? Codec::MessagePack : Codec::Json;
}

Result<json::Document> decodeMessage(const wire::WebSocketMessage& message)
{
    const auto first = message.payload.find_first_not_of(" \t\r\n");
    const bool looksLikeJson = first != std::string::npos
        && (message.payload[first] == '{' || message.payload[first] == '[');
    if (!message.binary || looksLikeJson)
        return json::Document::parse(message.payload);
    return json::fromMessagePack(message.payload).and_then([](const std::string& text) {
        return json::Document::parse(text);
    });
}

wire::WebSocketMessage encodeMessage(std::string json, Codec codec, bool binaryJson,
                                     json::TimestampForm timestamps)
{
    if (codec == Codec::Json)
        return {binaryJson, std::move(json)};
    const auto document = json::Document::parse(json, {64u << 20, 32, 5'000'000});
    QD_ASSERT(document.has_value()); // it is our own text
    return {true, json::toMessagePack(document->root(), timestamps)};
}

} // namespace qd::sandbox::alpaca
