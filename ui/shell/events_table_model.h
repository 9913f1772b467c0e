#pragma once

#include "ui/state/desk.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// What happened, newest first: everything, or only what asked for attention.
class EventsTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { TimeColumn, SequenceColumn, SeverityColumn, TitleColumn, TextColumn };
    EventsTableModel(Desk& desk, bool noticesOnly, QObject* parent);

    int itemCount() const override { return m_desk.notices().count(); }
    bool accepts(int item) const override;
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;
    QString exportOf(int item, int column) const override;

private:
    Desk& m_desk;
    bool m_noticesOnly;
};

} // namespace qd::ui
