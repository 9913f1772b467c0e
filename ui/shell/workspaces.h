#pragma once

#include <array>

#include <QMainWindow>
#include <QPointer>
#include <QStackedWidget>

#include "services/client/identity.h"
#include "ui/shell/idle_watch.h"
#include "ui/state/connection_store.h"
#include "ui/state/desk.h"
#include "ui/state/user_store.h"
#include "ui/theme/theme.h"

namespace qd::ui {

class AccountView;
class AdministrationView;
class ConnectionsView;
class DoorView;
class LockView;

/// Who sits at the terminal, as the window needs to know it. All outlive the window.
struct People {
    client::Caller& caller;
    client::Identity& identity;
    client::ConsentFlow::OpenBrowser openBrowser;
    /// Where one is the owner of the backend whoever signs out: become it again. Empty: nowhere.
    std::function<void()> becomeOwner = {};
    QString place = {}; ///< which backend: "wss://desk.example.org"
};

/// What the window shows: the Trading docks, another workspace in their place, or the way in with
/// everything else put away. Follows who sits there and what they may do: what a right opened is
/// closed when the right is gone. Views are made when they are first looked at. GUI thread.
class Workspaces final : public QObject {
    Q_OBJECT
public:
    enum Page { Trading, Connections, Administration, Account, Door, Lock };
    static constexpr int kPages = 6;

    /// `centre` shows Trading as its only page yet.
    Workspaces(QMainWindow& window, QStackedWidget& centre, Desk& desk, const Theme& theme,
               People people);
    ~Workspaces() override;

    /// The owner, whose token the session has already, is in at once. Anybody else comes to the way in,
    /// and further if this terminal was left signed in.
    void begin(bool isOwner);

    Page page() const { return m_page; }
    /// Only what whoever sits here may see; false: not theirs.
    bool show(Page page);
    bool isOffered(Page page) const;
    QString titleOf(Page page) const;
    /// Where one begins.
    Page home() const;
    /// The way in or the lock: nothing else is to be seen or done.
    bool isClosed() const { return m_page == Door || m_page == Lock; }
    /// Somebody with an account can come back to it; false: nobody could unlock it.
    bool lock();
    void signOut();
    /// Go to the way in; `why` is said there.
    void openDoor(const QString& why);

    client::Identity& identity() { return m_people.identity; }
    QString personText() const;
    /// The Trading docks as they are, or as they were when it was left.
    QByteArray tradingDocks() const;
    IdleWatch& idleWatch() { return m_idle; }
    void setLockAfterMinutes(int minutes);
    int lockAfterMinutes() const { return m_lockAfterMinutes; }

    ConnectionStore& connections() { return *m_connections; }
    /// Made if need be.
    ConnectionsView& connectionsView();
    AdministrationView& administrationView();
    AccountView& accountView();
    DoorView& doorView();
    LockView& lockView();

Q_SIGNALS:
    void pageChanged();
    void personChanged();

private:
    void connectIdentity();
    void putIn(QWidget& view);
    QWidget* viewOf(Page page);
    void leaveTrading();
    void enterTrading();
    void closeDialogs();
    void showFrame(bool isShown);
    void followRights();
    void openStepUp();
    void tell(bool isDone, const QString& title, const QString& text);

    QMainWindow& m_window;
    QStackedWidget& m_centre;
    Desk& m_desk;
    const Theme& m_theme;
    People m_people;
    Page m_page = Trading;
    Page m_before = Trading; ///< what was shown when it was locked
    QByteArray m_docks;      ///< of Trading, while it is away
    IdleWatch m_idle;
    int m_lockAfterMinutes = 15;
    ConnectionStore* m_connections;
    UserStore* m_users;
    ConnectionsView* m_connectionsView = nullptr;
    AdministrationView* m_administrationView = nullptr;
    AccountView* m_accountView = nullptr;
    DoorView* m_door = nullptr;
    LockView* m_lock = nullptr;
};

} // namespace qd::ui
