#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ui/state/bar_pyramid.h"

namespace qd::ui {

/// Lines over the price, computed on the raw bars and kept up to date at the right end.
/// A value is NaN where the study is not defined yet.
class Studies {
public:
    static constexpr int kFastLength = 20;
    static constexpr int kSlowLength = 50;

    /// Where one trading day ends and the next begins, of a market that shuts over night and of
    /// one that never does.
    enum class Days { NewYork, Utc };

    /// Which trading day a bar that starts then belongs to: the sums of VWAP begin anew with each.
    std::int64_t dayOf(std::int64_t startMs) const;
    /// An exponential average of this length, one value on.
    static double averageAfter(double previous, double value, int length);

    /// From nothing; O(bars).
    void rebuild(const BarPyramid& bars, bool withVwap, Days days = Days::NewYork);
    /// After `append` or `replaceLast` on the same bars; O(1).
    void follow(const BarPyramid& bars);

    std::span<const double> fast() const { return m_fast; }
    std::span<const double> slow() const { return m_slow; }
    /// Since the session's start; empty for daily bars.
    std::span<const double> vwap() const { return m_vwap; }

private:
    struct Sums {
        double priceVolume = 0, volume = 0;
        std::int64_t day = 0;
    };
    void extend(const BarPyramid& bars, std::size_t index);

    bool m_withVwap = false;
    Days m_days = Days::NewYork;
    std::vector<double> m_fast, m_slow, m_vwap;
    Sums m_closed; ///< of the day up to, not including, the last bar
    Sums m_open;   ///< with the last bar
};

} // namespace qd::ui
