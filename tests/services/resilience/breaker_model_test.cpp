// The breaker against a naive reference that keeps every outcome in a list and knows no totals,
// rings or epochs beyond what the rules say. Equality of state and rates after every event.
#include <cstdlib>
#include <deque>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "services/resilience/breaker_rules.h"

namespace qd::resilience {
namespace {

using namespace std::chrono_literals;

/// What the reference remembers of one call.
struct Outcome {
    std::int64_t second;
    bool failed, slow;
};

class NaiveBreaker {
public:
    explicit NaiveBreaker(const BreakerSettings& settings) : m_settings(settings) {}

    BreakerState state = BreakerState::Closed;
    int generation = 0;
    int probesOut = 0;
    int openings = 0;
    Duration openUntil{}, notBefore{}, probedAt{};
    std::deque<Outcome> outcomes;

    bool ask(Duration now, double roll)
    {
        expireProbes(now, roll);
        if (state == BreakerState::Open && now >= openUntil) go(BreakerState::HalfOpen);
        switch (state) {
        case BreakerState::Closed:
        case BreakerState::Disabled:
        case BreakerState::MetricsOnly: return true;
        case BreakerState::Open:
        case BreakerState::ForcedOpen: return false;
        case BreakerState::HalfOpen: break;
        }
        if (probesOut + static_cast<int>(outcomes.size()) >= m_settings.probes) return false;
        ++probesOut;
        probedAt = now;
        return true;
    }

    void finish(int callGeneration, bool passage, bool failed, bool slow, Duration retryAfter,
                Duration now, double roll)
    {
        expireProbes(now, roll);
        if (callGeneration != generation) return;
        if (retryAfter > 0ns)
            notBefore = std::max(notBefore, now + std::min(retryAfter, m_settings.retryAfterMax));
        if (state == BreakerState::Open) openUntil = std::max(openUntil, notBefore);
        const bool closed = state == BreakerState::Closed || state == BreakerState::MetricsOnly;
        if (!closed && (state != BreakerState::HalfOpen || passage)) return;
        if (!closed) --probesOut;
        outcomes.push_back({secondOf(now), failed, slow});
        if (closed)
            judgeClosed(now, roll);
        else
            judgeProbes(now, roll);
    }

    void abandon(int callGeneration, Duration now, double roll)
    {
        expireProbes(now, roll);
        if (callGeneration == generation && state == BreakerState::HalfOpen) --probesOut;
    }

    void force(BreakerState wanted, Duration now, double roll)
    {
        expireProbes(now, roll);
        if (wanted == BreakerState::Open)
            open(now, roll);
        else
            go(wanted);
    }

    /// Counts over the window as it stands at `now`.
    CallCounts counts(Duration now) const
    {
        CallCounts counts;
        const auto inWindow = window(now);
        for (const Outcome& outcome : inWindow) {
            ++counts.calls;
            counts.failures += outcome.failed ? 1 : 0;
            counts.slow += outcome.slow ? 1 : 0;
        }
        return counts;
    }

    void expireProbes(Duration now, double roll)
    {
        if (state == BreakerState::HalfOpen && probesOut > 0 &&
            now - probedAt >= m_settings.halfOpenMax)
            open(now, roll);
    }

private:
    static std::int64_t secondOf(Duration now) { return now / 1s; }

    std::deque<Outcome> window(Duration now) const
    {
        std::deque<Outcome> result;
        const bool byTime = m_settings.windowKind == WindowKind::Time &&
                            state != BreakerState::HalfOpen;
        for (const Outcome& outcome : outcomes)
            if (!byTime || outcome.second > secondOf(now) - m_settings.windowSize)
                result.push_back(outcome);
        if (!byTime && state != BreakerState::HalfOpen)
            while (static_cast<int>(result.size()) > m_settings.windowSize) result.pop_front();
        return result;
    }

    void judgeClosed(Duration now, double roll)
    {
        const CallCounts c = counts(now);
        int minimum = m_settings.minimumCalls;
        if (m_settings.windowKind == WindowKind::Count)
            minimum = std::min(minimum, m_settings.windowSize);
        if (c.calls < minimum) return;
        const bool trips = 100.0 * c.failures / c.calls >= m_settings.failurePercent ||
                           100.0 * c.slow / c.calls >= m_settings.slowPercent;
        if (trips && state == BreakerState::Closed) open(now, roll);
    }

    void judgeProbes(Duration now, double roll)
    {
        const CallCounts c = counts(now);
        const int needed = std::min(m_settings.minimumCalls, m_settings.probes);
        // Even if all that is missing succeeds, would the sample still be bad?
        if (100.0 * c.failures / needed >= m_settings.failurePercent ||
            100.0 * c.slow / needed >= m_settings.slowPercent)
            open(now, roll);
        else if (c.calls >= needed)
            go(BreakerState::Closed);
    }

    void open(Duration now, double roll)
    {
        const bool keep = true; // what opened it stays visible
        go(BreakerState::Open, keep);
        ++openings;
        double wait = static_cast<double>(m_settings.openWait.count());
        for (int i = 1; i < openings; ++i)
            wait = std::min(wait * 2, static_cast<double>(m_settings.openWaitMax.count()));
        wait = std::min(wait, static_cast<double>(m_settings.openWaitMax.count()));
        const Duration whole(static_cast<std::int64_t>(wait));
        const Duration cut(
            static_cast<std::int64_t>(wait * m_settings.openJitterPercent / 100.0 * roll));
        openUntil = std::max(now + whole - cut, notBefore);
    }

    void go(BreakerState wanted, bool keepOutcomes = false)
    {
        state = wanted;
        ++generation;
        probesOut = 0;
        if (!keepOutcomes) outcomes.clear();
        if (wanted == BreakerState::Closed) openings = 0;
    }

    BreakerSettings m_settings;
};

/// A call under way, as both sides know it.
struct Call {
    std::uint64_t epoch;
    int generation;
    bool passage;
};

class Duel {
public:
    Duel(BreakerSettings settings, std::uint64_t seed)
        : m_settings(std::move(settings)), m_memory(m_settings), m_naive(m_settings), m_random(seed)
    {
    }

    void step()
    {
        m_now += Duration(static_cast<std::int64_t>(below(10) == 0 ? below(4'000'000'000)
                                                                    : below(300'000'000)));
        const double roll = static_cast<double>(below(1'000)) / 1'000.0;
        const auto what = below(100);
        if (what < 45)
            ask(roll);
        else if (what < 50)
            pass(roll);
        else if (what < 93)
            finishOne(roll);
        else if (what < 97)
            abandonOne(roll);
        else if (what < 99)
            look(roll);
        else if (below(4) == 0)
            force(roll);
        // The burst of failures that a window must notice comes in phases.
        if (below(200) == 0) m_failPercent = below(2) == 0 ? 5 : 80;
    }

    void expectEqual() const
    {
        ASSERT_EQ(m_memory.state, m_naive.state);
        ASSERT_EQ(m_memory.openings, m_naive.openings);
        ASSERT_EQ(m_memory.permitsOut, m_naive.probesOut);
        ASSERT_GE(m_memory.permitsOut, 0);
        if (m_memory.state == BreakerState::Open) {
            ASSERT_EQ(m_memory.openUntil, m_naive.openUntil);
            return;
        }
        BreakerStep looked = decide(m_memory, m_settings, TimePassed{}, m_now, 0);
        if (looked.memory.state != m_memory.state) return; // probes expire at the next event
        ASSERT_EQ(looked.memory.window.counts(), m_naive.counts(m_now));
    }
    std::uint64_t transitions() const { return m_transitions; }

private:
    std::uint64_t below(std::uint64_t bound) { return m_random() % bound; }

    BreakerEffects feed(const BreakerEvent& event, double roll)
    {
        BreakerStep step = decide(std::move(m_memory), m_settings, event, m_now, roll);
        m_memory = std::move(step.memory);
        m_transitions += step.effects.transitions.size();
        return step.effects;
    }

    void look(double roll)
    {
        feed(TimePassed{}, roll);
        m_naive.expireProbes(m_now, roll);
    }

    void ask(double roll)
    {
        const bool permitted = feed(PermitAsked{}, roll).permitted;
        ASSERT_EQ(permitted, m_naive.ask(m_now, roll));
        if (permitted) m_calls.push_back({m_memory.epoch, m_naive.generation, false});
    }

    void pass(double roll)
    {
        ASSERT_TRUE(feed(PassageAsked{}, roll).permitted);
        m_naive.expireProbes(m_now, roll);
        m_calls.push_back({m_memory.epoch, m_naive.generation, true});
    }

    std::optional<Call> take()
    {
        if (m_calls.empty()) return std::nullopt;
        // Usually an old one, sometimes one from an earlier state.
        const auto at = m_calls.begin() + static_cast<std::ptrdiff_t>(below(m_calls.size()));
        const Call call = *at;
        m_calls.erase(at);
        return call;
    }

    void finishOne(double roll)
    {
        const auto call = take();
        if (!call) return;
        const bool failed = below(100) < m_failPercent;
        const Duration duration = below(10) == 0 ? m_settings.slowCall + 1ns : m_settings.slowCall;
        const Duration retryAfter = below(30) == 0 ? Duration(2s) : Duration(0);
        feed(CallFinished{call->epoch, failed ? CallResult::Failure : CallResult::Success, duration,
                          retryAfter, failed ? "503" : "", call->passage},
             roll);
        m_naive.finish(call->generation, call->passage, failed, duration > m_settings.slowCall,
                       retryAfter, m_now, roll);
    }

    void abandonOne(double roll)
    {
        const auto call = take();
        if (!call || call->passage) return;
        feed(PermitAbandoned{call->epoch}, roll);
        m_naive.abandon(call->generation, m_now, roll);
    }

    void force(double roll)
    {
        constexpr BreakerState kStates[] = {BreakerState::Closed,     BreakerState::Open,
                                            BreakerState::Closed,     BreakerState::Disabled,
                                            BreakerState::ForcedOpen, BreakerState::MetricsOnly};
        const BreakerState wanted = kStates[below(std::size(kStates))];
        feed(StateForced{wanted, "test"}, roll);
        m_naive.force(wanted, m_now, roll);
    }

    BreakerSettings m_settings;
    BreakerMemory m_memory;
    NaiveBreaker m_naive;
    std::mt19937_64 m_random;
    std::vector<Call> m_calls;
    Duration m_now = 1h;
    std::uint64_t m_failPercent = 20;
    std::uint64_t m_transitions = 0;
};

BreakerSettings settingsOf(WindowKind kind, int size, int minimum, int probes)
{
    BreakerSettings settings;
    settings.name = "model";
    settings.windowKind = kind;
    settings.windowSize = size;
    settings.minimumCalls = minimum;
    settings.probes = probes;
    settings.slowPercent = 60;
    settings.halfOpenMax = 3s;
    settings.openWait = 500ms;
    settings.openWaitMax = 3s;
    return settings;
}

TEST(BreakerModel, EqualsTheNaiveReferenceOverTwoHundredThousandEvents)
{
    const BreakerSettings variants[] = {
        settingsOf(WindowKind::Count, 10, 5, 2), settingsOf(WindowKind::Count, 7, 100, 5),
        settingsOf(WindowKind::Time, 5, 4, 3), settingsOf(WindowKind::Time, 1, 2, 1)};
    // A longer run: QD_MODEL_EVENTS=1000000.
    const char* wanted = std::getenv("QD_MODEL_EVENTS");
    const int events = (wanted ? std::atoi(wanted) : 200'000) / static_cast<int>(std::size(variants));
    for (std::size_t variant = 0; variant < std::size(variants); ++variant) {
        Duel duel(variants[variant], 1'000 + variant);
        for (int i = 0; i < events; ++i) {
            duel.step();
            duel.expectEqual();
            if (testing::Test::HasFatalFailure())
                FAIL() << "variant " << variant << ", event " << i;
        }
        EXPECT_GT(duel.transitions(), 700U) << "the run must have exercised the state machine";
    }
}

} // namespace
} // namespace qd::resilience
