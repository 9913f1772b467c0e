#include "services/resilience/circuit_breaker.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace qd::resilience {
namespace {

using namespace std::chrono_literals;

BreakerSettings brokerSettings()
{
    BreakerSettings settings;
    settings.name = "broker.alpaca";
    settings.windowSize = 10;
    settings.minimumCalls = 5;
    settings.probes = 2;
    settings.openWait = 5s;
    settings.openWaitMax = 60s;
    settings.openJitterPercent = 0;
    return settings;
}

class Breaker : public testing::Test {
protected:
    void fail(int times, Duration retryAfter = {})
    {
        for (int i = 0; i < times; ++i) {
            auto permit = m_breaker.tryAcquire();
            ASSERT_TRUE(permit.has_value());
            permit->failed("503 Service Unavailable", retryAfter);
        }
    }
    BreakerState state() const { return m_breaker.snapshot().state; }

    test::FakeClock m_clock;
    runtime::SeededRandom m_random{1};
    CircuitBreaker m_breaker{brokerSettings(), m_clock, m_random};
};

TEST_F(Breaker, FiveFailuresOpenItAndTheRefusalTellsWhen)
{
    fail(4);
    EXPECT_EQ(state(), BreakerState::Closed);
    fail(1);
    EXPECT_EQ(state(), BreakerState::Open);
    const auto refused = m_breaker.tryAcquire();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(refused.error().code, "resilience.breaker_open");
    EXPECT_NE(refused.error().detail.find("2026-01-05T15:00:05.000Z"), std::string::npos)
        << refused.error().detail;
    EXPECT_NE(refused.error().detail.find("503 Service Unavailable"), std::string::npos);
    const auto snapshot = m_breaker.snapshot();
    EXPECT_EQ(snapshot.failureRate, 100.0);
    EXPECT_EQ(snapshot.notPermitted, 1U);
    EXPECT_EQ(snapshot.openedAt, m_clock.now());
    EXPECT_EQ(snapshot.nextAttempt, m_clock.now() + Duration(5s));
    EXPECT_EQ(m_breaker.retryIn(), Duration(5s));
}

TEST_F(Breaker, TwoGoodProbesCloseIt)
{
    fail(5);
    m_clock.advance(5s);
    auto first = m_breaker.tryAcquire();
    auto second = m_breaker.tryAcquire();
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(m_breaker.tryAcquire().has_value()) << "half open lets two through";
    first->succeeded();
    EXPECT_EQ(state(), BreakerState::HalfOpen);
    second->succeeded();
    EXPECT_EQ(state(), BreakerState::Closed);
    EXPECT_FALSE(m_breaker.snapshot().openedAt.isSet());
    fail(4);
    EXPECT_EQ(state(), BreakerState::Closed) << "it began afresh";
}

TEST_F(Breaker, OneBadProbeReopensItAtOnceForTwiceAsLong)
{
    fail(5);
    m_clock.advance(5s);
    fail(1);
    EXPECT_EQ(state(), BreakerState::Open);
    EXPECT_EQ(m_breaker.retryIn(), Duration(10s));
    for (int i = 0; i < 6; ++i) {
        m_clock.advance(m_breaker.retryIn());
        fail(1);
    }
    EXPECT_EQ(m_breaker.retryIn(), Duration(60s)) << "the wait has a cap";
}

TEST_F(Breaker, AnAbandonedProbeGivesItsPermitBack)
{
    fail(5);
    m_clock.advance(5s);
    for (int i = 0; i < 10; ++i) {
        auto permit = m_breaker.tryAcquire();
        ASSERT_TRUE(permit.has_value()) << i;
    } // each ends untold
    EXPECT_EQ(state(), BreakerState::HalfOpen);
    EXPECT_EQ(m_breaker.snapshot().permitsOut, 0);
}

TEST_F(Breaker, SilentProbesCannotKeepItHalfOpen)
{
    fail(5);
    m_clock.advance(5s);
    auto silent = m_breaker.tryAcquire();
    auto other = m_breaker.tryAcquire();
    ASSERT_TRUE(silent && other);
    m_clock.advance(30s);
    EXPECT_EQ(state(), BreakerState::Open);
    EXPECT_NE(m_breaker.snapshot().reason.find("did not answer"), std::string::npos);
    silent->succeeded(); // too late: of an older state
    other->failed("late");
    EXPECT_EQ(state(), BreakerState::Open);
    EXPECT_EQ(m_breaker.snapshot().openings, 2);
}

TEST_F(Breaker, ResultsFromBeforeItOpenedAreDropped)
{
    auto slowCall = m_breaker.tryAcquire();
    fail(5);
    m_clock.advance(5s);
    auto probe = m_breaker.tryAcquire();
    ASSERT_TRUE(probe.has_value());
    slowCall->failed("from another time");
    EXPECT_EQ(state(), BreakerState::HalfOpen);
}

TEST_F(Breaker, RetryAfterCanOnlyMakeTheWaitLonger)
{
    fail(4);
    fail(1, 45s);
    EXPECT_EQ(m_breaker.retryIn(), Duration(45s));

    CircuitBreaker other(brokerSettings(), m_clock, m_random);
    for (int i = 0; i < 5; ++i) other.tryAcquire()->failed("429", 1s);
    EXPECT_EQ(other.retryIn(), Duration(5s));
    other.acquireAnyway().failed("429", 90s); // a cancel that was tried anyway
    EXPECT_EQ(other.retryIn(), Duration(90s));
    other.acquireAnyway().failed("429", 24h);
    EXPECT_EQ(other.retryIn(), Duration(15min)) << "nobody is believed for longer";
}

TEST_F(Breaker, CancelsGoThroughAnOpenBreaker)
{
    fail(5);
    auto cancel = m_breaker.acquireAnyway();
    cancel.succeeded();
    EXPECT_EQ(state(), BreakerState::Open);
    m_breaker.force(BreakerState::ForcedOpen, "maintenance");
    m_breaker.acquireAnyway().failed("x");
    EXPECT_EQ(state(), BreakerState::ForcedOpen);
}

TEST_F(Breaker, SlowCallsOpenItThoughTheySucceed)
{
    for (int i = 0; i < 5; ++i) {
        auto permit = m_breaker.tryAcquire();
        ASSERT_TRUE(permit.has_value());
        m_clock.advance(5s + 1ns);
        permit->succeeded();
    }
    EXPECT_EQ(state(), BreakerState::Open);
    EXPECT_EQ(m_breaker.snapshot().failures, 0);
    EXPECT_EQ(m_breaker.snapshot().slowRate, 100.0);
}

TEST_F(Breaker, TheWallClockDoesNotMatter)
{
    fail(5);
    m_clock.setWall(Timestamp::of("2030-01-01T00:00:00Z"));
    EXPECT_FALSE(m_breaker.tryAcquire().has_value());
    m_clock.advance(5s);
    EXPECT_TRUE(m_breaker.tryAcquire().has_value());
}

TEST_F(Breaker, ListenersHearEachTransitionOnceUntilTheyEnd)
{
    std::vector<std::string> heard;
    auto listening = m_breaker.onTransition([&](const BreakerTransition& transition) {
        heard.push_back(std::string(toString(transition.from)) + ">" +
                        std::string(toString(transition.to)));
        (void)m_breaker.snapshot(); // may be asked from within
    });
    fail(5);
    m_clock.advance(5s);
    fail(1);
    EXPECT_EQ(heard, (std::vector<std::string>{"closed>open", "open>half_open", "half_open>open"}));
    listening.reset();
    m_breaker.force(BreakerState::Closed, "looked at it");
    EXPECT_EQ(heard.size(), 3U);
}

TEST_F(Breaker, TheOperatorsStatesHold)
{
    m_breaker.force(BreakerState::Disabled, "drill");
    fail(50);
    EXPECT_EQ(state(), BreakerState::Disabled);
    m_breaker.force(BreakerState::MetricsOnly, "trial");
    fail(50);
    EXPECT_EQ(state(), BreakerState::MetricsOnly);
    EXPECT_EQ(m_breaker.snapshot().failureRate, 100.0);
    m_breaker.force(BreakerState::ForcedOpen, "maintenance");
    m_clock.advance(24h);
    const auto refused = m_breaker.tryAcquire();
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().detail.find("maintenance"), std::string::npos);
}

TEST(BreakerPermit, MayOutliveItsBreaker)
{
    test::FakeClock clock;
    runtime::SeededRandom random(1);
    CircuitBreaker::Permit permit;
    {
        CircuitBreaker breaker(brokerSettings(), clock, random);
        permit = std::move(*breaker.tryAcquire());
    }
    permit.failed("nobody listens");
}

TEST(BreakerTimeWindow, OldFailuresAreForgotten)
{
    test::FakeClock clock;
    runtime::SeededRandom random(1);
    BreakerSettings settings = brokerSettings();
    settings.windowKind = WindowKind::Time;
    settings.windowSize = 10;
    CircuitBreaker breaker(settings, clock, random);
    for (int i = 0; i < 4; ++i) breaker.tryAcquire()->failed("x");
    clock.advance(10s);
    EXPECT_EQ(breaker.snapshot().calls, 0);
    for (int i = 0; i < 4; ++i) breaker.tryAcquire()->failed("x");
    EXPECT_EQ(breaker.snapshot().state, BreakerState::Closed);
    breaker.tryAcquire()->failed("x");
    EXPECT_EQ(breaker.snapshot().state, BreakerState::Open);
}

} // namespace
} // namespace qd::resilience
