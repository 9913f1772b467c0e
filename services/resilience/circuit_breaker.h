#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/resilience/breaker_rules.h"
#include "services/runtime/clock.h"
#include "services/runtime/random.h"

namespace qd::resilience {

/// What an operator sees of a breaker.
struct BreakerSnapshot {
    std::string name;
    BreakerState state = BreakerState::Closed;
    std::optional<double> failureRate; ///< percent; nothing below the minimum of calls
    std::optional<double> slowRate;
    int calls = 0, failures = 0, slowCalls = 0; ///< in the window
    int permitsOut = 0;                         ///< probes under way (HalfOpen)
    int openings = 0;                           ///< in a row
    std::uint64_t notPermitted = 0;             ///< since the start
    Timestamp openedAt;    ///< unset unless open or half open
    Timestamp nextAttempt; ///< when an open breaker lets a probe through; unset otherwise
    std::string reason;    ///< of the last transition
    std::string lastFailure;
};

/// Stops calling what is down, and finds out when it is back. Behaviour: breaker_rules.h. Any
/// thread; listeners are called on the thread whose call caused the transition. Permits may
/// outlive the breaker.
class CircuitBreaker {
    struct Core;

public:
    /// The right to make one call. Tell it what became of the call; if it ends untold, the call
    /// counts as never made.
    class Permit {
    public:
        Permit() = default;
        Permit(Permit&&) noexcept = default;
        Permit& operator=(Permit&& other) noexcept;
        Permit(const Permit&) = delete;
        Permit& operator=(const Permit&) = delete;
        ~Permit() { abandon(); }

        void succeeded();
        /// `sample` is shown to operators: what failed, no secrets. `retryAfter` as the provider
        /// said, zero if it did not.
        void failed(std::string sample, Duration retryAfter = {});
        void abandon();

    private:
        friend class CircuitBreaker;
        void finish(CallResult result, std::string sample, Duration retryAfter);
        std::shared_ptr<Core> m_core; ///< empty once told
        std::uint64_t m_epoch = 0;
        Duration m_startedAt{};
        bool m_passage = false; ///< given whatever the state
    };

    using Listener = std::function<void(const BreakerTransition&)>;
    /// Ends the listening when it ends.
    using Listening = std::shared_ptr<Listener>;

    /// `clock` and `random` outlive the breaker and its permits.
    CircuitBreaker(BreakerSettings settings, const runtime::Clock& clock, runtime::Random& random);

    /// Fails with: Unavailable "resilience.breaker_open"; the detail names the breaker, the reason
    /// and the time of the next try, which `snapshot().nextAttempt` has too.
    Result<Permit> tryAcquire();
    /// For calls that must be tried in any state (cancels). Judged like others while closed; while
    /// open only its Retry-After counts.
    Permit acquireAnyway();

    BreakerSnapshot snapshot() const;
    const std::string& name() const;
    /// How long until an open breaker lets a probe through; zero when a call may be tried now.
    Duration retryIn() const;
    /// An operator's hand on the switch.
    void force(BreakerState state, std::string reason);
    [[nodiscard]] Listening onTransition(Listener listener);

private:
    std::shared_ptr<Core> m_core;
};

} // namespace qd::resilience
