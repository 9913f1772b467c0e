#include "services/resilience/breaker_rules.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/base/result.h"

namespace qd::resilience {

namespace {

/// One decision under way: the memory it changes and the effects it collects.
class Decision {
public:
    Decision(BreakerMemory memory, const BreakerSettings& settings, Duration now, double roll)
        : m_step{std::move(memory), {}}, m_settings(settings), m_now(now), m_roll(roll)
    {
        reopenIfProbesAreSilent();
    }

    BreakerStep take() && { return std::move(m_step); }

    void on(const PermitAsked&);
    void on(const PassageAsked&) { effects().permitted = true; }
    void on(const CallFinished& call);
    void on(const PermitAbandoned& permit);
    void on(const TimePassed&)
    {
        if (memory().state != BreakerState::Open) memory().window.advance(m_now);
    }
    void on(const StateForced& forced);

private:
    BreakerMemory& memory() { return m_step.memory; }
    BreakerEffects& effects() { return m_step.effects; }

    void reopenIfProbesAreSilent();
    void enter(BreakerState state, std::string reason);
    void open(std::string reason);
    void record(const CallFinished& call);
    void judgeClosed();
    void judgeProbes();
    /// Why these counts, of `needed` calls, cross a threshold; empty if they do not.
    std::string verdict(const CallCounts& counts, int needed) const;
    void refuse(Duration retryIn);
    void askHalfOpen();
    int minimumCalls() const;

    BreakerStep m_step;
    const BreakerSettings& m_settings;
    Duration m_now;
    double m_roll;
};

void Decision::reopenIfProbesAreSilent()
{
    if (memory().state != BreakerState::HalfOpen || memory().permitsOut == 0) return;
    if (m_now - memory().probedAt < m_settings.halfOpenMax) return;
    open(fmt::format("{} of {} probes did not answer within {} ms", memory().permitsOut,
                     m_settings.probes,
                     std::chrono::duration_cast<std::chrono::milliseconds>(m_settings.halfOpenMax)
                         .count()));
}

void Decision::enter(BreakerState state, std::string reason)
{
    BreakerMemory& m = memory();
    effects().transitions.push_back({m_settings.name, m.state, state, reason, {}, {}});
    m.state = state;
    m.reason = std::move(reason);
    ++m.epoch;
    m.permitsOut = 0;
    m.reported = false;
    if (state == BreakerState::HalfOpen)
        m.window = CallWindow(WindowKind::Count, m_settings.probes);
    else if (state != BreakerState::Open) // an open breaker keeps showing what opened it
        m.window = CallWindow(m_settings.windowKind, m_settings.windowSize);
    if (state == BreakerState::Closed) m.openings = 0;
}

void Decision::open(std::string reason)
{
    BreakerMemory& m = memory();
    if (!m.sample.empty()) reason += "; last: " + m.sample;
    enter(BreakerState::Open, std::move(reason));
    ++m.openings;
    Duration wait = std::min(m_settings.openWait, m_settings.openWaitMax);
    for (int i = 1; i < m.openings && wait < m_settings.openWaitMax; ++i)
        wait = wait > m_settings.openWaitMax / 2 ? m_settings.openWaitMax : wait * 2;
    const double shortened =
        static_cast<double>(wait.count()) * m_settings.openJitterPercent / 100.0 * m_roll;
    wait -= Duration(static_cast<std::int64_t>(shortened));
    m.openUntil = std::max(m_now + wait, m.notBefore);
}

int Decision::minimumCalls() const
{
    return m_settings.windowKind == WindowKind::Count
               ? std::min(m_settings.minimumCalls, m_settings.windowSize)
               : m_settings.minimumCalls;
}

std::string Decision::verdict(const CallCounts& counts, int needed) const
{
    if (counts.failures * 100 >= m_settings.failurePercent * needed)
        return fmt::format("failure rate {}% of {} calls, limit {}%",
                           counts.failures * 100 / needed, needed, m_settings.failurePercent);
    if (counts.slow * 100 >= m_settings.slowPercent * needed)
        return fmt::format("slow rate {}% of {} calls, limit {}%", counts.slow * 100 / needed,
                           needed, m_settings.slowPercent);
    return {};
}

void Decision::judgeClosed()
{
    const CallCounts& counts = memory().window.counts();
    if (counts.calls < minimumCalls()) return;
    std::string reason = verdict(counts, counts.calls);
    if (reason.empty()) return;
    if (memory().state == BreakerState::Closed) return open(std::move(reason));
    effects().wouldOpen = !memory().reported;
    memory().reported = true;
}

void Decision::judgeProbes()
{
    // As soon as the outcome is certain: failures enough for the whole sample reopen at once.
    const CallCounts& counts = memory().window.counts();
    const int needed = std::min(m_settings.minimumCalls, m_settings.probes);
    if (std::string reason = verdict(counts, needed); !reason.empty())
        open("probes failed: " + reason);
    else if (counts.calls >= needed)
        enter(BreakerState::Closed, fmt::format("{} probes succeeded", counts.calls));
}

void Decision::record(const CallFinished& call)
{
    memory().window.record(call.result, call.duration > m_settings.slowCall, m_now);
    if (call.result == CallResult::Failure && !call.sample.empty()) memory().sample = call.sample;
}

void Decision::refuse(Duration retryIn)
{
    ++memory().refused;
    effects().retryIn = retryIn;
}

void Decision::askHalfOpen()
{
    BreakerMemory& m = memory();
    if (m.permitsOut + m.window.counts().calls >= m_settings.probes)
        return refuse(std::max(Duration{}, m.probedAt + m_settings.halfOpenMax - m_now));
    ++m.permitsOut;
    m.probedAt = m_now;
    effects().permitted = true;
}

void Decision::on(const PermitAsked&)
{
    switch (memory().state) {
    case BreakerState::Closed:
    case BreakerState::Disabled:
    case BreakerState::MetricsOnly: effects().permitted = true; return;
    case BreakerState::ForcedOpen: return refuse({});
    case BreakerState::Open:
        if (m_now < memory().openUntil) return refuse(memory().openUntil - m_now);
        enter(BreakerState::HalfOpen, "the wait is over");
        return askHalfOpen();
    case BreakerState::HalfOpen: return askHalfOpen();
    }
}

void Decision::on(const CallFinished& call)
{
    BreakerMemory& m = memory();
    if (call.epoch != m.epoch) return;
    if (call.retryAfter > Duration{})
        m.notBefore =
            std::max(m.notBefore, m_now + std::min(call.retryAfter, m_settings.retryAfterMax));
    switch (m.state) {
    case BreakerState::Closed:
    case BreakerState::MetricsOnly:
        record(call);
        return judgeClosed();
    case BreakerState::HalfOpen:
        if (call.passage) return;
        --m.permitsOut;
        record(call);
        return judgeProbes();
    case BreakerState::Open: m.openUntil = std::max(m.openUntil, m.notBefore); return;
    case BreakerState::Disabled:
    case BreakerState::ForcedOpen: return;
    }
}

void Decision::on(const PermitAbandoned& permit)
{
    if (permit.epoch == memory().epoch && memory().state == BreakerState::HalfOpen)
        --memory().permitsOut;
}

void Decision::on(const StateForced& forced)
{
    std::string reason = "by the operator: " + forced.reason;
    if (forced.state != BreakerState::Open) return enter(forced.state, std::move(reason));
    memory().sample.clear();
    open(std::move(reason));
}

} // namespace

BreakerMemory::BreakerMemory(const BreakerSettings& settings)
    : window(settings.windowKind, settings.windowSize)
{
    QD_ASSERT(settings.minimumCalls >= 1 && settings.probes >= 1);
    QD_ASSERT(settings.failurePercent >= 1 && settings.failurePercent <= 100);
    QD_ASSERT(settings.slowPercent >= 1 && settings.slowPercent <= 100);
    QD_ASSERT(settings.openJitterPercent >= 0 && settings.openJitterPercent <= 100);
    QD_ASSERT(settings.openWait > Duration{} && settings.halfOpenMax > Duration{});
}

BreakerStep decide(BreakerMemory memory, const BreakerSettings& settings, const BreakerEvent& event,
                   Duration now, double roll)
{
    Decision decision(std::move(memory), settings, now, roll);
    std::visit([&](const auto& happened) { decision.on(happened); }, event);
    return std::move(decision).take();
}

std::string_view toString(BreakerState state)
{
    switch (state) {
    case BreakerState::Closed: return "closed";
    case BreakerState::Open: return "open";
    case BreakerState::HalfOpen: return "half_open";
    case BreakerState::Disabled: return "disabled";
    case BreakerState::ForcedOpen: return "forced_open";
    case BreakerState::MetricsOnly: return "metrics_only";
    }
    return "closed";
}

} // namespace qd::resilience
