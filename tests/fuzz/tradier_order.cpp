// Tradier's REST texts, account and market events: whatever comes, a reader answers with a value or an error.
// uses: models/base models/market models/orders services/json services/brokers
#include <cstdint>

#include "models/market/bar_merge.h"
#include "services/brokers/tradier/market_json.h"
#include "services/brokers/tradier/order_tracker.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace qd;
    namespace tradier = brokers::tradier;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const AccountId account("paper");
    const auto now = Timestamp::fromSeconds(1'767'625'200);
    const auto error = tradier::readError(400 + data[0] % 200, text);
    QD_ASSERT(!error.code.empty() && !error.detail.empty());
    const auto document = json::Document::parse(text);
    if (!document) return 0;
    const auto root = document->root();
    tradier::OrderTracker tracker(account, Timestamp());
    if (const auto order = tradier::readOrder(root, account)) {
        const auto& report = order->report;
        QD_ASSERT(!report.request.symbol.empty());
        for (const Quantity quantity : {report.request.quantity, report.filledQuantity})
            QD_ASSERT(!quantity.isNegative() && quantity <= tradier::kQuantityMax);
        tracker.settle(*order, now);
        for (const auto& fill : tracker.fillsSince({}))
            QD_ASSERT(fill.quantity.isPositive() && fill.price.isPositive());
    }
    if (const auto event = tradier::readEvent(root); event && tracker.knows(event->id))
        (void)tracker.apply(*event, now);
    if (const auto refusal = tradier::readErrors(root)) QD_ASSERT(!refusal->code.empty());
    (void)tradier::readBalances(root, account, now);
    if (const auto position = tradier::readPosition(root, account))
        QD_ASSERT(position->quantity.abs() <= tradier::kQuantityMax);
    (void)tradier::readSecurity(root);
    if (const auto event = tradier::readMarketEvent(root, now); event && *event) {
        if (const auto* quote = std::get_if<Quote>(&**event))
            QD_ASSERT(quote->bid <= tradier::kPriceMax && !quote->askSize.isNegative());
        if (const auto* trade = std::get_if<Trade>(&**event))
            QD_ASSERT(!trade->price.isNegative() && trade->eventTime.isSet());
    }
    for (const auto zone : {tradier::DayZone::NewYork, tradier::DayZone::Utc}) {
        (void)tradier::readQuoteRow(root, now, zone);
        (void)tradier::readDayBar(root, zone);
    }
    if (const auto bar = tradier::readSale(root))
        QD_ASSERT(gather({*bar, *bar}, std::chrono::hours(1)).size() == 1);
    return 0;
}
