#pragma once

#include <deque>
#include <map>
#include <string>

#include "models/base/timestamp.h"
#include "services/sandbox/ibkr/answers.h"

namespace qd::sandbox::ibkr {

struct PacingOptions {
    int requestsPerSecond = 10;                    ///< all endpoints together
    Duration penalty = std::chrono::minutes(10);   ///< after more than that: nothing is answered
    bool isOn = true;
};

/// How often may be asked: ten requests a second in all, and less for some endpoints. Too often for one
/// endpoint is a 429; too often in all puts the address into the penalty box. One thread.
class Pacing {
public:
    explicit Pacing(PacingOptions options) : m_options(options) {}

    /// Count one request; false: 429.
    bool admit(const ApiRequest& request, Duration steady);
    bool isInPenalty(Duration steady) const { return steady < m_penaltyUntil; }
    void forgive() { m_penaltyUntil = {}; }

private:
    PacingOptions m_options;
    std::deque<Duration> m_recent;             ///< of the last second
    std::map<std::string, Duration> m_lastAt;  ///< by endpoint of the table
    Duration m_penaltyUntil{};
};

} // namespace qd::sandbox::ibkr
