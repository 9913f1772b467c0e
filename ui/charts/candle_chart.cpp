#include "ui/charts/candle_chart.h"

#include <algorithm>
#include <cmath>

#include <QChart>
#include <QGraphicsLayout>
#include <QKeyEvent>
#include <QLineSeries>
#include <QValueAxis>

namespace qd::ui {

namespace {

constexpr int kPriceAxisWidth = 72;
constexpr int kTimeAxisHeight = 24;
constexpr double kVolumeShare = 0.19;
constexpr double kRightRoom = 6; ///< empty bars at the right

} // namespace

CandleChart::CandleChart(const Theme& theme, QWidget* parent)
    : QChartView(parent), m_theme(theme), m_indexAxis(new QValueAxis), m_priceAxis(new QValueAxis),
      m_reference(new QLineSeries)
{
    setObjectName(QStringLiteral("candleChart"));
    setAccessibleName(tr("Price chart"));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setFrameShape(QFrame::NoFrame);
    setViewportUpdateMode(FullViewportUpdate);
    setMinimumSize(320, 200);
    QChart* frame = chart();
    frame->legend()->hide();
    frame->setDropShadowEnabled(false);
    frame->setAnimationOptions(QChart::NoAnimation);
    frame->layout()->setContentsMargins(0, 0, 0, 0);
    frame->setMargins(QMargins(0, 0, kPriceAxisWidth, kTimeAxisHeight));
    frame->setBackgroundVisible(false); // the grid lies behind it
    frame->addSeries(m_reference);
    frame->addAxis(m_indexAxis, Qt::AlignBottom);
    frame->addAxis(m_priceAxis, Qt::AlignRight);
    m_reference->attachAxis(m_indexAxis);
    m_reference->attachAxis(m_priceAxis);
    for (QValueAxis* axis : {m_indexAxis, m_priceAxis}) {
        axis->setLabelsVisible(false);
        axis->setLineVisible(false);
        axis->setGridLineVisible(false);
    }
    m_layer = new CandleLayer(theme, m_picture, frame);
    connect(frame, &QChart::plotAreaChanged, this, &CandleChart::takePlotArea);
    connect(&theme, &Theme::changed, this, &CandleChart::restyle);
    restyle();
}

void CandleChart::restyle()
{
    invalidate();
}

void CandleChart::invalidate()
{
    m_stillValid = false;
    viewport()->update();
}

void CandleChart::takePlotArea()
{
    m_picture.scale.plot = chart()->plotArea();
    m_picture.volumeTop =
        m_picture.scale.plot.bottom() - m_picture.scale.plot.height() * kVolumeShare;
    m_layer->plotMoved();
    fitPrices();
}

void CandleChart::setSeries(const BarPyramid* bars, const Studies* studies, int places)
{
    m_picture.bars = bars;
    m_picture.studies = studies;
    m_overlay.places = places;
    showNewest();
}

void CandleChart::showNewest()
{
    m_following = true;
    const double size = m_picture.bars ? double(m_picture.bars->size()) : 0;
    showRange(size - kBarsShown, size + kRightRoom);
}

void CandleChart::showRange(double firstIndex, double lastIndex)
{
    const double size = m_picture.bars ? double(m_picture.bars->size()) : 0;
    double span = std::clamp(lastIndex - firstIndex, kBarsMin, std::max(size * 1.1, kBarsShown * 1.1));
    // Some bars always stay in sight, whichever way one pans.
    lastIndex = std::clamp(lastIndex, kBarsMin, std::max(size + span * 0.8, kBarsMin));
    m_picture.scale.lastIndex = lastIndex;
    m_picture.scale.firstIndex = lastIndex - span;
    m_following = m_picture.scale.lastIndex > size;
    m_indexAxis->setRange(m_picture.scale.firstIndex, m_picture.scale.lastIndex);
    fitPrices();
}

void CandleChart::fitPrices()
{
    ChartScale& scale = m_picture.scale;
    if (m_picture.bars && !m_picture.bars->empty()) {
        const BarPyramid::Window window = CandleLayer::visible(m_picture);
        double low = 1e300, high = -1e300, volume = 0;
        for (const Candle& bar : window.candles) {
            low = std::min(low, bar.low);
            high = std::max(high, bar.high);
            volume = std::max(volume, bar.volume);
        }
        if (window.candles.empty()) low = 0, high = 1;
        // Of a price that does not move, some steps to each side.
        const double room = std::max((high - low) * 0.08, 5 * std::pow(10.0, -m_overlay.places));
        scale.high = high + room * 1.4;
        const double visible = scale.high - (low - room);
        scale.low = scale.high - visible / (1 - kVolumeShare);
        m_picture.volumeMax = std::max(volume, 1.0);
        m_priceAxis->setRange(scale.low, scale.high);
    }
    invalidate();
}

bool CandleChart::lastFits() const
{
    const ChartScale& scale = m_picture.scale;
    const std::size_t last = m_picture.bars->size() - 1;
    if (double(last) > scale.lastIndex || double(last) < scale.firstIndex) return true;
    const Candle& bar = m_picture.bars->bar(last);
    return bar.high <= scale.high && scale.y(bar.low) <= m_picture.volumeTop &&
           bar.volume <= m_picture.volumeMax;
}

void CandleChart::follow(bool appended)
{
    if (!m_picture.bars || m_picture.bars->empty()) return;
    if (appended && m_following) {
        showRange(m_picture.scale.firstIndex + 1, m_picture.scale.lastIndex + 1);
        return;
    }
    if (appended || !lastFits()) fitPrices();
    else viewport()->update();
}

void CandleChart::setTags(std::vector<ChartTag> tags)
{
    m_overlay.tags = std::move(tags);
    viewport()->update();
}

void CandleChart::setMarks(std::vector<ChartMark> marks)
{
    m_overlay.marks = std::move(marks);
    viewport()->update();
}

void CandleChart::setLast(std::optional<double> price, const QString& text, const QString& note,
                          Tone tone)
{
    if (price == m_overlay.last && text == m_overlay.lastText && note == m_overlay.lastNote &&
        tone == m_overlay.lastTone) {
        return;
    }
    m_overlay.last = price;
    m_overlay.lastText = text;
    m_overlay.lastNote = note;
    m_overlay.lastTone = tone;
    viewport()->update();
}

void CandleChart::setStale(const QString& text)
{
    if (text == m_overlay.staleText) return;
    m_overlay.staleText = text;
    viewport()->update();
}

void CandleChart::showStudies(bool fast, bool slow, bool vwap)
{
    m_picture.showFast = fast;
    m_picture.showSlow = slow;
    m_picture.showVwap = vwap;
    invalidate();
}

void CandleChart::zoom(double factor, double anchorX)
{
    const ChartScale& scale = m_picture.scale;
    const double anchor = scale.indexAt(anchorX);
    const double limit = m_picture.bars ? std::max(double(m_picture.bars->size()) * 1.1, kBarsShown)
                                        : kBarsShown;
    const double span =
        std::clamp((scale.lastIndex - scale.firstIndex) * factor, kBarsMin, limit);
    const double share = (anchor - scale.firstIndex) / (scale.lastIndex - scale.firstIndex);
    showRange(anchor - span * share, anchor + span * (1 - share));
}

void CandleChart::pan(double bars)
{
    showRange(m_picture.scale.firstIndex + bars, m_picture.scale.lastIndex + bars);
}

void CandleChart::setCrosshair(std::optional<QPointF> at)
{
    if (at && !m_picture.scale.plot.contains(*at)) at.reset();
    if (at == m_overlay.crosshair) return;
    m_overlay.crosshair = at;
    viewport()->update();
}

void CandleChart::paintEvent(QPaintEvent*)
{
    const qreal ratio = devicePixelRatioF();
    const QSize size = viewport()->size() * ratio;
    if (!m_stillValid || m_still.size() != size) {
        if (m_still.size() != size) {
            m_still = QPixmap(size);
            m_still.setDevicePixelRatio(ratio);
        }
        m_still.fill(m_theme.colors().bg1);
        QPainter painter(&m_still);
        render(&painter, QRectF(viewport()->rect()), viewport()->rect());
        m_stillValid = true;
        ++m_stillPaints;
    }
    QPainter painter(viewport());
    painter.drawPixmap(0, 0, m_still);
    paintOverlay(painter, m_theme, m_picture, m_overlay, viewport()->rect());
    if (hasFocus()) {
        painter.setPen(m_theme.colors().line2);
        painter.drawRect(viewport()->rect().adjusted(0, 0, -1, -1));
    }
}

void CandleChart::drawBackground(QPainter* painter, const QRectF& area)
{
    painter->fillRect(area, m_theme.colors().bg1);
    if (!m_picture.bars || m_picture.bars->empty()) return;
    paintAxes(*painter, m_theme, m_picture, m_overlay.places, viewport()->rect());
}

void CandleChart::resizeEvent(QResizeEvent* event)
{
    QChartView::resizeEvent(event);
    takePlotArea();
}

void CandleChart::wheelEvent(QWheelEvent* event)
{
    const double steps = event->angleDelta().y() / 120.0;
    if (event->modifiers().testFlag(Qt::ShiftModifier)) {
        pan(-steps * 0.1 * (m_picture.scale.lastIndex - m_picture.scale.firstIndex));
    } else {
        zoom(std::pow(0.85, steps), event->position().x());
    }
    event->accept();
}

void CandleChart::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton) return;
    setFocus(Qt::MouseFocusReason);
    if (event->modifiers().testFlag(Qt::ShiftModifier)) {
        Q_EMIT pricePicked(m_picture.scale.priceAt(event->position().y()));
        return;
    }
    m_dragging = true;
    m_dragFrom = event->position();
    m_dragFirst = m_picture.scale.firstIndex;
}

void CandleChart::mouseMoveEvent(QMouseEvent* event)
{
    if (m_dragging && event->buttons().testFlag(Qt::LeftButton)) {
        const double moved = (m_dragFrom.x() - event->position().x()) /
                             m_picture.scale.pixelsPerBar();
        const double span = m_picture.scale.lastIndex - m_picture.scale.firstIndex;
        showRange(m_dragFirst + moved, m_dragFirst + moved + span);
    }
    setCrosshair(event->position());
}

void CandleChart::mouseReleaseEvent(QMouseEvent*)
{
    m_dragging = false;
}

void CandleChart::mouseDoubleClickEvent(QMouseEvent*)
{
    showNewest();
}

void CandleChart::leaveEvent(QEvent* event)
{
    setCrosshair(std::nullopt);
    QChartView::leaveEvent(event);
}

void CandleChart::keyPressEvent(QKeyEvent* event)
{
    const double span = m_picture.scale.lastIndex - m_picture.scale.firstIndex;
    const double middle = m_picture.scale.plot.center().x();
    switch (event->key()) {
    case Qt::Key_Left: pan(-std::max(1.0, span * 0.05)); return;
    case Qt::Key_Right: pan(std::max(1.0, span * 0.05)); return;
    case Qt::Key_Plus:
    case Qt::Key_Equal: zoom(0.8, middle); return;
    case Qt::Key_Minus: zoom(1.25, middle); return;
    case Qt::Key_Home:
    case Qt::Key_End: showNewest(); return;
    default: event->ignore();
    }
}

} // namespace qd::ui
