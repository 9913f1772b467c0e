#include <random>

#include <gtest/gtest.h>

#include "services/resilience/bulkhead.h"
#include "services/resilience/fault_points.h"
#include "services/resilience/rate_limiter.h"
#include "tests/support/sim_world.h"

namespace qd::resilience {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, LetsABurstThroughAndThenTheRate)
{
    test::FakeClock clock;
    RateLimiter limiter({60, 1min, 5, 0}, clock);
    for (int i = 0; i < 5; ++i) {
        const auto decision = limiter.acquire("k");
        EXPECT_TRUE(decision.allowed);
        EXPECT_EQ(decision.remaining, 4 - i);
    }
    const auto refused = limiter.acquire("k");
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.retryAfter, Duration(1s));
    EXPECT_EQ(refused.resetAfter, Duration(5s));
    clock.advance(refused.retryAfter);
    EXPECT_TRUE(limiter.acquire("k").allowed) << "exactly when it said";
    EXPECT_FALSE(limiter.acquire("k").allowed);
}

TEST(RateLimiter, ARefusedAskCostsNothing)
{
    test::FakeClock clock;
    RateLimiter limiter({10, 1s, 1, 0}, clock);
    EXPECT_TRUE(limiter.acquire("k").allowed);
    for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(limiter.acquire("k").allowed);
    clock.advance(100ms);
    EXPECT_TRUE(limiter.acquire("k").allowed);
}

TEST(RateLimiter, PollingLeavesTheReserveToOrders)
{
    test::FakeClock clock;
    RateLimiter limiter({200, 1min, 10, 4}, clock);
    int polls = 0, orders = 0;
    while (limiter.acquire("alpaca", Priority::Background).allowed) ++polls;
    EXPECT_EQ(polls, 6);
    while (limiter.acquire("alpaca", Priority::Urgent).allowed) ++orders;
    EXPECT_EQ(orders, 4);
    // Polling begins again only when the reserve is whole.
    clock.advance(4 * 300ms);
    EXPECT_FALSE(limiter.peek("alpaca", Priority::Background).allowed);
    EXPECT_TRUE(limiter.peek("alpaca", Priority::Urgent).allowed);
    clock.advance(300ms);
    EXPECT_TRUE(limiter.peek("alpaca", Priority::Background).allowed);
}

/// The same law as a bucket of tokens that is counted exactly.
TEST(RateLimiter, EqualsATokenBucket)
{
    std::mt19937_64 random(5);
    const RateLimit limit{50, 1s, 7, 0};
    Duration arrival{}, now = 1h;
    const std::int64_t interval = limit.interval().count();
    std::int64_t tokens = limit.burst * interval; // in nanoseconds of credit
    for (int i = 0; i < 200'000; ++i) {
        const auto passed = static_cast<std::int64_t>(random() % 40'000'000);
        now += Duration(passed);
        tokens = std::min(limit.burst * interval, tokens + passed);
        const int cost = 1 + static_cast<int>(random() % 3);
        const auto decision = decideRate(limit, arrival, now, Priority::Background, cost);
        const bool expected = tokens >= cost * interval;
        ASSERT_EQ(decision.allowed, expected) << i;
        if (expected) tokens -= cost * interval;
        if (!expected) { ASSERT_EQ(decision.retryAfter.count(), cost * interval - tokens); }
        ASSERT_EQ(decision.remaining, tokens / interval);
    }
}

TEST(RateLimiter, AFloodOfKeysNeitherGrowsNorFreesAnybody)
{
    test::FakeClock clock;
    RateLimiter limiter({1, 1s, 2, 0}, clock, /*keysMax=*/100);
    EXPECT_TRUE(limiter.acquire("offender").allowed);
    EXPECT_TRUE(limiter.acquire("offender").allowed);
    int allowed = 0;
    for (int i = 0; i < 10'000; ++i)
        allowed += limiter.acquire("stranger" + std::to_string(i)).allowed ? 1 : 0;
    EXPECT_EQ(limiter.keyCount(), 100U);
    EXPECT_EQ(allowed, 99 + 2) << "own buckets, and two from the shared one";
    EXPECT_FALSE(limiter.acquire("offender").allowed);
    clock.advance(5s);
    EXPECT_TRUE(limiter.acquire("newcomer").allowed);
    EXPECT_EQ(limiter.keyCount(), 1U) << "idle keys were forgotten";
}

TEST(RateLimiter, HoldOffStopsEverybody)
{
    test::FakeClock clock;
    RateLimiter limiter({600, 1min, 10, 4}, clock);
    limiter.holdOff("k", 20s);
    const auto refused = limiter.acquire("k", Priority::Urgent);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.retryAfter, Duration(20s));
    clock.advance(20s);
    EXPECT_TRUE(limiter.acquire("k", Priority::Urgent).allowed);
    EXPECT_FALSE(limiter.acquire("k", Priority::Urgent).allowed) << "no burst right after";
}

class BulkheadTest : public testing::Test {
protected:
    test::SimWorld m_world{3};
    test::SimExecutor m_core{m_world};
    Bulkhead m_bulkhead{{"jobs", 2, 3, 2s}, m_core};
    std::vector<Bulkhead::Slot> m_held;
    std::vector<std::string> m_log;

    void submit(const std::string& name, Priority priority = Priority::Background)
    {
        m_bulkhead.run(
            [this, name](Result<Bulkhead::Slot> slot) {
                m_log.push_back(name + (slot ? "" : " " + slot.error().code));
                if (slot) m_held.push_back(std::move(*slot));
            },
            priority);
    }
};

TEST_F(BulkheadTest, BoundsWhatRunsAndWhatWaits)
{
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) submit(name);
    EXPECT_EQ(m_log, (std::vector<std::string>{"a", "b", "f resilience.bulkhead_full"}));
    EXPECT_EQ(m_bulkhead.counts().running, 2);
    EXPECT_EQ(m_bulkhead.counts().waiting, 3);
    m_held.clear();
    m_world.runReady();
    EXPECT_EQ(m_log.size(), 5U);
    EXPECT_EQ(m_bulkhead.counts().waiting, 1);
}

TEST_F(BulkheadTest, UrgentWorkGoesFirst)
{
    for (const char* name : {"a", "b", "slow"}) submit(name);
    submit("cancel", Priority::Urgent);
    m_held.clear();
    m_world.runReady();
    EXPECT_EQ(m_log, (std::vector<std::string>{"a", "b", "cancel", "slow"}));
}

TEST_F(BulkheadTest, WhatWaitedTooLongIsRefused)
{
    for (const char* name : {"a", "b", "c"}) submit(name);
    m_world.run(2s);
    EXPECT_EQ(m_log.back(), "c resilience.bulkhead_wait");
    EXPECT_EQ(m_bulkhead.counts().expired, 1U);
    EXPECT_EQ(m_bulkhead.counts().waiting, 0);
    m_held.clear();
    submit("d");
    EXPECT_EQ(m_log.back(), "d");
}

TEST_F(BulkheadTest, WorkThatEndsAtOnceDoesNotPileUpOnTheStack)
{
    Bulkhead one({"one", 1, 100'000, 1h}, m_core);
    int done = 0;
    std::optional<Bulkhead::Slot> first;
    one.run([&](Result<Bulkhead::Slot> slot) { first = std::move(*slot); });
    for (int i = 0; i < 50'000; ++i) one.run([&](Result<Bulkhead::Slot>) { ++done; });
    first.reset();
    m_world.runReady();
    EXPECT_EQ(done, 50'000);
    EXPECT_EQ(one.counts().running, 0);
}

TEST(FaultPoints, DoNothingUntilArmed)
{
    runtime::SeededRandom random(1);
    FaultPoints points(random);
    points.declare("storage.commit", "the writer is about to commit");
    EXPECT_FALSE(points.pass("storage.commit"));
    EXPECT_FALSE(points.pass("never.declared"));
    const auto unknown = points.arm("storage.comit", {});
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().kind, ErrorKind::NotFound);
    EXPECT_NE(unknown.error().detail.find("storage.commit"), std::string::npos);
}

TEST(FaultPoints, ActAsOftenAsAskedAfterAsManyAsAsked)
{
    runtime::SeededRandom random(1);
    int crashes = 0;
    FaultPoints points(random, [&] { ++crashes; });
    points.declare("a", "first");
    points.declare("b", "second");
    Fault fault;
    fault.skip = 2;
    fault.times = 2;
    fault.error.code = "disk.full";
    ASSERT_TRUE(points.arm("a", fault).has_value());
    std::string seen;
    for (int i = 0; i < 6; ++i) seen += points.pass("a") ? 'x' : '.';
    EXPECT_EQ(seen, "..xx..");
    EXPECT_FALSE(points.describe().front().armed);
    EXPECT_EQ(points.describe().front().acted, 2U);

    ASSERT_TRUE(points.arm("b", Fault{FaultKind::Crash}).has_value());
    EXPECT_FALSE(points.pass("a"));
    points.pass("b");
    EXPECT_EQ(crashes, 1);
    Fault delay{FaultKind::Delay};
    delay.delay = 3s;
    delay.times = -1;
    ASSERT_TRUE(points.arm("b", delay).has_value());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(points.pass("b").delay, Duration(3s));
    points.disarmAll();
    EXPECT_FALSE(points.pass("b"));
}

TEST(FaultPointsDeathTest, ACrashEndsTheProcess)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    runtime::SeededRandom random(1);
    FaultPoints points(random);
    points.declare("a", "first");
    ASSERT_TRUE(points.arm("a", Fault{FaultKind::Crash}).has_value());
    EXPECT_EXIT(points.pass("a"), testing::KilledBySignal(SIGKILL), "");
}

} // namespace
} // namespace qd::resilience
