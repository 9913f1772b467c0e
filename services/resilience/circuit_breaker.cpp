#include "services/resilience/circuit_breaker.h"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include "models/base/result.h"

namespace qd::resilience {

struct CircuitBreaker::Core {
    Core(BreakerSettings given, const runtime::Clock& time, runtime::Random& chance)
        : settings(std::move(given)), clock(time), random(chance), memory(settings),
          roll(chance.uniform())
    {
    }

    struct Applied {
        BreakerEffects effects;
        std::uint64_t epoch;
        std::string reason; ///< when refused
    };
    Applied apply(const BreakerEvent& event);
    void noteTransitions(std::vector<BreakerTransition>& transitions, Duration steady);

    const BreakerSettings settings;
    const runtime::Clock& clock;
    runtime::Random& random;
    std::mutex mutex;
    BreakerMemory memory;
    double roll; ///< for the next transition; drawing one for each call would cost too much
    Timestamp openedAt;
    std::vector<std::weak_ptr<Listener>> listeners;
};

CircuitBreaker::Core::Applied CircuitBreaker::Core::apply(const BreakerEvent& event)
{
    Applied applied;
    std::vector<Listening> told;
    {
        const std::lock_guard lock(mutex);
        const Duration steady = clock.steady();
        BreakerStep step = decide(std::move(memory), settings, event, steady, roll);
        memory = std::move(step.memory);
        applied.effects = std::move(step.effects);
        applied.epoch = memory.epoch;
        if (!applied.effects.permitted) applied.reason = memory.reason;
        if (!applied.effects.transitions.empty()) {
            noteTransitions(applied.effects.transitions, steady);
            for (const auto& listener : listeners)
                if (auto alive = listener.lock()) told.push_back(std::move(alive));
        }
    }
    for (const Listening& listener : told)
        for (const BreakerTransition& transition : applied.effects.transitions)
            (*listener)(transition);
    return applied;
}

void CircuitBreaker::Core::noteTransitions(std::vector<BreakerTransition>& transitions,
                                           Duration steady)
{
    roll = random.uniform();
    const Timestamp now = clock.now();
    for (BreakerTransition& transition : transitions) {
        transition.at = now;
        if (transition.to == BreakerState::Open || transition.to == BreakerState::ForcedOpen)
            openedAt = now;
        else if (transition.to != BreakerState::HalfOpen)
            openedAt = {};
        if (transition.to == BreakerState::Open)
            transition.nextAttempt = now + (memory.openUntil - steady);
    }
    std::erase_if(listeners, [](const auto& listener) { return listener.expired(); });
}

CircuitBreaker::Permit& CircuitBreaker::Permit::operator=(Permit&& other) noexcept
{
    if (this != &other) {
        abandon();
        m_core = std::move(other.m_core);
        m_epoch = other.m_epoch;
        m_startedAt = other.m_startedAt;
        m_passage = other.m_passage;
    }
    return *this;
}

void CircuitBreaker::Permit::succeeded()
{
    finish(CallResult::Success, {}, {});
}

void CircuitBreaker::Permit::failed(std::string sample, Duration retryAfter)
{
    finish(CallResult::Failure, std::move(sample), retryAfter);
}

void CircuitBreaker::Permit::abandon()
{
    const auto core = std::move(m_core);
    if (core && !m_passage) core->apply(PermitAbandoned{m_epoch});
}

void CircuitBreaker::Permit::finish(CallResult result, std::string sample, Duration retryAfter)
{
    const auto core = std::move(m_core);
    if (!core) return;
    core->apply(CallFinished{m_epoch, result, core->clock.steady() - m_startedAt, retryAfter,
                             std::move(sample), m_passage});
}

CircuitBreaker::CircuitBreaker(BreakerSettings settings, const runtime::Clock& clock,
                               runtime::Random& random)
    : m_core(std::make_shared<Core>(std::move(settings), clock, random))
{
}

Result<CircuitBreaker::Permit> CircuitBreaker::tryAcquire()
{
    const auto applied = m_core->apply(PermitAsked{});
    if (!applied.effects.permitted) {
        const Timestamp next = m_core->clock.now() + applied.effects.retryIn;
        const bool forced = applied.effects.retryIn == Duration{};
        return fail(ErrorKind::Unavailable, "resilience.breaker_open",
                    fmt::format("{} is not called: {}; {}", m_core->settings.name, applied.reason,
                                forced ? std::string("until an operator closes the breaker")
                                       : "next try at " + next.toString(3)));
    }
    Permit permit;
    permit.m_core = m_core;
    permit.m_epoch = applied.epoch;
    permit.m_startedAt = m_core->clock.steady();
    return permit;
}

CircuitBreaker::Permit CircuitBreaker::acquireAnyway()
{
    const auto applied = m_core->apply(PassageAsked{});
    Permit permit;
    permit.m_core = m_core;
    permit.m_epoch = applied.epoch;
    permit.m_startedAt = m_core->clock.steady();
    permit.m_passage = true;
    return permit;
}

BreakerSnapshot CircuitBreaker::snapshot() const
{
    m_core->apply(TimePassed{});
    const std::lock_guard lock(m_core->mutex);
    const BreakerMemory& memory = m_core->memory;
    const BreakerSettings& settings = m_core->settings;
    const CallCounts& counts = memory.window.counts();

    BreakerSnapshot snapshot;
    snapshot.name = settings.name;
    snapshot.state = memory.state;
    snapshot.calls = counts.calls;
    snapshot.failures = counts.failures;
    snapshot.slowCalls = counts.slow;
    int needed = memory.state == BreakerState::HalfOpen
                     ? std::min(settings.minimumCalls, settings.probes)
                     : settings.minimumCalls;
    if (settings.windowKind == WindowKind::Count) needed = std::min(needed, settings.windowSize);
    // What opened it may have been fewer probes than the minimum.
    if (memory.state == BreakerState::Open) needed = 1;
    if (counts.calls >= needed) {
        snapshot.failureRate = 100.0 * counts.failures / counts.calls;
        snapshot.slowRate = 100.0 * counts.slow / counts.calls;
    }
    snapshot.permitsOut = memory.permitsOut;
    snapshot.openings = memory.openings;
    snapshot.notPermitted = memory.refused;
    snapshot.openedAt = m_core->openedAt;
    if (memory.state == BreakerState::Open)
        snapshot.nextAttempt = m_core->clock.now() + (memory.openUntil - m_core->clock.steady());
    snapshot.reason = memory.reason;
    snapshot.lastFailure = memory.sample;
    return snapshot;
}

const std::string& CircuitBreaker::name() const
{
    return m_core->settings.name;
}

Duration CircuitBreaker::retryIn() const
{
    const std::lock_guard lock(m_core->mutex);
    if (m_core->memory.state != BreakerState::Open) return {};
    return std::max(Duration{}, m_core->memory.openUntil - m_core->clock.steady());
}

void CircuitBreaker::force(BreakerState state, std::string reason)
{
    m_core->apply(StateForced{state, std::move(reason)});
}

CircuitBreaker::Listening CircuitBreaker::onTransition(Listener listener)
{
    auto listening = std::make_shared<Listener>(std::move(listener));
    const std::lock_guard lock(m_core->mutex);
    m_core->listeners.push_back(listening);
    return listening;
}

} // namespace qd::resilience
