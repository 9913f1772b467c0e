#include "ui/charts/candle_layer.h"

#include <algorithm>
#include <cmath>

#include <QPainter>

namespace qd::ui {

CandleLayer::CandleLayer(const Theme& theme, const ChartPicture& picture, QGraphicsItem* parent)
    : QGraphicsItem(parent), m_theme(theme), m_picture(picture)
{
    setZValue(5);
}

BarPyramid::Window CandleLayer::visible(const ChartPicture& picture)
{
    if (!picture.bars || picture.bars->empty()) return {};
    const double size = double(picture.bars->size());
    const double first = std::clamp(std::floor(picture.scale.firstIndex), 0.0, size);
    const double last = std::clamp(std::ceil(picture.scale.lastIndex) + 1, 0.0, size);
    // A candle needs three pixels to be seen as one.
    return picture.bars->window(std::size_t(first), std::size_t(last),
                                std::size_t(std::max(2.0, picture.scale.plot.width() / 3)));
}

void CandleLayer::paintCandles(QPainter& painter, const Palette& colors,
                               const ChartPicture& picture, const BarPyramid::Window& window,
                               std::size_t from, std::size_t to)
{
    const ChartScale& scale = picture.scale;
    const double span = double(std::size_t(1) << window.level);
    const double pixels = scale.pixelsPerBar() * span;
    int width = pixels < 2 ? 1 : std::max(2, int(std::lround(pixels * 0.66)));
    if (width > 2 && width % 2 == 0) --width;
    const double volumeHeight = scale.plot.bottom() - picture.volumeTop - 4;
    QList<QRect> upBodies, downBodies, upVolume, downVolume;
    QList<QLine> upWicks, downWicks;
    for (std::size_t i = from; i < to; ++i) {
        const Candle& bar = window.candles[i];
        const double centre = double(window.first) + span * double(i) + (span - 1) / 2;
        const int x = int(std::lround(scale.x(centre)));
        const int left = x - width / 2;
        const bool up = bar.close >= bar.open;
        const int top = int(std::lround(scale.y(std::max(bar.open, bar.close))));
        const int bottom = int(std::lround(scale.y(std::min(bar.open, bar.close))));
        (up ? upWicks : downWicks)
            .append(QLine(x, int(std::lround(scale.y(bar.high))), x,
                          int(std::lround(scale.y(bar.low)))));
        (up ? upBodies : downBodies).append(QRect(left, top, width, std::max(1, bottom - top)));
        const int height =
            int(std::lround(volumeHeight * std::min(1.0, bar.volume / picture.volumeMax)));
        (up ? upVolume : downVolume)
            .append(QRect(left, int(scale.plot.bottom()) - height, width, height));
    }
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setPen(Qt::NoPen);
    painter.setBrush(blend(colors.bg1, colors.up, 0.42));
    painter.drawRects(upVolume);
    painter.setBrush(blend(colors.bg1, colors.down, 0.42));
    painter.drawRects(downVolume);
    painter.setPen(QPen(colors.up, 0));
    painter.drawLines(upWicks);
    painter.setPen(QPen(colors.down, 0));
    painter.drawLines(downWicks);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colors.up);
    painter.drawRects(upBodies);
    painter.setBrush(colors.down);
    painter.drawRects(downBodies);
    painter.setBrush(Qt::NoBrush);
}

void CandleLayer::paintStudies(QPainter& painter, const Palette& colors,
                               const ChartPicture& picture, const BarPyramid::Window& window,
                               std::size_t from, std::size_t to)
{
    if (!picture.studies) return;
    const std::size_t span = std::size_t(1) << window.level;
    const auto line = [&](std::span<const double> values, const QColor& colour, bool daily) {
        QPolygonF points;
        painter.setPen(QPen(colour, 0));
        for (std::size_t i = from; i < to; ++i) {
            const std::size_t index =
                std::min(window.first + span * (i + 1) - 1, picture.bars->size() - 1);
            if (index >= values.size() || std::isnan(values[index])) continue;
            // A study that starts anew each day is not joined to the day before, whether the market
            // shut in between or not.
            if (daily && !points.isEmpty() && index >= span &&
                picture.studies->dayOf(picture.bars->startMs(index)) !=
                    picture.studies->dayOf(picture.bars->startMs(index - span))) {
                painter.drawPolyline(points);
                points.clear();
            }
            const double centre = double(window.first) + double(span) * double(i) +
                                  double(span - 1) / 2;
            points.append({picture.scale.x(centre), picture.scale.y(values[index])});
        }
        painter.drawPolyline(points);
    };
    painter.save();
    // A study that is far from the prices must not run through the volume.
    const QRectF& plot = picture.scale.plot;
    painter.setClipRect(QRectF(plot.topLeft(), QPointF(plot.right(), picture.volumeTop)),
                        Qt::IntersectClip);
    painter.setRenderHint(QPainter::Antialiasing, true);
    if (picture.showFast) line(picture.studies->fast(), colors.warn, false);
    if (picture.showSlow) line(picture.studies->slow(), colors.accent, false);
    if (picture.showVwap && !picture.studies->vwap().empty()) {
        line(picture.studies->vwap(), colors.violet, true);
    }
    painter.restore();
}

void CandleLayer::paint(QPainter* painter, const QStyleOptionGraphicsItem*, QWidget*)
{
    const BarPyramid::Window window = visible(m_picture);
    if (window.candles.empty()) return;
    const Palette& colors = m_theme.colors();
    painter->setClipRect(m_picture.scale.plot);
    const std::size_t span = std::size_t(1) << window.level;
    const std::size_t newest = (m_picture.bars->size() - 1) / span;
    const std::size_t begin = window.first / span;
    const std::size_t count = newest >= begin ? std::min(window.candles.size(), newest - begin)
                                              : window.candles.size();
    paintCandles(*painter, colors, m_picture, window, 0, count);
    paintStudies(*painter, colors, m_picture, window, 0, count);
}

void CandleLayer::paintLive(QPainter& painter, const Theme& theme, const ChartPicture& picture)
{
    const BarPyramid::Window window = visible(picture);
    if (window.candles.empty()) return;
    const std::size_t span = std::size_t(1) << window.level;
    const std::size_t newest = (picture.bars->size() - 1) / span;
    const std::size_t begin = window.first / span;
    if (newest < begin || newest - begin >= window.candles.size()) return;
    const std::size_t at = newest - begin;
    painter.save();
    painter.setClipRect(picture.scale.plot);
    paintCandles(painter, theme.colors(), picture, window, at, at + 1);
    paintStudies(painter, theme.colors(), picture, window, at == 0 ? 0 : at - 1, at + 1);
    painter.restore();
}

} // namespace qd::ui
