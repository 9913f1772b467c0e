#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "models/base/result.h"
#include "services/resilience/deadline.h"
#include "services/runtime/executor.h"
#include "services/runtime/random.h"

namespace qd::resilience {

/// How often and how soon. Waits are drawn evenly from [0, min(cap, base × 2^n)] ("full jitter"):
/// callers that failed together do not come back together.
struct RetryPolicy {
    int attemptsMax = 3; ///< the first try included
    Duration base = std::chrono::milliseconds(200);
    Duration cap = std::chrono::seconds(5);
};

/// Keeps retries a small share of the traffic, so that they cannot bury a service that is down.
/// Each first try earns a tenth of a retry; at most ten are saved up. Copies
/// share one account. Any thread.
class RetryBudget {
public:
    static constexpr int kGainPermille = 100;
    static constexpr int kCostPermille = 1000;
    static constexpr int kCapPermille = 10'000;

    void earn();
    /// Pay for one retry. False if there is not enough.
    bool spend();
    int permille() const;

private:
    std::shared_ptr<std::atomic<int>> m_permille =
        std::make_shared<std::atomic<int>>(kCapPermille);
};

/// Why one try did not succeed.
struct TryFailure {
    Error error;
    Duration retryAfter{}; ///< the provider's `Retry-After`; zero if it said nothing
};

/// What to do after a failed try.
struct RetryDecision {
    bool retry = false;
    Duration wait{};
    /// When not retrying: "not_retryable", "breaker_open", "rate_limited", "attempts", "deadline",
    /// "budget".
    const char* reason = "";
};

/// Is it worth asking again? `Unavailable` is, and `OutcomeUnknown` too, because only idempotent
/// work comes here; an open breaker is not, since it has said when to come back.
bool isRetryable(const Error& error);

/// The wait before retry number `retry` (1 …), without floor or deadline.
Duration fullJitter(const RetryPolicy& policy, int retry, runtime::Random& random);

/// Decide after `attempts` tries (≥ 1), of which the last failed with `failure`. A used-up rate limit
/// ("….rate_limited") is asked again only when it said when. The wait is never below Retry-After; a
/// wait that ends at or past the deadline is a no, at once. Takes from `budget` only when everything
/// else says yes.
RetryDecision decideRetry(const RetryPolicy& policy, int attempts, const TryFailure& failure,
                          Duration remaining, RetryBudget& budget, runtime::Random& random);

/// The caller's word that doing the work twice is the same as doing it once: reads, and writes with
/// an idempotency key. Orders are not.
struct Idempotent {
    explicit Idempotent() = default;
};
inline constexpr Idempotent kIdempotent{};

/// Runs operations until they succeed, may not be retried any more, or their deadline comes.
/// One executor's thread. Waits that are pending when the Retrier ends are dropped, without an
/// answer. The executor and the random source outlive it.
class Retrier {
public:
    template <typename T>
    using TryResult = tl::expected<T, TryFailure>;
    /// Called for each try, with its number (1 …) and where to hand the result: once, on the
    /// executor's thread, at once or later.
    template <typename T>
    using Operation = std::function<void(int attempt, std::function<void(TryResult<T>)> done)>;

    Retrier(RetryPolicy policy, runtime::Executor& executor, runtime::Random& random,
            RetryBudget budget = {});

    /// `done` comes once: with the value, or with the last failure's error; its code stays, its
    /// detail tells the number of tries and why there are no more. Nothing is tried when the
    /// deadline has passed: Unavailable "resilience.deadline_passed".
    template <typename T>
    void run(Idempotent, Deadline deadline, Operation<T> operation,
             std::function<void(Result<T>)> done)
    {
        if (deadline.hasPassed(m_core->executor.clock())) return done(deadlinePassed());
        const auto call = std::make_shared<Call<T>>(
            Call<T>{m_core, deadline, std::move(operation), std::move(done), 0});
        m_core->budget.earn();
        tryOnce(call);
    }
    /// Retries waiting for their time now.
    std::size_t waiting() const;

private:
    struct Core;
    template <typename T>
    struct Call {
        std::weak_ptr<Core> core;
        Deadline deadline;
        Operation<T> operation;
        std::function<void(Result<T>)> done;
        int attempts;
    };

    /// What all calls share, whatever they return.
    struct Core {
        RetryPolicy policy;
        runtime::Executor& executor;
        runtime::Random& random;
        RetryBudget budget;
        std::map<std::uint64_t, runtime::Timer> timers; ///< of pending waits
        std::uint64_t timersMade = 0;
        RetryDecision decide(int attempts, const TryFailure& failure, Deadline deadline);
        void wait(Duration duration, runtime::Task task);
    };

    template <typename T>
    static void tryOnce(const std::shared_ptr<Call<T>>& call)
    {
        ++call->attempts;
        call->operation(call->attempts, [call](TryResult<T> result) {
            if (result) return call->done(std::move(*result));
            const auto core = call->core.lock();
            const auto next = core ? core->decide(call->attempts, result.error(), call->deadline)
                                   : RetryDecision{false, {}, "shutdown"};
            if (!next.retry)
                return call->done(tl::unexpected<Error>(
                    explain(std::move(result.error().error), call->attempts, next.reason)));
            core->wait(next.wait, [call] { tryOnce(call); });
        });
    }
    static Error explain(Error error, int attempts, const char* reason);
    static tl::unexpected<Error> deadlinePassed();

    std::shared_ptr<Core> m_core;
};

} // namespace qd::resilience
