#include "ui/widgets/cell_delegate.h"

#include <algorithm>

#include <QFontMetrics>
#include <QPainter>
#include <QStyleOptionViewItem>

namespace qd::ui {

namespace {

constexpr int kCharWidthMax = 9; ///< nearly every character is narrower: spares measuring

} // namespace

QColor colorOf(Tone tone, const Palette& palette)
{
    switch (tone) {
    case Tone::Normal: return palette.text;
    case Tone::Muted: return palette.text2;
    case Tone::Caption: return palette.text3;
    case Tone::Up: return palette.up;
    case Tone::Down: return palette.down;
    case Tone::Accent: return palette.accent;
    case Tone::Warn: return palette.warn;
    case Tone::Crit: return palette.critText;
    case Tone::Violet: return palette.violet;
    }
    return palette.text;
}

CellDelegate::CellDelegate(const Theme& theme, QObject* parent)
    : QAbstractItemDelegate(parent), m_theme(theme)
{
}

QSize CellDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {80, metric::kRow};
}

void CellDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const
{
    const auto* model = static_cast<const RowModel*>(index.model());
    const Palette& colors = m_theme.colors();
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    const QRect area = option.rect;
    painter->fillRect(area, selected ? colors.selection
                            : index.row() % 2 ? colors.zebra
                                              : colors.bg1);
    if (selected && index.column() == 0) {
        painter->fillRect(QRect(area.left(), area.top(), 2, area.height()), colors.accent);
    }
    const Cell cell = model->cell(index);
    if (cell.flash != Flash::None) {
        const QColor tint = cell.flash == Flash::Up ? colors.up : colors.down;
        painter->fillRect(area.adjusted(2, 2, -2, -2), blend(colors.bg1, tint, 0.30));
    }
    if (cell.stale) paintStaleHatch(*painter, area, colors, 0.08);
    const QRect inner = area.adjusted(metric::kCellPadding, 0, -metric::kCellPadding, 0);
    switch (cell.kind) {
    case CellKind::Text:
        paintText(*painter, inner, cell, model->columns()[std::size_t(index.column())].align);
        break;
    case CellKind::Pill: paintPill(*painter, inner, cell); break;
    case CellKind::Progress: paintProgress(*painter, inner, cell); break;
    case CellKind::Spark: paintSpark(*painter, inner, cell); break;
    case CellKind::Bar: paintBar(*painter, inner, cell); break;
    }
}

void CellDelegate::paintText(QPainter& painter, const QRect& area, const Cell& cell,
                             Qt::Alignment align) const
{
    const Palette& colors = m_theme.colors();
    const QFont& font = m_theme.font(TypeSize::Body, cell.weight);
    painter.setFont(font);
    painter.setPen(colorOf(cell.tone, colors));
    const int flags = int(align | Qt::AlignVCenter) | Qt::TextSingleLine;
    // A number that lost a digit to the edge would read as another number: what is cut says so.
    const bool mayNotFit = cell.text.size() * kCharWidthMax > area.width();
    painter.drawText(area, flags,
                     mayNotFit ? QFontMetrics(font).elidedText(cell.text, Qt::ElideRight, area.width())
                               : cell.text);
    if (cell.badge.isEmpty()) return;
    const int textWidth = QFontMetrics(font).horizontalAdvance(cell.text);
    painter.setFont(m_theme.font(TypeSize::Pill, TypeWeight::SemiBold));
    const int width = QFontMetrics(painter.font()).horizontalAdvance(cell.badge) + 8;
    const QRect badge(area.left() + textWidth + 6, area.center().y() - 6, width, 14);
    painter.setPen(colors.warn);
    painter.setBrush(colors.warnBack);
    painter.drawRoundedRect(badge, 3, 3);
    painter.drawText(badge, Qt::AlignCenter, cell.badge);
    painter.setBrush(Qt::NoBrush);
}

void CellDelegate::paintPill(QPainter& painter, const QRect& area, const Cell& cell) const
{
    const Palette& colors = m_theme.colors();
    const QColor tone = colorOf(cell.tone, colors);
    painter.setFont(m_theme.font(TypeSize::Pill, TypeWeight::SemiBold));
    const int width = QFontMetrics(painter.font()).horizontalAdvance(cell.text) + 12;
    const QRect pill(area.left(), area.center().y() - 7, std::min(width, area.width()), 16);
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(Qt::NoPen);
    painter.setBrush(blend(colors.bg1, tone, 0.16));
    painter.drawRoundedRect(pill, metric::kRadius, metric::kRadius);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(tone);
    painter.drawText(pill, Qt::AlignCenter | Qt::TextSingleLine, cell.text);
}

void CellDelegate::paintProgress(QPainter& painter, const QRect& area, const Cell& cell) const
{
    const Palette& colors = m_theme.colors();
    painter.setFont(m_theme.font(TypeSize::Body, cell.weight));
    painter.setPen(colorOf(cell.tone, colors));
    constexpr int kTrack = 36;
    painter.drawText(area.adjusted(kTrack + 8, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                     cell.text);
    const QRect track(area.left(), area.center().y() - 1, kTrack, 4);
    painter.fillRect(track, colors.bg4);
    const int filled = int(kTrack * std::clamp(cell.fraction, 0.0, 1.0));
    painter.fillRect(QRect(track.left(), track.top(), filled, track.height()),
                     cell.fraction >= 1.0 ? colors.text2 : colors.up);
}

void CellDelegate::paintBar(QPainter& painter, const QRect& area, const Cell& cell) const
{
    const Palette& colors = m_theme.colors();
    constexpr int kLeast = 2; // the shortest step can still be seen
    painter.fillRect(QRect(area.left(), area.center().y(), area.width(), 1), colors.line);
    const int from = int(area.width() * std::clamp(cell.offset, 0.0, 1.0));
    const int length = std::max(kLeast, int(area.width() * std::clamp(cell.fraction, 0.0, 1.0)));
    const int left = area.left() + std::min(from, area.width() - kLeast);
    painter.fillRect(QRect(left, area.center().y() - 4, std::min(length, area.right() - left + 1), 9),
                     colorOf(cell.tone, colors));
}

void CellDelegate::paintSpark(QPainter& painter, const QRect& area, const Cell& cell) const
{
    if (cell.points.size() < 2) return;
    const auto [low, high] = std::minmax_element(cell.points.begin(), cell.points.end());
    const double span = std::max(double(*high - *low), 1e-9);
    const double step = double(area.width()) / double(cell.points.size() - 1);
    const double height = area.height() - 10;
    QPolygonF line;
    line.reserve(int(cell.points.size()));
    for (std::size_t i = 0; i < cell.points.size(); ++i) {
        line.append({area.left() + step * double(i),
                     area.bottom() - 5 - height * double(cell.points[i] - *low) / span});
    }
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(QPen(colorOf(cell.tone, m_theme.colors()), 0));
    painter.drawPolyline(line);
    painter.setRenderHint(QPainter::Antialiasing, false);
}

} // namespace qd::ui
