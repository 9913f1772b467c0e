#pragma once

#include "ui/market/watchlist_table_model.h"
#include "ui/widgets/data_table.h"

class QPushButton;

namespace qd::ui {

/// The watchlist: one row a symbol; the current row is the symbol everything else shows.
/// Alt+Up and Alt+Down move a row, Delete takes it out, Insert asks for another symbol.
class WatchlistView final : public QWidget {
    Q_OBJECT
public:
    WatchlistView(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    /// Names the list that is shown and chooses another; for the title bar.
    QPushButton& listButton() { return *m_listButton; }
    /// Ask for a name: of a new list, or a new one of this list.
    void askName(bool isNew);
    DataTable& table() { return *m_table; }
    WatchlistTableModel& model() { return *m_model; }

Q_SIGNALS:
    void symbolWanted();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void followSelection();
    void showListName();
    void fillListMenu();
    void showMenu(const QPoint& at);

    Desk& m_desk;
    WatchlistTableModel* m_model;
    DataTable* m_table;
    QPushButton* m_listButton;
};

} // namespace qd::ui
