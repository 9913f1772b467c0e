#pragma once

#include <QAbstractItemDelegate>

#include "ui/widgets/row_model.h"

namespace qd::ui {

QColor colorOf(Tone tone, const Palette& palette);

/// Paints the cells of a RowModel straight from the theme: a fill, a text, at most one ornament.
/// Three times cheaper than QStyledItemDelegate, which is what lets a storm of ticks pass.
class CellDelegate final : public QAbstractItemDelegate {
    Q_OBJECT
public:
    CellDelegate(const Theme& theme, QObject* parent);
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    void paintText(QPainter& painter, const QRect& area, const Cell& cell,
                   Qt::Alignment align) const;
    void paintPill(QPainter& painter, const QRect& area, const Cell& cell) const;
    void paintProgress(QPainter& painter, const QRect& area, const Cell& cell) const;
    void paintBar(QPainter& painter, const QRect& area, const Cell& cell) const;
    void paintSpark(QPainter& painter, const QRect& area, const Cell& cell) const;

    const Theme& m_theme;
};

} // namespace qd::ui
