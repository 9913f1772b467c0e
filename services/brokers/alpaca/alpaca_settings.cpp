#include "services/brokers/alpaca/alpaca_settings.h"

namespace qd::brokers {

AlpacaSettings AlpacaSettings::clone() const
{
    std::vector<Key> more;
    for (const auto& key : moreDataKeys) more.push_back({key.keyId.clone(), key.secretKey.clone()});
    return {tradingUrl,      streamUrl,         dataUrl,         dataStreamUrl, cryptoStreamUrl,
            keyId.clone(),   secretKey.clone(), std::move(more), account,       simulated,
            commandTimeout,  queryTimeout,      streamIdleTimeout};
}

void hideKeys(std::string& text, const AlpacaSettings& settings)
{
    const auto hide = [&text](const runtime::Secret& key) {
        const auto value = key.revealForUse();
        if (value.empty()) return;
        for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at))
            text.replace(at, value.size(), "***");
    };
    hide(settings.secretKey);
    hide(settings.keyId);
    for (const auto& key : settings.moreDataKeys) {
        hide(key.secretKey);
        hide(key.keyId);
    }
}

} // namespace qd::brokers
