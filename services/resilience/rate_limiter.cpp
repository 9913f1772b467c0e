#include "services/resilience/rate_limiter.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "models/base/result.h"

namespace qd::resilience {

namespace {

/// Look-ups by string_view without making a string.
struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const
    {
        return std::hash<std::string_view>{}(key);
    }
};

} // namespace

RateDecision decideRate(const RateLimit& limit, Duration& theoreticalArrival, Duration now,
                        Priority priority, int cost)
{
    const int burst = priority == Priority::Urgent ? limit.burst : limit.burst - limit.reserve;
    QD_ASSERT(cost >= 1 && cost <= burst);
    const Duration interval = limit.interval();
    const Duration tolerance = interval * burst;
    const Duration next = std::max(theoreticalArrival, now) + interval * cost;

    RateDecision decision;
    decision.limit = burst;
    decision.allowed = next - now <= tolerance;
    if (decision.allowed)
        theoreticalArrival = next;
    else
        decision.retryAfter = next - tolerance - now;
    const Duration owed = std::max(Duration{}, theoreticalArrival - now);
    decision.remaining = static_cast<int>(std::max(Duration{}, tolerance - owed) / interval);
    decision.resetAfter = owed;
    return decision;
}

struct RateLimiter::State {
    State(RateLimit given, const runtime::Clock& time, std::size_t most)
        : limit(given), clock(time), keysMax(most)
    {
    }

    /// The bucket of `key`, made if there is room, else the one that latecomers share.
    Duration& bucket(std::string_view key, Duration now);
    void sweep(Duration now);

    RateLimit limit;
    const runtime::Clock& clock;
    std::size_t keysMax;
    mutable std::mutex mutex;
    std::unordered_map<std::string, Duration, KeyHash, std::equal_to<>> arrivals;
    Duration overflow{};
    Duration sweptAt{};
};

Duration& RateLimiter::State::bucket(std::string_view key, Duration now)
{
    if (const auto found = arrivals.find(key); found != arrivals.end()) return found->second;
    if (arrivals.size() >= keysMax) sweep(now);
    if (arrivals.size() >= keysMax) return overflow;
    return arrivals.emplace(std::string(key), Duration{}).first->second;
}

void RateLimiter::State::sweep(Duration now)
{
    // A walk over all keys; no more often than a full burst takes to refill, so that a flood of
    // new keys does not cause a flood of walks.
    if (sweptAt != Duration{} && now - sweptAt < limit.interval() * limit.burst) return;
    sweptAt = now;
    std::erase_if(arrivals, [now](const auto& entry) { return entry.second <= now; });
}

RateLimiter::RateLimiter(RateLimit limit, const runtime::Clock& clock, std::size_t keysMax)
    : m_state(std::make_unique<State>(limit, clock, keysMax))
{
    QD_ASSERT(limit.count >= 1 && limit.burst >= 1 && keysMax >= 1);
    QD_ASSERT(limit.reserve >= 0 && limit.reserve < limit.burst);
    QD_ASSERT(limit.interval() > Duration{});
}

RateLimiter::~RateLimiter() = default;

RateDecision RateLimiter::acquire(std::string_view key, Priority priority, int cost)
{
    const std::lock_guard lock(m_state->mutex);
    const Duration now = m_state->clock.steady();
    return decideRate(m_state->limit, m_state->bucket(key, now), now, priority, cost);
}

RateDecision RateLimiter::peek(std::string_view key, Priority priority, int cost) const
{
    const std::lock_guard lock(m_state->mutex);
    const auto found = m_state->arrivals.find(key);
    Duration arrival = found != m_state->arrivals.end() ? found->second
                       : m_state->arrivals.size() >= m_state->keysMax ? m_state->overflow
                                                                      : Duration{};
    return decideRate(m_state->limit, arrival, m_state->clock.steady(), priority, cost);
}

void RateLimiter::holdOff(std::string_view key, Duration duration)
{
    const std::lock_guard lock(m_state->mutex);
    const Duration now = m_state->clock.steady();
    Duration& arrival = m_state->bucket(key, now);
    const RateLimit& limit = m_state->limit;
    // One call passes when the time is over; the burst comes back at the usual rate.
    arrival = std::max(arrival, now + duration + limit.interval() * (limit.burst - 1));
}

std::size_t RateLimiter::keyCount() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->arrivals.size();
}

const RateLimit& RateLimiter::limit() const
{
    return m_state->limit;
}

} // namespace qd::resilience
