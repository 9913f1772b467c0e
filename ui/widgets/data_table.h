#pragma once

#include <QHeaderView>
#include <QTableView>
#include <QTimer>

#include "ui/widgets/row_model.h"

namespace qd::ui {

/// Captions in small grey type, a sort arrow, one hairline.
class TableHeader final : public QHeaderView {
    Q_OBJECT
public:
    TableHeader(const Theme& theme, QWidget* parent);

protected:
    void paintSection(QPainter* painter, const QRect& area, int section) const override;
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
};

/// The one table: fixed row and column sizes, own delegate, third click on a header unsorts.
/// Sorting of live columns is renewed once a second. Tab leaves the table, arrows move in it.
class DataTable : public QTableView {
    Q_OBJECT
public:
    DataTable(const Theme& theme, const QString& objectName, const QString& accessibleName,
              QWidget* parent = nullptr);

    void setRowModel(RowModel* model);
    RowModel* rowModel() const { return m_model; }
    /// The item under the cursor, -1 if none.
    int currentItem() const;
    /// Shown in place of rows when there are none.
    void setEmptyText(const QString& title, const QString& hint);
    /// Ask for a file and write what is shown as CSV.
    void exportCsv();
    /// Write what is shown to `path`; false if the file cannot be written.
    bool writeCsv(const QString& path) const;

Q_SIGNALS:
    void itemActivated(int item);
    void currentItemChanged(int item);
    void csvWritten(const QString& path, bool ok);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void paintEvent(QPaintEvent* event) override;
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    /// Hide what must be hidden, and give what is left over to the stretching column.
    void layoutColumns();
    /// The width of each column before anything is hidden or stretched.
    int wantedWidth(std::size_t column) const;
    /// Widen the columns that fit their texts to those of these rows, and lay out again if need be.
    void fitRows(int first, int last);
    void refit();
    void reportVisibleRows();
    void cycleSort(int column);

    const Theme& m_theme;
    RowModel* m_model = nullptr;
    QTimer m_resort;
    std::vector<int> m_fitted; ///< per column: pixels of the longest text measured, 0 if it fits none
    QString m_emptyTitle, m_emptyHint;
};

} // namespace qd::ui
