#pragma once

#include <QStackedWidget>

#include "ui/orders/orders_view.h"
#include "ui/shell/events_table_model.h"
#include "ui/widgets/field.h"

class QCheckBox;

namespace qd::ui {

/// Orders, positions, fills, alerts and the event log, one at a time, with one filter for the table
/// that is shown. Ctrl+1 … Ctrl+5 choose, Ctrl+F filters.
class Blotter final : public QWidget {
    Q_OBJECT
public:
    enum Page { OrdersPage, PositionsPage, FillsPage, AlertsPage, EventsPage, kPages };
    Blotter(Desk& desk, const Theme& theme, QWidget* parent = nullptr);

    void show(Page page);
    Page page() const { return Page(m_pages->currentIndex()); }
    DataTable& table(Page page) { return *m_tables[page]; }
    OrdersView& orders() { return *m_orders; }
    void focusFilter();
    void exportCurrent();

Q_SIGNALS:
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
    QStackedWidget* m_pages;
    OrdersView* m_orders;
    DataTable* m_tables[kPages] = {};
};

} // namespace qd::ui
