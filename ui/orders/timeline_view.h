#pragma once

#include "ui/state/desk.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/plates.h"

namespace qd::ui {

/// The steps of one order's life.
class TimelineTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { TimeColumn, StepColumn, KindColumn, SourceColumn, DetailColumn };
    explicit TimelineTableModel(QObject* parent);
    void setEvents(std::vector<client::TimelineEvent> events);
    const client::TimelineEvent& at(int item) const { return m_events[std::size_t(item)]; }
    int itemCount() const override { return int(m_events.size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    std::vector<client::TimelineEvent> m_events;
};

/// Everything that happened to the selected order: when, how long after the step before, from whom,
/// and the venue's own time where it told one. Renewed whenever the order changes. Enter on a step
/// opens the trace of the request behind it.
class TimelineView final : public QWidget {
    Q_OBJECT
public:
    TimelineView(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    void showOrder(const ClientOrderId& id);
    TimelineTableModel& model() { return *m_model; }
    DataTable& table() { return *m_table; }

Q_SIGNALS:
    void traceWanted(const QString& traceId, quint64 sequence);

private:
    void fetch();

    Desk& m_desk;
    ClientOrderId m_order;
    TextLabel* m_title;
    TimelineTableModel* m_model;
    DataTable* m_table;
};

} // namespace qd::ui
