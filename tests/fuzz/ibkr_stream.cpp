// IBKR's stream: orders of which only changes are told, executions, market data. Any order of messages
// leaves totals that can be added and reports that can be told.
// uses: models/base models/market models/orders services/json services/runtime services/resilience services/wire services/brokers
#include <cstdint>

#include "services/brokers/ibkr/market_texts.h"
#include "services/brokers/ibkr/order_tracker.h"
#include "services/runtime/random.h"

namespace {

struct NoHttp final : qd::wire::HttpClient {
    void send(qd::wire::HttpRequest, Callback) override {}
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace qd;
    namespace ibkr = brokers::ibkr;
    static runtime::ThreadExecutor core("core");
    static runtime::SeededRandom random(1);
    static NoHttp http;
    static brokers::IbkrSettings settings;
    brokers::RequestGate gate(ibkr::gateTerms(settings), http, core, random);
    ibkr::ConidBook conids(settings, gate);
    ibkr::OrderTracker orders(conids, AccountId("paper"));
    ibkr::MarketLine line(Symbol::of("ACME"));
    const auto now = Timestamp::fromSeconds(1'767'625'200);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto document = json::Document::parse(text);
    if (!document) return 0;
    const auto root = document->root();
    const auto messages = root.isArray() ? root.items() : std::vector<json::Value>{root};
    for (const auto& message : messages) {
        if (const auto order = ibkr::readLiveOrder(message); order && orders.merge(*order)) {
            for (const auto& update : orders.news(order->orderId, now)) {
                QD_ASSERT(!update.report.venueOrderId.empty() && update.eventTime.isSet());
                QD_ASSERT(!update.report.request.symbol.empty());
                QD_ASSERT(!update.report.filledQuantity.isNegative());
            }
        }
        if (auto execution = ibkr::readExecution(message, AccountId("paper"), now))
            if (const auto fill = orders.fillOf(std::move(*execution))) {
                const auto update = orders.executed(*fill);
                QD_ASSERT(update.fill && update.fill->quantity.isPositive());
            }
        (void)line.read(message, now);
        brokers::MarketSnapshot snapshot{line.symbol(), line.quote(), line.lastTrade(), {}, {}};
        ibkr::readDays(message, now, /*utcDays=*/false, snapshot);
        if (snapshot.day) QD_ASSERT(!snapshot.day->volume.isNegative());
    }
    return 0;
}
