// Frames of Alpaca's market-data stream: whatever comes is decoded, ignored or handed over as
// malformed; the decoder is as good as new afterwards.
// uses: models/base models/market services/brokers
#include <cstdint>

#include "services/brokers/alpaca/market_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace qd;
    using brokers::alpaca::MarketDecoder;
    static MarketDecoder decoder;
    const auto now = Timestamp::fromSeconds(1'767'625'200);
    std::vector<brokers::MarketEvent> events;
    std::vector<MarketDecoder::Control> controls;
    decoder.decode({reinterpret_cast<const char*>(data), size}, now, events, controls);
    // A message has at least two characters and a separator.
    QD_ASSERT(events.size() + controls.size() <= size / 2 + 1);

    events.clear();
    decoder.decode(
        R"([{"T":"q","S":"A","bp":1,"bs":1,"ap":2,"as":1,"t":"2026-01-05T15:00:00.1Z"}])", now,
        events, controls);
    QD_ASSERT(events.size() == 1 && std::holds_alternative<Quote>(events[0]));
    QD_ASSERT(std::get<Quote>(events[0]).eventTime == Timestamp::of("2026-01-05T15:00:00.1Z"));
    return 0;
}
