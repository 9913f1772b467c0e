#include "services/market/freshness.h"

#include <algorithm>
#include <utility>

namespace qd::market {

namespace {

using namespace std::chrono_literals;

constexpr Duration kOld = 15min;
constexpr Duration kRefused = 24h;
constexpr Duration kSlowAtLeast = 5s;
constexpr Duration kStaleAtLeast = 20s;
/// One value alone, before its symbol's cadence is known, is believed for so long.
constexpr Duration kSlowAlone = 30s;
constexpr int kSlowGaps = 10;
constexpr int kStaleGaps = 40;
/// Before and after the regular session everything ticks more rarely than its average says.
constexpr int kExtendedHoursPatience = 4;

int patience(SessionPhase phase)
{
    return phase == SessionPhase::Regular ? 1 : kExtendedHoursPatience;
}

} // namespace

void Cadence::arrived(Duration steady)
{
    if (any() && !std::exchange(m_wasAsked, false)) {
        // An average of the last eight or so; at least 1 ns so that zero keeps meaning "unknown".
        const Duration gap = std::clamp(steady - m_last, Duration(1), kGapMax);
        m_mean = m_mean == Duration{} ? gap : m_mean + (gap - m_mean) / 8;
    }
    m_last = steady;
}

void Cadence::asked(Duration steady)
{
    m_last = steady;
    m_wasAsked = true;
}

Duration slowAfter(Duration cadence, SessionPhase phase)
{
    if (cadence == Cadence::kUnknown) return kSlowAlone * patience(phase);
    return std::max(kSlowAtLeast, cadence * kSlowGaps) * patience(phase);
}

Duration staleAfter(Duration cadence, SessionPhase phase)
{
    if (cadence == Cadence::kUnknown) return kOld;
    return std::max(kStaleAtLeast, cadence * kStaleGaps) * patience(phase);
}

FreshnessVerdict judge(const FreshnessSigns& signs)
{
    if (!signs.any) return {signs.halted ? Freshness::Halted : Freshness::NoData, false, true};
    FreshnessVerdict verdict;
    verdict.old = signs.age > kOld;
    verdict.refused = signs.age > kRefused;
    const Duration slow = slowAfter(signs.cadence, signs.phase);
    if (signs.halted)
        verdict.freshness = Freshness::Halted;
    else if (signs.feedClass == FeedClass::Delayed || signs.feedClass == FeedClass::Frozen)
        verdict.freshness = Freshness::Delayed;
    else if (signs.phase == SessionPhase::Closed)
        verdict.freshness = Freshness::Closed;
    else if (!signs.feedUp || signs.delay > kStaleAtLeast ||
             signs.age > staleAfter(signs.cadence, signs.phase))
        verdict.freshness = Freshness::Stale;
    else if (signs.delay > kSlowAtLeast || signs.age > slow)
        verdict.freshness = Freshness::Slow;
    else
        verdict.freshness = Freshness::Live;
    return verdict;
}

} // namespace qd::market
