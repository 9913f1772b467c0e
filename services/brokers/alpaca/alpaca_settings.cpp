#include "services/brokers/alpaca/alpaca_settings.h"

namespace qd::brokers {

AlpacaSettings AlpacaSettings::clone() const
{
    return {tradingUrl,    streamUrl,         dataUrl,      dataStreamUrl,   cryptoStreamUrl,
            keyId.clone(), secretKey.clone(), account,      simulated,
            commandTimeout, queryTimeout,     streamIdleTimeout};
}

void hideKeys(std::string& text, const AlpacaSettings& settings)
{
    for (const auto* key : {&settings.secretKey, &settings.keyId}) {
        const auto value = key->revealForUse();
        if (value.empty()) continue;
        for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at))
            text.replace(at, value.size(), "***");
    }
}

} // namespace qd::brokers
