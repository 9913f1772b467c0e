#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <QRectF>
#include <QString>

namespace qd::ui {

/// Which bars and prices the plot shows, and where they lie in it. Bar i is centred on index i.
struct ChartScale {
    QRectF plot;
    double firstIndex = 0, lastIndex = 1; ///< left and right edge
    double low = 0, high = 1;             ///< bottom and top edge

    double x(double index) const
    {
        return plot.left() + (index - firstIndex) / (lastIndex - firstIndex) * plot.width();
    }
    double y(double price) const
    {
        return plot.bottom() - (price - low) / (high - low) * plot.height();
    }
    double indexAt(double x) const
    {
        return firstIndex + (x - plot.left()) / plot.width() * (lastIndex - firstIndex);
    }
    double priceAt(double y) const
    {
        return low + (plot.bottom() - y) / plot.height() * (high - low);
    }
    double pixelsPerBar() const { return plot.width() / (lastIndex - firstIndex); }
};

/// The smallest 1, 2, 2.5 or 5 × 10^n that is at least `atLeast`.
double niceStep(double atLeast);

/// Between two price labels, some 44 pixels. `places` decimals can write every multiple of it, so
/// that no two labels read the same.
double priceStep(const ChartScale& scale, int places);

struct TimeMark {
    std::size_t index = 0;
    QString text;
    bool major = false; ///< a new day
};
/// Labels for the time axis, at least `spacing` pixels apart, at round New York times.
std::vector<TimeMark> timeMarks(const ChartScale& scale, std::span<const std::int64_t> startsMs,
                                double spacing);

/// Move centres apart so that each pair is at least `gap` away, staying within [top, bottom] and
/// as near to where they were as that allows. `centres` must be sorted.
void spreadApart(std::vector<double>& centres, double gap, double top, double bottom);

} // namespace qd::ui
