#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "models/base/ids.h"
#include "services/brokers/request_gate.h"
#include "services/runtime/secret.h"

namespace qd::brokers {

/// Where Tradier is and who we are there.
struct TradierSettings {
    std::string baseUrl;       ///< "https://api.tradier.com"
    std::string streamUrl;     ///< of account events: "wss://ws.tradier.com"
    /// Of market events: "wss://ws.tradier.com". Empty: there are none (Tradier's own sandbox).
    std::string marketStreamUrl = {};
    std::string accountNumber; ///< "VA000001": part of every path
    runtime::Secret token;     ///< bearer
    AccountId account{"paper"};
    bool simulated = false; ///< the other end is the bundled sandbox: quotes are marked simulated
    std::chrono::milliseconds commandTimeout{10'000}; ///< submit, modify, cancel
    std::chrono::milliseconds queryTimeout{10'000};
    std::chrono::milliseconds streamIdleTimeout{30'000};
    /// Asks for another token, because Tradier has refused this one; tells whether it is in use now.
    /// Called on core; unset: a refusal is an answer.
    std::function<void(std::function<void(bool)>)> renew = {};

    /// A copy, the token included: each adapter keeps its own.
    TradierSettings clone() const;
};

namespace tradier {

/// How Tradier is asked: orders are counted apart from questions. `settings` outlive the gate.
GateTerms gateTerms(const TradierSettings& settings, std::string breaker);

} // namespace tradier
} // namespace qd::brokers
