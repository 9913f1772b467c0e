#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "services/runtime/clock.h"

namespace qd::resilience {

/// Urgent work (orders, cancels) may use the reserve that background work (polling) leaves alone.
enum class Priority { Background, Urgent };

/// `count` calls per `period`, of which `burst` may come at once.
struct RateLimit {
    int count = 200;
    Duration period = std::chrono::minutes(1);
    int burst = 10;   ///< ≥ 1
    int reserve = 0;  ///< of the burst, for urgent work only; < burst

    /// The time one call costs.
    Duration interval() const { return period / count; }
};

/// The answer to one ask.
struct RateDecision {
    bool allowed = false;
    Duration retryAfter{}; ///< when refused: time until the same ask is allowed
    int limit = 0;         ///< `RateLimit-Limit`: the burst
    int remaining = 0;     ///< `RateLimit-Remaining`: calls that would pass now, after this one
    Duration resetAfter{}; ///< `RateLimit-Reset`: time until the whole burst is there again
};

/// GCRA, the whole of it: `theoreticalArrival` is when the next call would come if calls kept to
/// the rate. Changed only when the call is allowed.
RateDecision decideRate(const RateLimit& limit, Duration& theoreticalArrival, Duration now,
                        Priority priority, int cost);

/// Rate limits by key. Memory is bounded: beyond `keysMax` keys that are in use, newcomers share
/// one bucket, so a flood of keys cannot free an offender. Any thread.
class RateLimiter {
public:
    static constexpr std::size_t kKeysMaxDefault = 10'000;

    RateLimiter(RateLimit limit, const runtime::Clock& clock,
                std::size_t keysMax = kKeysMaxDefault);
    ~RateLimiter();

    /// `cost` ≥ 1.
    RateDecision acquire(std::string_view key, Priority priority = Priority::Background,
                         int cost = 1);
    /// As `acquire`, taking nothing.
    RateDecision peek(std::string_view key, Priority priority = Priority::Background,
                      int cost = 1) const;
    /// The other side said to wait (429): nothing passes for `duration`, urgent or not.
    void holdOff(std::string_view key, Duration duration);
    std::size_t keyCount() const;
    const RateLimit& limit() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::resilience
