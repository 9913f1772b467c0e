#pragma once

#include <optional>
#include <vector>

#include <QPointF>

#include "models/orders/order.h"
#include "ui/charts/candle_layer.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// A price with a line across the plot, a chip at its left and a tag on the axis: a working order,
/// the position's average.
struct ChartTag {
    double price = 0;
    QString axisText;
    QString head, body; ///< "BUY 300" | "LMT 511.86 DAY"
    Tone tone = Tone::Normal;
    bool dashed = true;
};

/// An execution, where and when it happened.
struct ChartMark {
    std::int64_t timeMs = 0;
    double price = 0;
    Side side = Side::Buy;
};

struct ChartOverlay {
    std::vector<ChartTag> tags;
    std::vector<ChartMark> marks;
    std::optional<QPointF> crosshair;
    std::optional<double> last; ///< the live price
    Tone lastTone = Tone::Up;
    QString lastText, lastNote; ///< "512.31", "00:43" or "6.4 s old"
    QString staleText;          ///< not empty: prices are not live
    int places = 2;
};

/// Paint what moves: the newest candle, lines and tags, legend, crosshair, the stale veil.
void paintOverlay(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                  const ChartOverlay& overlay, const QRect& viewport);

/// Paint what stands still beside the plot: price and time labels, the volume pane's line.
void paintAxes(QPainter& painter, const Theme& theme, const ChartPicture& picture, int places,
               const QRect& viewport);

/// The bar whose start is at or before `timeMs`; nothing before the first.
std::optional<std::size_t> barAt(const BarPyramid& bars, std::int64_t timeMs);

} // namespace qd::ui
