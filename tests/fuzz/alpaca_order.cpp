// Alpaca's REST texts: whatever comes, a reader answers with a value or an error.
// uses: models/base models/market models/orders services/json services/brokers
#include <cstdint>

#include "services/brokers/alpaca/order_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace qd;
    namespace alpaca = brokers::alpaca;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const AccountId account("paper");
    const auto now = Timestamp::fromSeconds(1'767'625'200);
    const auto error = alpaca::readError(400 + data[0] % 200, text);
    QD_ASSERT(!error.code.empty() && !error.detail.empty());
    const auto document = json::Document::parse(text);
    if (!document) return 0;
    const auto root = document->root();
    if (const auto report = alpaca::readOrder(root, account)) {
        QD_ASSERT(!report->request.symbol.empty());
        // The rooms behind add and subtract these.
        for (const Quantity quantity : {report->request.quantity, report->filledQuantity})
            QD_ASSERT(!quantity.isNegative() && quantity <= alpaca::kQuantityMax);
        // What we understood can be asked for again.
        const auto written = json::Document::parse(alpaca::writeOrder(report->request));
        QD_ASSERT(written.has_value());
    }
    (void)alpaca::readAccount(root, account, now);
    if (const auto position = alpaca::readPosition(root, account))
        QD_ASSERT(position->quantity.abs() <= alpaca::kQuantityMax);
    (void)alpaca::readAsset(root);
    (void)alpaca::readFillActivity(root, account, now);
    return 0;
}
