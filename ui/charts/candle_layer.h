#pragma once

#include <QGraphicsItem>

#include "ui/charts/chart_scale.h"
#include "ui/charts/studies.h"
#include "ui/theme/theme.h"

namespace qd::ui {

/// What the layer and the overlay draw: one series, where it lies, and its studies.
struct ChartPicture {
    const BarPyramid* bars = nullptr;
    const Studies* studies = nullptr;
    ChartScale scale;
    double volumeTop = 0; ///< y where the volume pane begins
    double volumeMax = 1;
    bool showFast = true, showSlow = true, showVwap = true;
};

/// All candles but the newest, volume and studies, in a handful of batched calls: cost depends on
/// the plot's width, not on the number of bars. The newest candle is drawn live, on top.
class CandleLayer final : public QGraphicsItem {
public:
    CandleLayer(const Theme& theme, const ChartPicture& picture, QGraphicsItem* parent);
    QRectF boundingRect() const override { return m_picture.scale.plot; }
    void paint(QPainter* painter, const QStyleOptionGraphicsItem* option,
               QWidget* widget) override;
    void plotMoved() { prepareGeometryChange(); }

    /// The bars in sight, no finer than can be seen.
    static BarPyramid::Window visible(const ChartPicture& picture);
    /// The newest candle and the studies' last steps; for the overlay.
    static void paintLive(QPainter& painter, const Theme& theme, const ChartPicture& picture);

private:
    static void paintCandles(QPainter& painter, const Palette& colors, const ChartPicture& picture,
                             const BarPyramid::Window& window, std::size_t from, std::size_t to);
    static void paintStudies(QPainter& painter, const Palette& colors,
                             const ChartPicture& picture, const BarPyramid::Window& window,
                             std::size_t from, std::size_t to);

    const Theme& m_theme;
    const ChartPicture& m_picture;
};

} // namespace qd::ui
