#pragma once

#include <QChartView>
#include <QPixmap>

#include "ui/charts/chart_overlay.h"

class QLineSeries;
class QValueAxis;

namespace qd::ui {

/// The price chart: Qt Charts' frame, axes and mapping; one item of ours for everything with bars.
/// What stands still is kept as a picture; a tick repaints the newest candle, the price line and
/// the crosshair over it, whatever the number of bars.
/// Wheel zooms about the cursor, drag pans, double click and Home show the newest bars again,
/// + and − zoom, arrows pan, Shift+click picks a price.
class CandleChart final : public QChartView {
    Q_OBJECT
public:
    static constexpr double kBarsShown = 170;
    static constexpr double kBarsMin = 12;

    explicit CandleChart(const Theme& theme, QWidget* parent = nullptr);

    /// `bars` and `studies` outlive the chart or the next call; null: nothing to draw.
    void setSeries(const BarPyramid* bars, const Studies* studies, int places);
    /// The last bar changed, or `appended` bars were added.
    void follow(bool appended);
    void setTags(std::vector<ChartTag> tags);
    void setMarks(std::vector<ChartMark> marks);
    void setLast(std::optional<double> price, const QString& text, const QString& note, Tone tone);
    void setStale(const QString& text);
    void showStudies(bool fast, bool slow, bool vwap);

    const ChartScale& scale() const { return m_picture.scale; }
    void showRange(double firstIndex, double lastIndex);
    void showNewest();
    void zoom(double factor, double anchorX);
    void pan(double bars);
    void setCrosshair(std::optional<QPointF> at);
    bool isFollowing() const { return m_following; }
    /// How often the still picture had to be painted: a tick must not cost one.
    int stillPaints() const { return m_stillPaints; }

Q_SIGNALS:
    void pricePicked(double price);

protected:
    void paintEvent(QPaintEvent* event) override;
    void drawBackground(QPainter* painter, const QRectF& area) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void restyle();
    void takePlotArea();
    void fitPrices();
    void invalidate();
    bool lastFits() const;

    const Theme& m_theme;
    ChartPicture m_picture;
    ChartOverlay m_overlay;
    QValueAxis* m_indexAxis;
    QValueAxis* m_priceAxis;
    QLineSeries* m_reference;
    CandleLayer* m_layer;
    QPixmap m_still;
    bool m_stillValid = false;
    bool m_following = true;
    bool m_dragging = false;
    QPointF m_dragFrom;
    double m_dragFirst = 0;
    int m_stillPaints = 0;
};

} // namespace qd::ui
