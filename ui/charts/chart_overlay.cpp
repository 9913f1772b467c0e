#include "ui/charts/chart_overlay.h"

#include <algorithm>
#include <cmath>

#include <QPainter>
#include <QPainterPath>

#include "ui/widgets/cell_delegate.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kTagHeight = 18;
constexpr int kAxisPadding = 4;

QString priceText(double price, int places)
{
    return format::number(Decimal::fromDouble(price).value_or(Decimal{}), places);
}

struct AxisTag {
    double y = 0;
    QString text, note;
    QColor back, ink;
    bool bold = false;
};

void paintAxisTag(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                  const QRect& viewport, const AxisTag& tag)
{
    const int height = tag.note.isEmpty() ? kTagHeight : kTagHeight + 13;
    const int left = int(picture.scale.plot.right()) + 1;
    const QRect box(left, int(std::lround(tag.y)) - kTagHeight / 2, viewport.width() - left, height);
    painter.fillRect(box, tag.back);
    painter.setPen(tag.ink);
    painter.setFont(theme.font(TypeSize::Body, tag.bold ? TypeWeight::Bold : TypeWeight::SemiBold));
    painter.drawText(QRect(box.left(), box.top(), box.width(), kTagHeight), Qt::AlignCenter,
                     tag.text);
    if (tag.note.isEmpty()) return;
    painter.setFont(theme.font(TypeSize::Pill, TypeWeight::Medium));
    painter.drawText(QRect(box.left(), box.top() + kTagHeight - 3, box.width(), 14),
                     Qt::AlignCenter, tag.note);
}

int paintChip(QPainter& painter, const Theme& theme, const ChartTag& tag, int x, int y)
{
    const Palette& colors = theme.colors();
    const QColor tone = colorOf(tag.tone, colors);
    const QFont& headFont = theme.font(TypeSize::Small, TypeWeight::Bold);
    const QFont& bodyFont = theme.font(TypeSize::Small, TypeWeight::Medium);
    const int headWidth = QFontMetrics(headFont).horizontalAdvance(tag.head) + 14;
    const int bodyWidth = QFontMetrics(bodyFont).horizontalAdvance(tag.body) + 14;
    const QRect box(x, y - kTagHeight / 2, headWidth + bodyWidth, kTagHeight);
    painter.fillRect(box, colors.bg1);
    painter.fillRect(QRect(box.left(), box.top(), headWidth, box.height()),
                     blend(colors.bg1, tone, 0.22));
    painter.setPen(tone);
    painter.drawRect(box.adjusted(0, 0, -1, -1));
    painter.setFont(headFont);
    painter.drawText(QRect(box.left(), box.top(), headWidth, box.height()), Qt::AlignCenter,
                     tag.head);
    painter.setFont(bodyFont);
    painter.setPen(colors.text);
    painter.drawText(QRect(box.left() + headWidth, box.top(), bodyWidth, box.height()),
                     Qt::AlignCenter, tag.body);
    return box.width();
}

void paintTagLines(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                   const ChartOverlay& overlay)
{
    const QRectF& plot = picture.scale.plot;
    std::vector<const ChartTag*> shown;
    for (const ChartTag& tag : overlay.tags) {
        const double y = picture.scale.y(tag.price);
        if (y > plot.top() && y < picture.volumeTop) shown.push_back(&tag);
    }
    std::sort(shown.begin(), shown.end(),
              [](const ChartTag* a, const ChartTag* b) { return a->price > b->price; });
    std::vector<double> chipAt;
    for (const ChartTag* tag : shown) chipAt.push_back(picture.scale.y(tag->price));
    spreadApart(chipAt, kTagHeight + 2, plot.top() + 54, picture.volumeTop - kTagHeight);
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const QColor tone = colorOf(shown[i]->tone, theme.colors());
        QPen pen(blend(theme.colors().bg1, tone, 0.75), 0,
                 shown[i]->dashed ? Qt::DashLine : Qt::SolidLine);
        painter.setPen(pen);
        const double y = std::floor(picture.scale.y(shown[i]->price)) + 0.5;
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
    }
    for (std::size_t i = 0; i < shown.size(); ++i) {
        paintChip(painter, theme, *shown[i], int(plot.left()) + 12, int(std::lround(chipAt[i])));
    }
}

void paintMarks(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                const ChartOverlay& overlay)
{
    painter.save();
    painter.setClipRect(picture.scale.plot);
    painter.setRenderHint(QPainter::Antialiasing, true);
    for (const ChartMark& mark : overlay.marks) {
        const auto bar = barAt(*picture.bars, mark.timeMs);
        if (!bar) continue;
        const double x = picture.scale.x(double(*bar));
        const double y = picture.scale.y(mark.price);
        const bool buy = mark.side == Side::Buy;
        const double way = buy ? 1 : -1;
        QPainterPath arrow;
        arrow.moveTo(x, y + way * 2);
        arrow.lineTo(x - 5, y + way * 10);
        arrow.lineTo(x + 5, y + way * 10);
        arrow.closeSubpath();
        painter.setPen(QPen(theme.colors().bg1, 1));
        painter.setBrush(buy ? theme.colors().up : theme.colors().down);
        painter.drawPath(arrow);
        painter.setFont(theme.font(TypeSize::Pill, TypeWeight::Bold));
        painter.setPen(buy ? theme.colors().up : theme.colors().down);
        painter.drawText(QRectF(x - 12, buy ? y + 10 : y - 24, 24, 14), Qt::AlignCenter,
                         buy ? QStringLiteral("B") : QStringLiteral("S"));
    }
    painter.restore();
}

void paintLegend(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                 const ChartOverlay& overlay)
{
    if (picture.bars->empty()) return;
    std::size_t index = picture.bars->size() - 1;
    if (overlay.crosshair) {
        const double at = std::round(picture.scale.indexAt(overlay.crosshair->x()));
        index = std::size_t(std::clamp(at, 0.0, double(index)));
    }
    const Candle& bar = picture.bars->bar(index);
    const Palette& colors = theme.colors();
    const bool up = bar.close >= bar.open;
    const QColor tone = up ? colors.up : colors.down;
    int x = int(picture.scale.plot.left()) + 12;
    int y = int(picture.scale.plot.top()) + 8;
    painter.setFont(theme.font(TypeSize::Body, TypeWeight::Medium));
    const QFontMetrics metrics(painter.font());
    const auto word = [&](const QString& text, const QColor& colour, int gap) {
        const int width = metrics.horizontalAdvance(text);
        painter.fillRect(QRect(x - 2, y - 1, width + gap + 4, 18), colors.bg1);
        painter.setPen(colour);
        painter.drawText(QRect(x, y, width + 2, 16), Qt::AlignLeft | Qt::AlignVCenter, text);
        x += width + gap;
    };
    const auto value = [&](const char* name, double price) {
        word(QString::fromLatin1(name), colors.text2, 4);
        word(priceText(price, overlay.places), tone, 10);
    };
    value("O", bar.open);
    value("H", bar.high);
    value("L", bar.low);
    value("C", bar.close);
    const double change = bar.close - bar.open;
    word(format::signedNumber(Decimal::fromDouble(change).value_or(Decimal{}), overlay.places), tone,
         8);
    word(QStringLiteral("(%1)").arg(format::percent(
             Decimal::fromDouble(bar.open > 0 ? change / bar.open * 100 : 0).value_or(Decimal{}))),
         tone, 14);
    word(QStringLiteral("Vol"), colors.text2, 4);
    word(format::compact(bar.volume), colors.text, 10);
    if (!picture.studies) return;
    x = int(picture.scale.plot.left()) + 12;
    y += 18;
    painter.setFont(theme.font(TypeSize::Small, TypeWeight::Medium));
    const auto study = [&](bool shown, const QString& name, std::span<const double> values,
                           const QColor& colour) {
        if (!shown || index >= values.size() || std::isnan(values[index])) return;
        painter.setPen(QPen(colour, 2));
        painter.drawLine(x, y + 8, x + 10, y + 8);
        x += 14;
        word(name, colors.text2, 5);
        word(priceText(values[index], overlay.places), colour, 14);
    };
    study(picture.showFast, QStringLiteral("EMA 20"), picture.studies->fast(), colors.warn);
    study(picture.showSlow, QStringLiteral("EMA 50"), picture.studies->slow(), colors.accent);
    study(picture.showVwap, QStringLiteral("VWAP"), picture.studies->vwap(), colors.violet);
}

void paintLastLine(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                   const ChartOverlay& overlay)
{
    if (!overlay.last) return;
    const Palette& colors = theme.colors();
    const double y = std::floor(picture.scale.y(*overlay.last)) + 0.5;
    if (y < picture.scale.plot.top() || y > picture.volumeTop) return;
    const QColor tone = overlay.staleText.isEmpty() ? colorOf(overlay.lastTone, colors)
                                                    : colors.text3;
    painter.setPen(QPen(tone, 0, Qt::DotLine));
    painter.drawLine(QPointF(picture.scale.plot.left(), y), QPointF(picture.scale.plot.right(), y));
}

/// Labels of the grid, but none that a tag would cut.
void paintPriceLabels(QPainter& painter, const Theme& theme, const ChartPicture& picture, int places,
                      const QRect& viewport, const std::vector<AxisTag>& tags,
                      const std::vector<double>& centres)
{
    const ChartScale& scale = picture.scale;
    const double step = priceStep(scale, places);
    const int left = int(scale.plot.right()) + 1;
    painter.setFont(theme.font(TypeSize::Small, TypeWeight::Medium));
    painter.setPen(theme.colors().text2);
    for (double price = std::ceil(scale.low / step) * step; price < scale.high; price += step) {
        const double y = scale.y(price);
        if (y > picture.volumeTop - 8 || y < scale.plot.top() + 6) continue;
        bool free = true;
        for (std::size_t i = 0; i < tags.size(); ++i) {
            const double below = tags[i].note.isEmpty() ? kTagHeight - 2 : kTagHeight + 11;
            free = free && (y < centres[i] - kTagHeight + 2 || y > centres[i] + below);
        }
        if (!free) continue;
        painter.drawText(QRect(left, int(y) - 8, viewport.width() - left - kAxisPadding, 16),
                         Qt::AlignCenter, priceText(price, places));
    }
}

void paintAxisTags(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                   const ChartOverlay& overlay, const QRect& viewport)
{
    const Palette& colors = theme.colors();
    const auto inPane = [&](double y) {
        return y > picture.scale.plot.top() && y < picture.volumeTop;
    };
    std::vector<AxisTag> tags;
    for (const ChartTag& tag : overlay.tags) {
        const double y = picture.scale.y(tag.price);
        if (inPane(y)) tags.push_back({y, tag.axisText, {}, colors.bg3, colorOf(tag.tone, colors), false});
    }
    if (overlay.last && inPane(picture.scale.y(*overlay.last))) {
        const bool stale = !overlay.staleText.isEmpty();
        const QColor back = stale ? colors.text3 : colorOf(overlay.lastTone, colors);
        const QColor ink = contrast(back, Qt::black) > contrast(back, Qt::white) ? Qt::black : Qt::white;
        tags.push_back({picture.scale.y(*overlay.last), overlay.lastText, overlay.lastNote, back, ink,
                        true});
    }
    std::sort(tags.begin(), tags.end(), [](const AxisTag& a, const AxisTag& b) { return a.y < b.y; });
    // The last price keeps its place; its neighbours give way.
    std::vector<double> centres;
    for (const AxisTag& tag : tags) centres.push_back(tag.y);
    for (std::size_t i = 0; i + 1 < tags.size(); ++i) {
        const double gap = tags[i].note.isEmpty() ? kTagHeight + 1 : kTagHeight + 14;
        if (centres[i + 1] - centres[i] >= gap) continue;
        if (tags[i + 1].bold) {
            const double shift = gap - (centres[i + 1] - centres[i]);
            for (std::size_t k = i + 1; k-- > 0;) {
                const double limit = k == i ? centres[i + 1] - gap : centres[k + 1] - kTagHeight - 1;
                centres[k] = std::min(centres[k], limit);
            }
            if (shift < 0) break;
        } else {
            centres[i + 1] = centres[i] + gap;
        }
    }
    paintPriceLabels(painter, theme, picture, overlay.places, viewport, tags, centres);
    for (std::size_t i = 0; i < tags.size(); ++i) {
        tags[i].y = centres[i];
        if (!tags[i].bold) paintAxisTag(painter, theme, picture, viewport, tags[i]);
    }
    for (const AxisTag& tag : tags) {
        if (tag.bold) paintAxisTag(painter, theme, picture, viewport, tag);
    }
}

void paintCrosshair(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                    const ChartOverlay& overlay, const QRect& viewport)
{
    if (!overlay.crosshair || picture.bars->empty()) return;
    const ChartScale& scale = picture.scale;
    const Palette& colors = theme.colors();
    const double index = std::clamp(std::round(scale.indexAt(overlay.crosshair->x())), 0.0,
                                    double(picture.bars->size() - 1));
    const double x = std::floor(scale.x(index)) + 0.5;
    const double y = std::floor(overlay.crosshair->y()) + 0.5;
    painter.setPen(QPen(colors.text2, 0, Qt::DashLine));
    painter.drawLine(QPointF(x, scale.plot.top()), QPointF(x, scale.plot.bottom()));
    painter.drawLine(QPointF(scale.plot.left(), y), QPointF(scale.plot.right(), y));
    if (y < picture.volumeTop) {
        paintAxisTag(painter, theme, picture, viewport,
                     {y, priceText(scale.priceAt(y), overlay.places), {}, colors.bg4, colors.text, false});
    }
    const QString time = format::dateAndMinute(
        Timestamp::fromMillis(picture.bars->startMs(std::size_t(index))));
    painter.setFont(theme.font(TypeSize::Small, TypeWeight::SemiBold));
    const int width = QFontMetrics(painter.font()).horizontalAdvance(time) + 16;
    const int left = std::clamp(int(x) - width / 2, 0, int(scale.plot.right()) - width);
    const QRect box(left, int(scale.plot.bottom()) + 3, width, kTagHeight);
    painter.fillRect(box, colors.bg4);
    painter.setPen(colors.text);
    painter.drawText(box, Qt::AlignCenter, time);
}

void paintStale(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                const ChartOverlay& overlay)
{
    if (overlay.staleText.isEmpty()) return;
    const Palette& colors = theme.colors();
    QColor veil = colors.bg1;
    veil.setAlphaF(0.47F);
    const QRect plot = picture.scale.plot.toAlignedRect();
    painter.fillRect(plot, veil);
    paintStaleHatch(painter, plot, colors, 0.08);
    painter.setFont(theme.font(TypeSize::Input, TypeWeight::SemiBold));
    const int width = QFontMetrics(painter.font()).horizontalAdvance(overlay.staleText) + 48;
    const QRect box(plot.center().x() - width / 2, plot.top() + 48, width, 34);
    painter.setPen(colors.warn);
    painter.setBrush(colors.warnBack);
    painter.drawRoundedRect(box, 3, 3);
    painter.setBrush(Qt::NoBrush);
    painter.drawText(box, Qt::AlignCenter, overlay.staleText);
}

} // namespace

std::optional<std::size_t> barAt(const BarPyramid& bars, std::int64_t timeMs)
{
    const auto starts = bars.starts();
    const auto after = std::upper_bound(starts.begin(), starts.end(), timeMs);
    if (after == starts.begin()) return std::nullopt;
    return std::size_t(after - starts.begin()) - 1;
}

void paintAxes(QPainter& painter, const Theme& theme, const ChartPicture& picture, int places,
               const QRect& viewport)
{
    const Palette& colors = theme.colors();
    const ChartScale& scale = picture.scale;
    const QRectF& plot = scale.plot;
    painter.setFont(theme.font(TypeSize::Small, TypeWeight::Medium));
    const double step = priceStep(scale, places);
    const int left = int(plot.right()) + 1;
    for (double price = std::ceil(scale.low / step) * step; price < scale.high; price += step) {
        const double y = std::floor(scale.y(price)) + 0.5;
        if (y > picture.volumeTop - 8 || y < plot.top() + 6) continue;
        painter.setPen(QPen(colors.grid, 0));
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
    }
    const double volumeHeight = plot.bottom() - picture.volumeTop - 4;
    const double half = niceStep(picture.volumeMax / 2.6);
    for (double volume = half; volume < picture.volumeMax; volume += half) {
        const double y = plot.bottom() - volumeHeight * volume / picture.volumeMax;
        painter.setPen(colors.text3);
        painter.drawText(QRect(left, int(y) - 8, viewport.width() - left - kAxisPadding, 16),
                         Qt::AlignCenter, format::compact(volume));
    }
    for (const TimeMark& mark : timeMarks(scale, picture.bars->starts(), 96)) {
        const double x = std::floor(scale.x(double(mark.index))) + 0.5;
        painter.setPen(QPen(mark.major ? colors.line2 : colors.grid, 0,
                            mark.major ? Qt::DotLine : Qt::SolidLine));
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
        if (x < plot.left() + 20) continue; // its label would be cut
        painter.setPen(mark.major ? colors.text : colors.text2);
        painter.drawText(QRect(int(x) - 48, int(plot.bottom()) + 4, 96, 16), Qt::AlignCenter,
                         mark.text);
    }
    painter.setPen(QPen(colors.line, 0));
    const double divider = std::floor(picture.volumeTop) + 0.5;
    painter.drawLine(QPointF(plot.left(), divider), QPointF(viewport.width(), divider));
    painter.drawLine(QPointF(plot.left(), plot.bottom() + 0.5),
                     QPointF(viewport.width(), plot.bottom() + 0.5));
    painter.drawLine(QPointF(plot.right() + 0.5, plot.top()),
                     QPointF(plot.right() + 0.5, viewport.height()));
}

void paintOverlay(QPainter& painter, const Theme& theme, const ChartPicture& picture,
                  const ChartOverlay& overlay, const QRect& viewport)
{
    if (!picture.bars || picture.bars->empty()) return;
    CandleLayer::paintLive(painter, theme, picture);
    paintLastLine(painter, theme, picture, overlay);
    paintTagLines(painter, theme, picture, overlay);
    paintMarks(painter, theme, picture, overlay);
    paintStale(painter, theme, picture, overlay);
    paintLegend(painter, theme, picture, overlay);
    paintAxisTags(painter, theme, picture, overlay, viewport);
    paintCrosshair(painter, theme, picture, overlay, viewport);
}

} // namespace qd::ui
