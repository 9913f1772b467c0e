#pragma once

#include <QSplitter>

#include "ui/orders/orders_table_model.h"
#include "ui/orders/timeline_view.h"

namespace qd::ui {

/// The orders table and the selected order's timeline beside it.
/// Delete cancels, F2 changes, Enter shows the timeline when there is room for one only.
class OrdersView final : public QWidget {
    Q_OBJECT
public:
    OrdersView(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    DataTable& table() { return *m_table; }
    OrdersTableModel& model() { return *m_model; }
    TimelineView& timeline() { return *m_timeline; }
    void cancelSelected();
    void changeSelected();

Q_SIGNALS:
    void problemMet(const QString& title, const QString& text);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void showMenu(const QPoint& at);
    const Order* selected() const;

    Desk& m_desk;
    const Theme& m_theme;
    OrdersTableModel* m_model;
    DataTable* m_table;
    TimelineView* m_timeline;
    QSplitter* m_splitter;
    bool m_timelineWanted = false;
};

} // namespace qd::ui
