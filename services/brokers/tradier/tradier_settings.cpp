#include "services/brokers/tradier/tradier_settings.h"

namespace qd::brokers::tradier {

namespace {

/// 120 questions and 60 orders a minute; a part of the burst is kept for what is urgent.
constexpr resilience::RateLimit kQuestions{
    .count = 120, .period = std::chrono::minutes(1), .burst = 60, .reserve = 10};
constexpr resilience::RateLimit kOrders{
    .count = 60, .period = std::chrono::minutes(1), .burst = 30, .reserve = 0};

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
    terms.howToConnect = "no Tradier token is configured; connect the broker again";
    terms.hasCredentials = [&settings] { return !settings.token.empty(); };
    terms.sign = [&settings](wire::Headers& headers) {
        headers.set("Authorization", "Bearer " + std::string(settings.token.revealForUse()));
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
