#pragma once

#include "ui/state/desk.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// Holdings over the PositionStore, marked to the live price.
class PositionsTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex {
        SymbolColumn, QuantityColumn, AverageColumn, LastColumn, ValueColumn, UnrealisedColumn,
        PercentColumn, DayColumn, RealisedColumn, NoteColumn
    };
    PositionsTableModel(Desk& desk, QObject* parent);

    int itemCount() const override { return m_desk.positions().count(); }
    bool accepts(int item) const override;
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;
    QString exportOf(int item, int column) const override;

private:
    Desk& m_desk;
};

} // namespace qd::ui
