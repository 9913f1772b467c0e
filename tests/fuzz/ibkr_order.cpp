// IBKR's REST texts: whatever comes, a reader answers with a value or an error.
// uses: models/base models/market models/orders services/json services/brokers
#include <cstdint>

#include "services/brokers/ibkr/instrument_listing.h"
#include "services/brokers/ibkr/market_texts.h"
#include "services/brokers/ibkr/order_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace qd;
    namespace ibkr = brokers::ibkr;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const AccountId account("paper");
    const auto now = Timestamp::fromSeconds(1'767'625'200);
    const auto error = ibkr::readErrorBody(200 + data[0] * 2, text);
    QD_ASSERT(!error.code.empty() && !error.detail.empty());
    (void)ibkr::readPriceText(text);
    if (const auto quantity = ibkr::readSizeText(text))
        QD_ASSERT(!quantity->isNegative() && *quantity <= ibkr::kQuantityMax);
    const auto document = json::Document::parse(text);
    if (!document) return 0;
    const auto root = document->root();
    if (const auto answer = ibkr::readAnswer(root))
        if (const auto* taken = std::get_if<ibkr::Taken>(&*answer))
            QD_ASSERT(!taken->orders.empty() && !taken->orders[0].orderId.empty());
    (void)ibkr::readCancelAnswer(root);
    if (const auto holding = ibkr::readHolding(root, account))
        QD_ASSERT(holding->position.quantity.abs() <= ibkr::kQuantityMax);
    (void)ibkr::readSummary(root, account, now);
    if (const auto definition = ibkr::readDefinition(root))
        QD_ASSERT(!definition->second.symbol.empty() && definition->first > 0);
    (void)ibkr::readBar(root);
    return 0;
}
