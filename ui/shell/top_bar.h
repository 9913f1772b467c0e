#pragma once

#include <QWidget>

#include "ui/state/desk.h"
#include "ui/widgets/labels.h"

class QMenu;
class QPushButton;

namespace qd::ui {

class AccountStrip;

/// Name, search, PAPER or LIVE, market state, account, cancel all, HALT ALL. When it gets narrow it
/// drops what matters least; PAPER or LIVE and HALT ALL are never dropped.
class TopBar final : public QWidget {
    Q_OBJECT
public:
    TopBar(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    /// The buttons that open these menus are there from now on.
    void setMenus(QMenu* workspaces, QMenu* person);
    void showWorkspace(const QString& name);
    void showPerson(const QString& name);
    QSize minimumSizeHint() const override { return {420, metric::kTopBar}; }

Q_SIGNALS:
    void searchWanted();
    void cancelAllWanted();
    void haltWanted();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void refreshMarket();
    void dropByPriority();

    Desk& m_desk;
    const Theme& m_theme;
    TextLabel* m_name;
    QPushButton *m_workspace, *m_search, *m_person, *m_cancelAll, *m_halt;
    Pill *m_environment, *m_market;
    AccountStrip* m_account;
};

} // namespace qd::ui
