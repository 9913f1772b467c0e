#include "services/brokers/alpaca/alpaca_settings.h"

#include <string_view>
#include <utility>

#include "services/json/json.h"

namespace qd::brokers {

AlpacaSettings AlpacaSettings::clone() const
{
    std::vector<Key> more;
    for (const auto& key : moreDataKeys) more.push_back({key.keyId.clone(), key.secretKey.clone()});
    return {tradingUrl,      streamUrl,         dataUrl,         dataStreamUrl, cryptoStreamUrl,
            keyId.clone(),   secretKey.clone(), std::move(more), account,       simulated,
            commandTimeout,  queryTimeout,      streamIdleTimeout, accessToken.clone(), renew};
}

void AlpacaSettings::take(Key key)
{
    keyId = std::move(key.keyId);
    secretKey = std::move(key.secretKey);
    accessToken = std::move(key.accessToken);
}

std::string AlpacaSettings::optionsStreamUrl() const
{
    const std::pair<std::string_view, const char*> ways[] = {{"/v2/iex", "/v1beta1/indicative"},
                                                             {"/v2/sip", "/v1beta1/opra"}};
    for (const auto& [stocks, options] : ways)
        if (dataStreamUrl.ends_with(stocks))
            return dataStreamUrl.substr(0, dataStreamUrl.size() - stocks.size()) + options;
    return {};
}

runtime::Secret writeKey(const AlpacaSettings::Key& key)
{
    json::Writer out;
    out.beginObject()
        .member("keyId", key.keyId.revealForUse())
        .member("secretKey", key.secretKey.revealForUse())
        .endObject();
    return runtime::Secret(out.take());
}

Result<AlpacaSettings::Key> readKey(std::string_view text)
{
    const auto document = json::Document::parse(text);
    const auto read = [&](const char* name) {
        return runtime::Secret(document ? std::string(document->root()[name].stringOr({}))
                                        : std::string());
    };
    AlpacaSettings::Key key{read("keyId"), read("secretKey")};
    if (key.keyId.empty() || key.secretKey.empty())
        return fail(ErrorKind::Invalid, "alpaca.key_text",
                    "expected JSON with the members keyId and secretKey");
    return key;
}

void hideKeys(std::string& text, const AlpacaSettings& settings)
{
    const auto hide = [&text](const runtime::Secret& key) {
        const auto value = key.revealForUse();
        if (value.empty()) return;
        for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at))
            text.replace(at, value.size(), "***");
    };
    hide(settings.accessToken);
    hide(settings.secretKey);
    hide(settings.keyId);
    for (const auto& key : settings.moreDataKeys) {
        hide(key.secretKey);
        hide(key.keyId);
    }
}

} // namespace qd::brokers
