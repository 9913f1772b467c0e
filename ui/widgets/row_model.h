#pragma once

#include <span>
#include <vector>

#include <QAbstractTableModel>

#include "ui/theme/theme.h"

namespace qd::ui {

/// What a text means; the delegate knows its colour.
enum class Tone : quint8 { Normal, Muted, Caption, Up, Down, Accent, Warn, Crit, Violet };
/// Bar: a stretch of a line, from `offset` on, `fraction` long.
enum class CellKind : quint8 { Text, Pill, Progress, Spark, Bar };
enum class Flash : quint8 { None, Up, Down };

/// Everything the delegate needs to paint one cell.
struct Cell {
    QString text;
    QString badge; ///< a small pill behind the text: "4.2s"
    Tone tone = Tone::Normal;
    CellKind kind = CellKind::Text;
    TypeWeight weight = TypeWeight::Regular;
    Flash flash = Flash::None;
    bool stale = false;              ///< hatched
    double fraction = 0;             ///< of a Progress or a Bar, 0 … 1
    double offset = 0;               ///< of a Bar, 0 … 1
    std::span<const float> points;   ///< of a Spark; valid until the next event
};

struct Column {
    QString key;   ///< stable: settings and CSV
    QString title;
    int width = 80;
    Qt::Alignment align = Qt::AlignLeft;
    bool stretch = false; ///< takes what is left over
    int dropRank = 0;     ///< highest is hidden first when the table gets narrow; 0: never
    bool fits = false;    ///< widens to the longest text in it: names that must not be cut
};

/// By what a row sorts: a number, or a text when `isText`.
struct SortKey {
    double number = 0;
    QString text;
    static SortKey of(double number) { return {number, {}}; }
    static SortKey of(QString text) { return {0, std::move(text)}; }
};

/// Rows over a store: which items are shown, in which order. Holds no copy of the items.
/// Items are numbered 0 … itemCount()-1 by the store and keep their number.
/// Sorting and filtering happen on `refresh`, never by themselves under the reader's eye.
class RowModel : public QAbstractTableModel {
    Q_OBJECT
public:
    RowModel(std::vector<Column> columns, QObject* parent);

    virtual int itemCount() const = 0;
    virtual Cell cellOf(int item, int column) const = 0;
    virtual SortKey sortKeyOf(int item, int column) const = 0;
    /// Which items belong in this table at all; beyond the filter text.
    virtual bool accepts(int item) const;
    /// The text that CSV export writes; by default the shown text in machine form.
    virtual QString exportOf(int item, int column) const;

    const std::vector<Column>& columns() const { return m_columns; }
    Cell cell(const QModelIndex& index) const { return cellOf(itemAt(index.row()), index.column()); }
    int itemAt(int row) const { return m_rows[std::size_t(row)]; }
    /// -1 if the item is not shown.
    int rowOf(int item) const;

    void setFilterText(const QString& text);
    QString filterText() const { return m_filter; }
    int sortColumn() const { return m_sortColumn; }
    Qt::SortOrder sortOrder() const { return m_sortOrder; }

    /// Decide again which items are shown and in which order; selection follows the items.
    void refresh();
    /// The store was emptied or refilled: item numbers mean something else now.
    void restart();
    /// These columns (bit set) of an item changed: repaint what is visible, nothing else.
    void touch(int item, quint32 columns);
    /// Rows that can be seen; `touch` outside them costs nothing.
    void setVisibleRows(int first, int last);

    /// RFC 4180 with a header line; what is shown, in the order shown. Texts that a spreadsheet
    /// would take for a formula are defused.
    QString toCsv() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void sort(int column, Qt::SortOrder order) override;

protected:
    /// No column sorted: the store's own order, newest first if set.
    void setNewestFirst(bool newestFirst) { m_newestFirst = newestFirst; }
    /// What this column holds now needs so many pixels; others give way by their `dropRank`.
    void setWidth(int column, int width);

private:
    std::vector<int> wantedRows() const;
    bool matchesFilter(int item) const;
    void reorder(const std::vector<int>& wanted);

    std::vector<Column> m_columns;
    std::vector<int> m_rows;
    std::vector<int> m_rowOf;
    QString m_filter;
    int m_sortColumn = -1;
    Qt::SortOrder m_sortOrder = Qt::AscendingOrder;
    bool m_newestFirst = false;
    int m_firstVisible = 0;
    int m_lastVisible = 200;
};

} // namespace qd::ui
