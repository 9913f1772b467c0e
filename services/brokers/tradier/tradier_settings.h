#pragma once

#include <chrono>
#include <string>

#include "models/base/ids.h"
#include "services/brokers/request_gate.h"
#include "services/runtime/secret.h"

namespace qd::brokers {

/// Where Tradier is and who we are there.
struct TradierSettings {
    std::string baseUrl;       ///< "https://api.tradier.com"
    std::string streamUrl;     ///< "wss://ws.tradier.com"
    std::string accountNumber; ///< "VA000001": part of every path
    runtime::Secret token;     ///< bearer
    AccountId account{"paper"};
    std::chrono::milliseconds commandTimeout{10'000}; ///< submit, modify, cancel
    std::chrono::milliseconds queryTimeout{10'000};
    std::chrono::milliseconds streamIdleTimeout{30'000};
};

namespace tradier {

/// How Tradier is asked: orders are counted apart from questions. `settings` outlive the gate.
GateTerms gateTerms(const TradierSettings& settings, std::string breaker);

} // namespace tradier
} // namespace qd::brokers
