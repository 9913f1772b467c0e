#include "services/resilience/retry.h"

#include <algorithm>

#include "services/runtime/backoff.h"

namespace qd::resilience {

void RetryBudget::earn()
{
    int now = m_permille->load(std::memory_order_relaxed);
    while (!m_permille->compare_exchange_weak(now, std::min(kCapPermille, now + kGainPermille),
                                              std::memory_order_relaxed)) {
    }
}

bool RetryBudget::spend()
{
    int now = m_permille->load(std::memory_order_relaxed);
    while (now >= kCostPermille)
        if (m_permille->compare_exchange_weak(now, now - kCostPermille, std::memory_order_relaxed))
            return true;
    return false;
}

int RetryBudget::permille() const
{
    return m_permille->load(std::memory_order_relaxed);
}

bool isRetryable(const Error& error)
{
    return error.kind == ErrorKind::Unavailable || error.kind == ErrorKind::OutcomeUnknown;
}

Duration fullJitter(const RetryPolicy& policy, int retry, runtime::Random& random)
{
    return runtime::jitteredWait(policy.base, policy.cap, retry, random);
}

RetryDecision decideRetry(const RetryPolicy& policy, int attempts, const TryFailure& failure,
                          Duration remaining, RetryBudget& budget, runtime::Random& random)
{
    if (!isRetryable(failure.error)) return {false, {}, "not_retryable"};
    if (failure.error.code == "resilience.breaker_open") return {false, {}, "breaker_open"};
    // Who limits us has a line of its own; without a time from there, coming back only makes it longer.
    if (failure.error.code.ends_with("rate_limited") && failure.retryAfter == Duration{})
        return {false, {}, "rate_limited"};
    if (attempts >= policy.attemptsMax) return {false, {}, "attempts"};
    const Duration wait = std::max(fullJitter(policy, attempts, random), failure.retryAfter);
    if (wait >= remaining) return {false, {}, "deadline"};
    if (!budget.spend()) return {false, {}, "budget"};
    return {true, wait, ""};
}

Retrier::Retrier(RetryPolicy policy, runtime::Executor& executor, runtime::Random& random,
                 RetryBudget budget)
    : m_core(std::make_shared<Core>(Core{policy, executor, random, std::move(budget), {}, 0}))
{
    QD_ASSERT(policy.attemptsMax >= 1 && policy.base >= Duration{} && policy.cap >= Duration{});
}

std::size_t Retrier::waiting() const
{
    return m_core->timers.size();
}

RetryDecision Retrier::Core::decide(int attempts, const TryFailure& failure, Deadline deadline)
{
    return decideRetry(policy, attempts, failure, deadline.remaining(executor.clock()), budget,
                       random);
}

void Retrier::Core::wait(Duration duration, runtime::Task task)
{
    const std::uint64_t number = ++timersMade;
    timers.emplace(number, executor.after(duration, [this, number, then = std::move(task)] {
        timers.erase(number);
        then();
    }));
}

Error Retrier::explain(Error error, int attempts, const char* reason)
{
    error.detail += "; gave up after " + std::to_string(attempts) +
                    (attempts == 1 ? " try: " : " tries: ") + reason;
    return error;
}

tl::unexpected<Error> Retrier::deadlinePassed()
{
    return fail(ErrorKind::Unavailable, "resilience.deadline_passed",
                "not tried: the deadline had passed");
}

} // namespace qd::resilience
