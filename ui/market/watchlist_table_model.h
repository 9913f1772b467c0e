#pragma once

#include <QTimer>

#include "ui/state/desk.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// The watchlist's rows over the QuoteStore. A cell whose price moved is tinted for a moment: on,
/// then off, two repaints and no more.
class WatchlistTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { SymbolColumn, LastColumn, ChangeColumn, PercentColumn, DayColumn };
    WatchlistTableModel(Desk& desk, QObject* parent);

    const Symbol& symbolOf(int item) const { return m_desk.watchlist()[std::size_t(item)]; }
    int itemOf(const Symbol& symbol) const;
    /// Move a symbol up (−1) or down (+1) in the list; only while no column is sorted.
    void move(int item, int steps);

    int itemCount() const override { return int(m_desk.watchlist().size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;
    QString exportOf(int item, int column) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    Qt::DropActions supportedDropActions() const override { return Qt::MoveAction; }
    QStringList mimeTypes() const override;
    QMimeData* mimeData(const QModelIndexList& indexes) const override;
    bool dropMimeData(const QMimeData* mime, Qt::DropAction action, int row, int column,
                      const QModelIndex& parent) override;

private:
    struct Shown {
        int slot = -1;
        Price last;
        Flash flash = Flash::None;
        Duration until{}; ///< steady time
    };
    void relist();
    void takeQuotes(const std::vector<int>& slots);
    void endFlashes();
    Cell symbolCell(int item, int slot) const;

    Desk& m_desk;
    std::vector<Shown> m_shown;
    std::vector<int> m_itemOfSlot;
    std::vector<int> m_flashing;
    QTimer m_flashTimer;
    bool m_wasStale = false;
};

} // namespace qd::ui
