#pragma once

#include "models/market/calendar.h"
#include "models/market/quote.h"

namespace qd::market {

/// How often something arrives: a moving average of the gaps between arrivals. A value.
class Cadence {
public:
    /// Longer gaps (nights, weekends) count as this much.
    static constexpr Duration kGapMax = std::chrono::minutes(10);
    /// What is assumed before a second arrival has told.
    static constexpr Duration kUnknown = std::chrono::seconds(60);

    void arrived(Duration steady);
    bool any() const { return m_last != Duration{}; }
    Duration mean() const { return m_mean == Duration{} ? kUnknown : m_mean; }
    Duration last() const { return m_last; } ///< steady time of the last arrival

private:
    Duration m_last{};
    Duration m_mean{};
};

/// What a symbol's freshness is judged from.
struct FreshnessSigns {
    bool any = false;            ///< has anything arrived?
    bool halted = false;
    FeedClass feedClass = FeedClass::RealTime;
    bool feedUp = false;         ///< connected, and not silent as a whole
    SessionPhase phase = SessionPhase::Regular;
    Duration age{};              ///< of the newest value, its delay on the way included
    Duration delay{};            ///< how long it was on its way: old when it came
    Duration cadence = Cadence::kUnknown;
};

struct FreshnessVerdict {
    Freshness freshness = Freshness::NoData;
    bool old = false;     ///< over 15 minutes: warn
    bool refused = false; ///< over a day: decide nothing upon it
    friend bool operator==(const FreshnessVerdict&, const FreshnessVerdict&) = default;
};

/// The rule. A symbol is slow or stale against its own cadence, so that a quiet one is not suspect
/// for being quiet while its feed is alive; with the feed down or silent nothing is believed.
/// Outside market hours the last value is simply the last: Closed.
FreshnessVerdict judge(const FreshnessSigns& signs);

/// When a symbol (or a feed) with this cadence counts as slow, and as stale.
Duration slowAfter(Duration cadence, SessionPhase phase);
Duration staleAfter(Duration cadence, SessionPhase phase);

} // namespace qd::market
