#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/ids.h"
#include "services/brokers/request_gate.h"

namespace qd::brokers {

/// Where IBKR's Client Portal gateway is. It needs no key: its user has signed in with a browser, and
/// has to do so again at least once a day.
struct IbkrSettings {
    std::string gatewayUrl; ///< "https://localhost:5000/v1/api"
    std::string streamUrl;  ///< "wss://localhost:5000/v1/api/ws"
    std::string venueAccount; ///< "U1234567"; empty: the one that is selected at the gateway
    AccountId account{"paper"};
    /// Real money is meant. A session whose account is of the other kind is not used.
    bool live = false;
    bool simulated = false; ///< the other end is the sandbox: quotes are marked simulated
    /// Take the brokerage session from the user's other programs (TWS, the phone) when connecting first.
    bool takeOver = false;
    /// Whose listings are told as instruments: IBKR has no list of all.
    std::vector<std::string> exchanges = {"NASDAQ", "NYSE", "ARCA", "AMEX", "BATS"};
    std::vector<std::string> coins = {"BTC", "ETH", "LTC", "BCH"};
    std::chrono::milliseconds commandTimeout{10'000}; ///< submit, modify, cancel
    std::chrono::milliseconds queryTimeout{10'000};
    std::chrono::milliseconds streamIdleTimeout{30'000};
};

namespace ibkr {

/// IBKR's numbers of accounts with play money begin with a D: "DU1234567".
bool isPaperAccount(std::string_view number);

/// The gate's terms for REST calls. IBKR shuts an address out for ten minutes that asks more than ten
/// times within a second: we stay below.
GateTerms gateTerms(const IbkrSettings& settings);

} // namespace ibkr
} // namespace qd::brokers
