#pragma once

#include <QStackedWidget>

#include "ui/orders/orders_view.h"
#include "ui/portfolio/differences_view.h"
#include "ui/shell/events_table_model.h"
#include "ui/widgets/field.h"

class QCheckBox;

namespace qd::ui {

/// Orders, positions, fills, alerts, the event log and differences with the broker, one at a time,
/// with one filter for the table that is shown. Ctrl+1 … Ctrl+6 choose, Ctrl+F filters. Enter on a
/// line of a log opens the trace of the request behind it.
class Blotter final : public QWidget {
    Q_OBJECT
public:
    enum Page {
        OrdersPage, PositionsPage, FillsPage, AlertsPage, EventsPage, DifferencesPage, kPages
    };
    Blotter(Desk& desk, const Theme& theme, QWidget* parent = nullptr);

    void show(Page page);
    Page page() const { return Page(m_pages->currentIndex()); }
    DataTable& table(Page page) { return *m_tables[page]; }
    OrdersView& orders() { return *m_orders; }
    DifferencesView& differences() { return *m_differences; }
    void focusFilter();
    void exportCurrent();

Q_SIGNALS:
    void traceWanted(const QString& traceId, quint64 sequence);
    void csvWritten(const QString& path, bool ok);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refreshCounts();

    Desk& m_desk;
    const Theme& m_theme;
    Segment* m_tabs;
    QLineEdit* m_filter;
    QCheckBox* m_openOnly;
    TextLabel* m_totals;
    QPushButton* m_csv;
    QStackedWidget* m_pages;
    OrdersView* m_orders;
    DifferencesView* m_differences;
    DataTable* m_tables[kPages] = {};
};

} // namespace qd::ui
