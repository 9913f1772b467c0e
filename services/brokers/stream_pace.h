#pragma once

#include "services/resilience/retry.h"

namespace qd::brokers {

/// How a stream that ended is opened again, trading's and data's alike.
inline constexpr resilience::RetryPolicy kReconnect{.attemptsMax = 0,
                                                    .base = std::chrono::milliseconds(500),
                                                    .cap = std::chrono::seconds(30)};
inline constexpr Duration kReconnectMin = std::chrono::milliseconds(250);
/// From the connection to the venue's word that it listens; one that stays silent is left.
inline constexpr Duration kHandshakeMax = std::chrono::seconds(10);

} // namespace qd::brokers
