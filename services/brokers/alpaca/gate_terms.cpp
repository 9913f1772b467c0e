#include "services/brokers/alpaca/gate_terms.h"

namespace qd::brokers::alpaca {

namespace {

/// Alpaca allows 200 requests a minute and key; a third of the burst is kept for orders and cancels.
constexpr resilience::RateLimit kRequests{
    .count = 200, .period = std::chrono::minutes(1), .burst = 60, .reserve = 20};

std::string alpacaBearer(const AlpacaSettings& settings)
{
    return "Bearer " + std::string(settings.accessToken.revealForUse());
}

/// What was refused may have been replaced since it was sent; else another one is asked for.
void renewAccess(const AlpacaSettings& settings, std::string_view refused,
                 std::function<void(bool)> then)
{
    if (settings.accessToken.empty()) return then(false);
    if (refused != alpacaBearer(settings)) return then(true);
    if (!settings.renew) return then(false);
    settings.renew(std::move(then));
}

GateTerms termsOf(const AlpacaSettings& settings, const runtime::Secret& keyId,
                  const runtime::Secret& secretKey)
{
    GateTerms terms;
    terms.venue = "Alpaca";
    terms.limit = kRequests;
    terms.commandTimeout = settings.commandTimeout;
    terms.queryTimeout = settings.queryTimeout;
    terms.howToConnect = "no Alpaca key is configured; set alpaca.key_id and alpaca.secret_key, or "
                         "connect the broker again";
    terms.hasCredentials = [&keyId, &secretKey] { return !keyId.empty() && !secretKey.empty(); };
    terms.sign = [&keyId, &secretKey](wire::Headers& headers) {
        headers.set("APCA-API-KEY-ID", std::string(keyId.revealForUse()));
        headers.set("APCA-API-SECRET-KEY", std::string(secretKey.revealForUse()));
    };
    terms.hideKeys = [&settings](std::string& text) { hideKeys(text, settings); };
    return terms;
}

} // namespace

GateTerms gateTerms(const AlpacaSettings& settings, std::string baseUrl, std::string breaker)
{
    auto terms = termsOf(settings, settings.keyId, settings.secretKey);
    terms.hasCredentials = [&settings] { return settings.hasCredentials(); };
    terms.sign = [&settings, byKey = std::move(terms.sign)](wire::Headers& headers) {
        if (settings.accessToken.empty()) return byKey(headers);
        headers.set("Authorization", alpacaBearer(settings));
    };
    terms.renew = [&settings](const wire::Headers& refused, std::function<void(bool)> then) {
        renewAccess(settings, refused.find("Authorization"), std::move(then));
    };
    terms.baseUrl = std::move(baseUrl);
    terms.breaker = std::move(breaker);
    return terms;
}

std::vector<GateTerms> dataTerms(const AlpacaSettings& settings)
{
    std::vector<GateTerms> keys{gateTerms(settings, settings.dataUrl, "data.alpaca")};
    for (const auto& key : settings.moreDataKeys) {
        auto terms = termsOf(settings, key.keyId, key.secretKey);
        terms.baseUrl = settings.dataUrl;
        terms.breaker = "data.alpaca." + std::to_string(keys.size() + 1);
        keys.push_back(std::move(terms));
    }
    return keys;
}

} // namespace qd::brokers::alpaca
