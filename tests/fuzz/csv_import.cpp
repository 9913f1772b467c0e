// Recordings as text: any bytes give a recording or an error with a line.
// uses: models/base models/market models/orders services/runtime services/exchange

#include <cstdint>

#include "services/exchange/replay_market.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace qd;
    using namespace qd::exchange;
    static constexpr const char* kNames[] = {"20131007_spy_minute_trade.csv", "20131007_spy_tick.csv",
                                             "lobster_aapl_20120621_message.csv", "acme.csv"};
    if (size < 1)
        return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes + 1), size - 1);
    const auto recording = parseRecording(kNames[bytes[0] % 4], text);
    if (!recording) {
        QD_ASSERT(!recording.error().code.empty());
        return 0;
    }
    MarketBatch events;
    expandRecording(*recording, 0, true, events);
    static_cast<void>(parseLobsterBook("book.csv", text));
    return 0;
}
