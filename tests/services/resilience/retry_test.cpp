#include "services/resilience/retry.h"

#include <gtest/gtest.h>

#include "tests/support/sim_world.h"

namespace qd::resilience {
namespace {

using namespace std::chrono_literals;

Error down()
{
    return {ErrorKind::Unavailable, "http.503", "503 Service Unavailable", ""};
}

TEST(Deadline, IsAPointOnTheSteadyClock)
{
    test::FakeClock clock;
    const auto deadline = Deadline::in(10s, clock);
    clock.setWall(Timestamp::of("2040-01-01T00:00:00Z"));
    clock.advance(4s);
    EXPECT_EQ(deadline.remaining(clock), Duration(6s));
    EXPECT_EQ(deadline.orSooner(Deadline::in(1s, clock)).remaining(clock), Duration(1s));
    EXPECT_EQ(Deadline::never().orSooner(deadline), deadline);
    clock.advance(6s);
    EXPECT_TRUE(deadline.hasPassed(clock));
    EXPECT_FALSE(Deadline::never().hasPassed(clock));
}

TEST(Retry, WaitsAreSpreadEvenlyBelowADoublingCap)
{
    runtime::SeededRandom random(3);
    const RetryPolicy policy{10, 100ms, 1s};
    for (int retry = 1; retry <= 8; ++retry) {
        const Duration ceiling = std::min<Duration>(1s, 100ms * (1 << (retry - 1)));
        double sum = 0;
        for (int i = 0; i < 4'000; ++i) {
            const Duration wait = fullJitter(policy, retry, random);
            ASSERT_GE(wait, Duration(0));
            ASSERT_LE(wait, ceiling);
            sum += static_cast<double>(wait.count());
        }
        EXPECT_NEAR(sum / 4'000 / static_cast<double>(ceiling.count()), 0.5, 0.03);
    }
    EXPECT_LE(fullJitter(policy, 1'000'000, random), Duration(1s));
}

TEST(Retry, DecidesByKindAttemptsDeadlineAndBudget)
{
    runtime::SeededRandom random(3);
    RetryBudget budget;
    const RetryPolicy policy{3, 100ms, 1s};
    const auto reason = [&](Error error, int attempts, Duration remaining, Duration after = {}) {
        return std::string(
            decideRetry(policy, attempts, {error, after}, remaining, budget, random).reason);
    };
    EXPECT_EQ(reason({ErrorKind::Invalid, "x", "", ""}, 1, 1h), "not_retryable");
    EXPECT_EQ(reason({ErrorKind::Unavailable, "resilience.breaker_open", "", ""}, 1, 1h),
              "breaker_open");
    EXPECT_EQ(reason(down(), 3, 1h), "attempts");
    EXPECT_EQ(reason(down(), 1, 5s, 5s), "deadline");
    EXPECT_EQ(budget.permille(), RetryBudget::kCapPermille) << "a no costs nothing";

    const auto yes = decideRetry(policy, 1, {down(), 3s}, 1h, budget, random);
    EXPECT_TRUE(yes.retry);
    EXPECT_EQ(yes.wait, Duration(3s)) << "Retry-After is a floor";
    while (budget.spend()) {
    }
    EXPECT_EQ(reason(down(), 1, 1h), "budget");
}

TEST(RetryBudget, EarnsATenthOfARetryPerCall)
{
    RetryBudget budget;
    int spent = 0;
    while (budget.spend()) ++spent;
    EXPECT_EQ(spent, 10);
    for (int i = 0; i < 9; ++i) budget.earn();
    EXPECT_FALSE(budget.spend());
    budget.earn();
    EXPECT_TRUE(budget.spend());
    for (int i = 0; i < 1'000; ++i) budget.earn();
    EXPECT_EQ(budget.permille(), RetryBudget::kCapPermille);
}

class RetrierTest : public testing::Test {
protected:
    using Try = Retrier::TryResult<int>;

    test::SimWorld m_world{7};
    test::SimExecutor m_core{m_world};
    std::optional<Result<int>> m_answer;
    int m_tries = 0;

    void run(Retrier& retrier, Deadline deadline, std::function<Try(int)> operation)
    {
        retrier.run<int>(
            kIdempotent, deadline,
            [this, operation](int attempt, std::function<void(Try)> done) {
                m_tries = attempt;
                done(operation(attempt));
            },
            [this](Result<int> result) {
                ASSERT_FALSE(m_answer.has_value()) << "answered once";
                m_answer = std::move(result);
            });
    }
};

TEST_F(RetrierTest, TriesAgainUntilItWorks)
{
    Retrier retrier({5, 100ms, 1s}, m_core, m_world.random());
    run(retrier, Deadline::never(), [](int attempt) -> Try {
        if (attempt < 3) return tl::make_unexpected(TryFailure{down(), {}});
        return 42;
    });
    EXPECT_FALSE(m_answer.has_value());
    EXPECT_EQ(retrier.waiting(), 1U);
    ASSERT_TRUE(m_world.runUntilIdle());
    ASSERT_TRUE(m_answer && m_answer->has_value());
    EXPECT_EQ(**m_answer, 42);
    EXPECT_EQ(m_tries, 3);
    EXPECT_EQ(retrier.waiting(), 0U);
}

TEST_F(RetrierTest, NeverWaitsPastTheDeadline)
{
    Retrier retrier({100, 1s, 10s}, m_core, m_world.random());
    const Timestamp began = m_world.now();
    run(retrier, Deadline::in(3s, m_core.clock()),
        [](int) -> Try { return tl::make_unexpected(TryFailure{down(), 1s}); });
    ASSERT_TRUE(m_world.runUntilIdle());
    ASSERT_TRUE(m_answer && !m_answer->has_value());
    EXPECT_LT(m_world.now() - began, Duration(3s));
    EXPECT_EQ(m_answer->error().code, "http.503");
    EXPECT_NE(m_answer->error().detail.find("deadline"), std::string::npos);
}

TEST_F(RetrierTest, DoesNotStartAfterTheDeadline)
{
    Retrier retrier({3, 1s, 10s}, m_core, m_world.random());
    run(retrier, Deadline::in(0s, m_core.clock()), [](int) -> Try { return 1; });
    ASSERT_TRUE(m_answer && !m_answer->has_value());
    EXPECT_EQ(m_answer->error().code, "resilience.deadline_passed");
    EXPECT_EQ(m_tries, 0);
}

TEST_F(RetrierTest, ItsEndDropsPendingWaits)
{
    {
        Retrier retrier({3, 1s, 10s}, m_core, m_world.random());
        run(retrier, Deadline::never(),
            [](int) -> Try { return tl::make_unexpected(TryFailure{down(), 1s}); });
    }
    ASSERT_TRUE(m_world.runUntilIdle());
    EXPECT_FALSE(m_answer.has_value());
    EXPECT_EQ(m_tries, 1);
}

TEST_F(RetrierTest, AStormOfFailuresIsRetriedATenthOfTheTime)
{
    Retrier retrier({3, 10ms, 100ms}, m_core, m_world.random());
    int tries = 0;
    constexpr int kCalls = 1'000;
    for (int i = 0; i < kCalls; ++i) {
        retrier.run<int>(
            kIdempotent, Deadline::never(),
            [&](int, std::function<void(Try)> done) {
                ++tries;
                done(tl::make_unexpected(TryFailure{down(), {}}));
            },
            [](Result<int>) {});
        m_world.run(1s);
    }
    EXPECT_LE(tries, kCalls + kCalls / 10 + 10);
    EXPECT_GE(tries, kCalls + kCalls / 10 - 10);
}

} // namespace
} // namespace qd::resilience
