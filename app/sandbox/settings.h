#pragma once

#include <string>
#include <vector>

#include "services/runtime/config.h"
#include "services/sandbox/alpaca/alpaca_venue.h"
#include "services/sandbox/oauth/authorization_server.h"

namespace qd::app {

/// What quarterdeck-sandbox can be told.
const std::vector<runtime::Setting>& sandboxSettings();

/// The venue's options; all problems are found by `Config::load` with `crossCheck`.
sandbox::alpaca::AlpacaOptions venueOptions(const runtime::Config& config);
/// Of the authorization server beside the venue.
sandbox::oauth::ServerSettings consentOptions(const runtime::Config& config);
/// What single declarations cannot say: key and secret come together, money is a number …
std::vector<runtime::ConfigProblem> crossCheck(const runtime::Config& config);

/// "127.0.0.1:8080" taken apart.
struct ListenAddress {
    std::string address;
    std::uint16_t port = 0;
};
/// Fails with: Invalid "config.listen".
Result<ListenAddress> parseListenAddress(const std::string& text);

} // namespace qd::app
