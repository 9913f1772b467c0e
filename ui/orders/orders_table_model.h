#pragma once

#include "ui/state/desk.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// Orders, newest first, over the OrderStore.
class OrdersTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex {
        TimeColumn, IdColumn, SideColumn, SymbolColumn, QuantityColumn, FilledColumn, TypeColumn,
        PriceColumn, AverageColumn, StateColumn, TimeInForceColumn, AckColumn, ReasonColumn
    };
    OrdersTableModel(Desk& desk, QObject* parent);
    void setOpenOnly(bool openOnly);

    int itemCount() const override { return m_desk.orders().count(); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;
    bool accepts(int item) const override;
    QString exportOf(int item, int column) const override;

private:
    Desk& m_desk;
    bool m_openOnly = false;
};

/// Executions, newest first, over the FillStore.
class FillsTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex {
        TimeColumn, ExecutionColumn, SideColumn, SymbolColumn, QuantityColumn, PriceColumn,
        ValueColumn, FeeColumn, OrderColumn, NoteColumn
    };
    FillsTableModel(Desk& desk, QObject* parent);

    int itemCount() const override { return m_desk.fills().count(); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;
    QString exportOf(int item, int column) const override;

private:
    Desk& m_desk;
};

} // namespace qd::ui
