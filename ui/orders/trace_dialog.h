#pragma once

#include <QDialog>

#include "ui/state/desk.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/labels.h"

namespace qd::ui {

/// The steps of one request as a waterfall: children under their parents, each with the bar of its
/// time, how long it took, its component and how it ended.
class TraceTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex {
        StepColumn, ComponentColumn, StartColumn, TookColumn, BarColumn, StatusColumn, DetailColumn
    };
    explicit TraceTableModel(QObject* parent);
    void setSpans(std::vector<client::Span> spans);
    /// From the first step's begin to the last one's end.
    Duration total() const { return m_total; }
    int depthOf(int item) const { return m_rows[std::size_t(item)].depth; }

    int itemCount() const override { return int(m_rows.size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    struct Row {
        client::Span span;
        int depth = 0;
    };
    void addBelow(const std::string& parent, int depth, std::vector<client::Span>& left);

    std::vector<Row> m_rows;
    Timestamp m_begin;
    Duration m_total{};
};

/// The log lines that carry the trace's id.
class TraceLogModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { TimeColumn, SequenceColumn, KindColumn, ActorColumn, DetailColumn };
    explicit TraceLogModel(QObject* parent);
    void setEvents(std::vector<client::LogEvent> events);
    int itemCount() const override { return int(m_events.size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    std::vector<client::LogEvent> m_events;
};

/// Where to begin: a trace id, a line of the log, or both.
struct TraceStart {
    QString traceId;
    quint64 sequence = 0; ///< of the first log line known to belong to it; 0: none
};

/// What one request did, from the terminal's call to the broker's answer. Escape closes.
class TraceDialog final : public QDialog {
    Q_OBJECT
public:
    TraceDialog(Desk& desk, const Theme& theme, const TraceStart& start, QWidget* parent);
    TraceTableModel& model() { return *m_model; }
    TraceLogModel& log() { return *m_log; }
    QString headline() const { return m_title->text(); }

private:
    void findTrace();
    void fetchSpans();
    void fetchLog();
    void showNothing(const QString& title, const QString& hint);

    Desk& m_desk;
    TraceStart m_start;
    TextLabel* m_title;
    TraceTableModel* m_model;
    TraceLogModel* m_log;
    DataTable *m_table, *m_logTable;
};

} // namespace qd::ui
