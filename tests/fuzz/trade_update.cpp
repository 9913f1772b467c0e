// Alpaca's trade updates: an update, or an error that says why not.
// uses: models/base models/market models/orders services/json services/brokers
#include <cstdint>

#include "services/brokers/alpaca/trade_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace qd;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto document = json::Document::parse(text);
    if (!document) return 0;
    const auto update = brokers::alpaca::readTradeUpdate(document->root(), AccountId("paper"),
                                                         Timestamp::fromSeconds(1'767'625'200));
    if (!update) {
        QD_ASSERT(!update.error().code.empty());
        return 0;
    }
    QD_ASSERT(update->eventTime.isSet());
    QD_ASSERT((update->kind == OrderEventKind::Filled) == update->fill.has_value());
    if (update->fill) {
        QD_ASSERT(!update->fill->symbol.empty());
        QD_ASSERT(!update->fill->quantity.isNegative());
    }
    return 0;
}
