#pragma once

#include <QMainWindow>

#include "services/runtime/random.h"
#include "ui/shell/blotter.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/workspace_file.h"
#include "ui/shell/workspaces.h"
#include "ui/widgets/plates.h"

class QDockWidget;

namespace qd::ui {

class ChartPanel;
class DockTitle;
class OrderTicket;
class StatusLine;
class TopBar;
class WatchlistView;

/// The window: bars above and below, the Trading docks around the chart, other workspaces in their
/// place, and every shortcut.
class MainWindow final : public QMainWindow {
    Q_OBJECT
public:
    /// Without people it is the Trading workspace alone.
    MainWindow(Desk& desk, Theme& theme, runtime::Random& random,
               std::optional<People> people = std::nullopt);

    /// Symbols, theme and docks as they were; without a file, the default arrangement.
    void restore(const WorkspaceFile& workspace);
    WorkspaceFile workspace() const;
    /// Saved here when the window closes.
    void setWorkspacePath(const QString& path) { m_workspacePath = path; }
    void arrangeByDefault();

    ChartPanel& chartPanel() { return *m_chart; }
    OrderTicket& ticket() { return *m_ticket; }
    Blotter& blotter() { return *m_blotter; }
    WatchlistView& watchlist() { return *m_watchlist; }
    CommandPalette& palette() { return *m_palette; }
    StatusLine& statusLine() { return *m_statusLine; }
    Banner& banner() { return *m_banner; }
    ToastStack& toasts() { return *m_toasts; }
    const std::vector<Command>& commands() const { return m_commands; }
    /// Null without people.
    Workspaces* workspaces() { return m_workspaces; }
    void openHaltDialog();
    void openTrace(const QString& traceId, quint64 sequence);
    void askConfirmation(const QString& headline,
                         const std::vector<client::Confirmation>& questions);

protected:
    void closeEvent(QCloseEvent* event) override;

private:
    QDockWidget* addDock(const QString& name, const QString& title, QWidget* content,
                         Qt::DockWidgetArea area, int minimumWidth);
    void buildDocks();
    void buildCommands();
    void buildPeopleCommands();
    void buildMenus();
    void followWorkspace();
    void goTo(Workspaces::Page page);
    void lock();
    /// Most commands are about Trading, and go there first.
    enum class Scope { InTrading, Anywhere };
    void addCommand(const QString& title, const QString& shortcut, std::function<void()> run,
                    Scope scope = Scope::InTrading);
    void connectDesk();
    void refreshBanner();
    void showNotice(int item);
    void cancelAll();
    void switchTheme(ThemeKind kind);

    Desk& m_desk;
    Theme& m_theme;
    QString m_workspacePath;
    TopBar* m_topBar;
    Banner* m_banner;
    StatusLine* m_statusLine;
    ChartPanel* m_chart;
    OrderTicket* m_ticket;
    Blotter* m_blotter;
    WatchlistView* m_watchlist;
    ToastStack* m_toasts;
    QStackedWidget* m_centre = nullptr;
    Workspaces* m_workspaces = nullptr;
    CommandPalette* m_palette = nullptr;
    QDockWidget *m_watchlistDock, *m_quoteDock, *m_ticketDock, *m_blotterDock;
    std::vector<Command> m_commands;
};

} // namespace qd::ui
