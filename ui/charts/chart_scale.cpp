#include "ui/charts/chart_scale.h"

#include <algorithm>
#include <cmath>

#include "models/market/calendar.h"
#include "ui/widgets/format.h"

namespace qd::ui {

double priceStep(const ChartScale& scale, int places)
{
    const double tick = std::pow(10.0, -places);
    const double step = niceStep((scale.high - scale.low) / std::max(1.0, scale.plot.height() / 44));
    if (step < tick) return tick;
    return step > 2.4 * tick && step < 2.6 * tick ? 5 * tick : step;
}

double niceStep(double atLeast)
{
    if (!(atLeast > 0)) return 1;
    const double power = std::pow(10.0, std::floor(std::log10(atLeast)));
    for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
        if (power * factor >= atLeast * (1 - 1e-12)) return power * factor;
    }
    return power * 10;
}

namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 1440 * kMinute;
constexpr std::int64_t kSteps[] = {kMinute,      2 * kMinute,  5 * kMinute,  10 * kMinute,
                                   15 * kMinute, 30 * kMinute, 60 * kMinute, 120 * kMinute,
                                   240 * kMinute, kDay,        7 * kDay,     30 * kDay,
                                   91 * kDay,    365 * kDay,   1826 * kDay};

std::int64_t newYorkOffsetMs(std::int64_t utcMs)
{
    const NewYorkTime local = toNewYork(Timestamp::fromMillis(utcMs));
    const std::int64_t wall = local.sinceMidnight.count() / 1'000'000;
    std::int64_t offset = wall - utcMs % kDay;
    if (offset > kDay / 2) offset -= kDay;
    if (offset < -kDay / 2) offset += kDay;
    return offset;
}

QString labelOf(std::int64_t startMs, std::int64_t step)
{
    const Timestamp time = Timestamp::fromMillis(startMs);
    const QString full = format::dateAndMinute(time); // "Wed 03 Apr 09:28"
    if (step < kDay) return full.right(5);
    if (step < 91 * kDay) return full.mid(4, 6);
    return full.mid(7, 3) + QLatin1Char(' ') + QString::number(toNewYork(time).date.year);
}

} // namespace

std::vector<TimeMark> timeMarks(const ChartScale& scale, std::span<const std::int64_t> startsMs,
                                double spacing)
{
    std::vector<TimeMark> marks;
    const double last = std::min(scale.lastIndex, double(startsMs.size()) - 1);
    const double first = std::max(0.0, std::ceil(scale.firstIndex));
    if (startsMs.empty() || last <= first) return marks;
    const std::int64_t offset = newYorkOffsetMs(startsMs[std::size_t(last)]);
    const double stride = std::max(1.0, 1.0 / scale.pixelsPerBar());
    for (const std::int64_t step : kSteps) {
        marks.clear();
        std::int64_t before = (startsMs[std::size_t(first)] + offset) / step;
        double lastX = -1e9;
        bool crowded = false;
        for (double index = first + stride; index <= last; index += stride) {
            const std::int64_t start = startsMs[std::size_t(index)];
            const std::int64_t bucket = (start + offset) / step;
            if (bucket == before) continue;
            before = bucket;
            const double x = scale.x(std::floor(index));
            if (x - lastX < spacing) {
                // Sessions meet here: the earlier label gives way to the new day's.
                if (marks.empty() || !(step < kDay)) {
                    crowded = true;
                    break;
                }
                const bool newDay = (start + offset) / kDay !=
                                    (startsMs[marks.back().index] + offset) / kDay;
                if (!newDay) {
                    crowded = true;
                    break;
                }
                marks.pop_back();
            }
            lastX = x;
            const std::size_t at = std::size_t(index);
            const bool major = !marks.empty() && step < kDay &&
                               (start + offset) / kDay != (startsMs[marks.back().index] + offset) / kDay;
            marks.push_back({at, labelOf(start, major ? kDay : step), major});
        }
        if (!crowded) break;
    }
    return marks;
}

void spreadApart(std::vector<double>& centres, double gap, double top, double bottom)
{
    for (std::size_t i = 0; i < centres.size(); ++i) {
        const double floor = i == 0 ? top : centres[i - 1] + gap;
        centres[i] = std::max(centres[i], floor);
    }
    double ceiling = bottom;
    for (std::size_t i = centres.size(); i-- > 0;) {
        centres[i] = std::min(centres[i], ceiling);
        ceiling = centres[i] - gap;
    }
}

} // namespace qd::ui
