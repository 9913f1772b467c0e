#pragma once

#include "models/market/calendar.h"
#include "models/market/quote.h"

namespace qd::market {

/// How often something arrives: a moving average of the gaps between arrivals. A value.
class Cadence {
public:
    /// Longer gaps (nights, weekends) count as this much.
    static constexpr Duration kGapMax = std::chrono::minutes(10);
    /// Before a second arrival has told, nothing is known of how often they come.
    static constexpr Duration kUnknown{};

    void arrived(Duration steady);
    /// The value was asked for rather than sent: it says nothing of how often they come.
    void asked(Duration steady);
    bool any() const { return m_last != Duration{}; }
    Duration mean() const { return m_mean; }
    Duration last() const { return m_last; } ///< steady time of the last arrival or answer

private:
    Duration m_last{};
    Duration m_mean{};
    bool m_wasAsked = false;
};

/// What a symbol's freshness is judged from.
struct FreshnessSigns {
    bool any = false;            ///< has anything arrived?
    bool halted = false;
    FeedClass feedClass = FeedClass::RealTime;
    bool feedUp = false;         ///< connected, and not silent as a whole
    SessionPhase phase = SessionPhase::Regular;
    Duration age{};              ///< of the newest value, since its own time
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

/// When a symbol (or a feed) with this cadence counts as slow, and as stale. With an unknown one a
/// value is taken for live for half a minute, and then for slow as long as its feed lives and the
/// value is not old: nobody can say yet whether the symbol is quiet or its quotes are lost.
Duration slowAfter(Duration cadence, SessionPhase phase);
Duration staleAfter(Duration cadence, SessionPhase phase);

} // namespace qd::market
