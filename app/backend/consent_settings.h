#pragma once

#include <vector>

#include "services/brokers/oauth/connections.h"
#include "services/runtime/config.h"

namespace qd::app {

/// `settings`, and those about consent at brokers: `broker.method`, `oauth.<broker>.client_id` …
std::vector<runtime::Setting> withConsentSettings(std::vector<runtime::Setting> settings);
/// Half-configured clients, addresses that nobody can be sent back to, a method that the broker does
/// not have, and keys beside a method that uses none. For `crossCheck`.
std::vector<runtime::ConfigProblem> consentProblems(const runtime::Config& config);

/// By which method this backend trades. Said in words; none ever stands in for another.
LinkMethod brokerMethod(const runtime::Config& config);
/// Which broker it trades at.
BrokerId tradedBroker(const runtime::Config& config);

brokers::oauth::Providers consentProviders(const runtime::Config& config);
brokers::oauth::Settings consentTimes(const runtime::Config& config);

} // namespace qd::app
