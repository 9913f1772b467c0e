#include "app/backend/broker_parts.h"

#include "app/backend/broker_settings.h"

namespace qd::app {

std::unique_ptr<BrokerParts> BrokerParts::make(const runtime::Config& config, const World& world)
{
    const auto name = brokerName(config);
    if (name == "tradier") return makeTradierParts(config, world);
    return name == "ibkr" ? makeIbkrParts(config, world) : makeAlpacaParts(config, world);
}

} // namespace qd::app
