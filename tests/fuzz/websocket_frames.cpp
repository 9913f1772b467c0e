// WebSocket frame decoding: the same events however the bytes are cut, and bounded messages.
// uses: models/base services/runtime services/wire
#include <algorithm>
#include <cstdint>
#include <vector>

#include "services/wire/frames.h"

namespace {

constexpr std::size_t kMessageMax = 1000;

std::vector<std::string> decode(std::string_view bytes, std::size_t pieceSize)
{
    using Step = qd::wire::FrameDecoder::Step;
    qd::wire::FrameDecoder decoder(true, kMessageMax);
    std::vector<std::string> events;
    while (!bytes.empty()) {
        std::string_view piece = bytes.substr(0, std::min(pieceSize, bytes.size()));
        bytes.remove_prefix(piece.size());
        while (true) {
            const Step step = decoder.next(piece);
            if (step == Step::NeedMore) break;
            if (step == Step::Message) {
                const auto message = decoder.takeMessage();
                QD_ASSERT(message.payload.size() <= kMessageMax);
                QD_ASSERT(message.binary || qd::wire::isValidUtf8(message.payload));
                events.push_back(message.payload);
            } else if (step == Step::Ping || step == Step::Pong) {
                QD_ASSERT(decoder.control().size() <= 125);
                events.push_back("control " + decoder.control());
            } else {
                events.push_back("end " + std::to_string(decoder.closeReason().code));
                return events;
            }
        }
    }
    return events;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const std::string text(bytes, bytes + size);
    const auto whole = decode(text, std::max<std::size_t>(size, 1));
    QD_ASSERT(whole == decode(text, 1));
    QD_ASSERT(whole == decode(text, 7));
    return 0;
}
