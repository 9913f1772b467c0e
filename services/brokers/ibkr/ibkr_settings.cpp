#include "services/brokers/ibkr/ibkr_settings.h"

namespace qd::brokers::ibkr {

namespace {

/// At most burst + count in any second, which is below IBKR's ten.
constexpr resilience::RateLimit kGatewayLimit{
    .count = 4, .period = std::chrono::seconds(1), .burst = 5, .reserve = 2};

} // namespace

bool isPaperAccount(std::string_view number)
{
    return number.starts_with('D');
}

GateTerms gateTerms(const IbkrSettings& settings)
{
    GateTerms terms;
    terms.venue = "IBKR";
    terms.baseUrl = settings.gatewayUrl;
    terms.breaker = "broker.ibkr";
    terms.limit = kGatewayLimit;
    terms.commandTimeout = settings.commandTimeout;
    terms.queryTimeout = settings.queryTimeout;
    terms.howToConnect = "sign in at IBKR's gateway with a browser";
    terms.hasCredentials = [] { return true; };
    terms.sign = [](wire::Headers& headers) { headers.set("User-Agent", "quarterdeck"); };
    terms.hideKeys = [](std::string&) {};
    return terms;
}

} // namespace qd::brokers::ibkr
