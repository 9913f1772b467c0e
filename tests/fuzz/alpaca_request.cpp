// Hostile bytes at the sandbox's doors: REST requests, stream messages, MessagePack, toxics.
// uses: models/base models/orders services/runtime services/json services/wire services/exchange services/sandbox
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "services/sandbox/alpaca/stream_session.h"
#include "services/sandbox/alpaca/text.h"
#include "services/sandbox/faults.h"
#include "services/json/message_pack.h"
#include "services/sandbox/proxy/toxic.h"
#include "services/sandbox/proxy/toxic_chain.h"

namespace {

/// What MessagePack reads must be JSON, and must be the same after a round trip.
void messagePack(std::string_view bytes)
{
    using namespace qd;
    const auto text = json::fromMessagePack(bytes);
    if (!text)
        return;
    const auto document = json::Document::parse(*text, {16u << 20, 40, 1'000'000});
    if (!document)
        return; // numbers that no JSON number can hold
    const auto again = json::fromMessagePack(
        json::toMessagePack(document->root(), json::TimestampForm::Text));
    QD_ASSERT(again.has_value());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace qd;
    if (size == 0)
        return 0;
    const std::string bytes(data + 1, data + size);
    switch (data[0] % 4) {
    case 0: messagePack(bytes); break;
    case 1: {
        const auto decoded = sandbox::alpaca::decodeMessage({(data[0] & 0x80) != 0, bytes});
        if (decoded)
            sandbox::alpaca::encodeMessage(decoded->root().dump(),
                                           sandbox::alpaca::Codec::MessagePack, true,
                                           json::TimestampForm::Extension);
        break;
    }
    case 2:
        if (const auto document = json::Document::parse(bytes)) {
            sandbox::FaultBook faults;
            (void)faults.add(document->root(), Duration::zero());
            if (const auto toxic = sandbox::parseToxic(document->root())) {
                runtime::SeededRandom random(1);
                sandbox::ToxicChain chain(toxic->stream, random);
                chain.setToxics({*toxic}, Duration::zero());
                chain.push("GET / HTTP/1.1\r\n\r\n", Duration::zero());
                while (!chain.isEmpty())
                    (void)chain.take();
            }
        }
        break;
    default:
        (void)sandbox::alpaca::parseInstant(bytes);
        if (const auto decoded = sandbox::alpaca::fromBase64(bytes))
            QD_ASSERT(sandbox::alpaca::fromBase64(sandbox::alpaca::toBase64(*decoded)) == decoded);
        break;
    }
    return 0;
}
