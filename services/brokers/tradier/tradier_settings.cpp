#include "services/brokers/tradier/tradier_settings.h"

namespace qd::brokers {

TradierSettings TradierSettings::clone() const
{
    TradierSettings copy;
    copy.baseUrl = baseUrl;
    copy.streamUrl = streamUrl;
    copy.marketStreamUrl = marketStreamUrl;
    copy.accountNumber = accountNumber;
    copy.token = token.clone();
    copy.account = account;
    copy.simulated = simulated;
    copy.commandTimeout = commandTimeout;
    copy.queryTimeout = queryTimeout;
    copy.streamIdleTimeout = streamIdleTimeout;
    copy.renew = renew;
    return copy;
}

} // namespace qd::brokers

namespace qd::brokers::tradier {

namespace {

/// 120 questions and 60 orders a minute; a part of the burst is kept for what is urgent.
constexpr resilience::RateLimit kQuestions{
    .count = 120, .period = std::chrono::minutes(1), .burst = 60, .reserve = 10};
constexpr resilience::RateLimit kOrders{
    .count = 60, .period = std::chrono::minutes(1), .burst = 30, .reserve = 0};

std::string bearerOf(const TradierSettings& settings)
{
    return "Bearer " + std::string(settings.token.revealForUse());
}

/// What was refused may have been replaced since it was sent; else another one is asked for.
void renewToken(const TradierSettings& settings, std::string_view refused,
                std::function<void(bool)> then)
{
    if (refused != bearerOf(settings)) return then(true);
    if (!settings.renew) return then(false);
    settings.renew(std::move(then));
}

} // namespace

GateTerms gateTerms(const TradierSettings& settings, std::string breaker)
{
    GateTerms terms;
    terms.venue = "Tradier";
    terms.baseUrl = settings.baseUrl;
    terms.breaker = std::move(breaker);
    terms.limit = kQuestions;
    terms.ordersLimit = kOrders;
    terms.remainingHeader = "X-Ratelimit-Available";
    terms.resetHeader = "X-Ratelimit-Expiry";
    terms.commandTimeout = settings.commandTimeout;
    terms.queryTimeout = settings.queryTimeout;
    terms.bodyType = "application/x-www-form-urlencoded";
    terms.howToConnect = "no Tradier token is configured; set tradier.credentials_file or tradier.token, or "
                         "connect the broker again";
    terms.hasCredentials = [&settings] { return !settings.token.empty(); };
    terms.sign = [&settings](wire::Headers& headers) {
        headers.set("Authorization", bearerOf(settings));
    };
    terms.renew = [&settings](const wire::Headers& refused, std::function<void(bool)> then) {
        renewToken(settings, refused.find("Authorization"), std::move(then));
    };
    terms.hideKeys = [&settings](std::string& text) {
        const auto token = settings.token.revealForUse();
        if (token.empty()) return;
        for (auto at = text.find(token); at != std::string::npos; at = text.find(token, at))
            text.replace(at, token.size(), "***");
    };
    return terms;
}

} // namespace qd::brokers::tradier
