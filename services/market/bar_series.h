#pragma once

#include <optional>
#include <vector>

#include "models/market/quote.h"

namespace qd::market {

/// [from, to).
struct TimeRange {
    Timestamp from, to;
    friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// The known bars of one symbol and interval: one stretch of time without gaps that is settled
/// (will not change), and behind it bars that are still growing. A value.
class BarSeries {
public:
    /// A hole wider than this many bars is not filled to join two stretches.
    static constexpr int kBridgeBarsMax = 20'000;

    explicit BarSeries(BarInterval interval) : m_interval(interval) {}

    /// What must be fetched before [wanted] can be answered: nothing, before, after, or both.
    std::vector<TimeRange> missing(TimeRange wanted, Timestamp now) const;
    /// Take in what was fetched for `range`; bars outside it are ignored. Bars that end after
    /// `settledTo` may still change and will be fetched again.
    void merge(TimeRange range, std::vector<Bar> fetched, Timestamp settledTo, Timestamp now);
    /// A bar that ended before our eyes: every trade since `wholeSince` was seen. Taken only if it
    /// joins the settled stretch.
    void extend(Timestamp wholeSince, const Bar& bar, Timestamp end);
    /// The newest `limit` bars of `range`, oldest first.
    std::vector<Bar> slice(TimeRange range, std::size_t limit) const;
    /// Does the stretch reach back to `from`?
    bool reaches(Timestamp from) const { return m_from.isSet() && m_from <= from && from <= m_to; }
    std::size_t size() const { return m_bars.size(); }

private:
    std::vector<Bar>::const_iterator at(Timestamp start) const;
    void replace(TimeRange range, std::vector<Bar> bars);

    BarInterval m_interval;
    std::vector<Bar> m_bars; ///< by start
    Timestamp m_from, m_to;  ///< settled; unset: nothing is
    Timestamp m_tailTo;      ///< fetched up to here …
    Timestamp m_tailAt;      ///< … at this time
};

/// `range` widened to whole bars, so that like questions become the same question.
TimeRange aligned(TimeRange range, BarInterval interval);

} // namespace qd::market
