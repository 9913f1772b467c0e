#include "services/brokers/alpaca/alpaca_settings.h"

namespace qd::brokers {

AlpacaSettings AlpacaSettings::clone() const
{
    return {tradingUrl,    streamUrl,         dataUrl,      dataStreamUrl,
            keyId.clone(), secretKey.clone(), account,      simulated,
            commandTimeout, queryTimeout,     streamIdleTimeout};
}

} // namespace qd::brokers
