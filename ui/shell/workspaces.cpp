#include "ui/shell/workspaces.h"

#include <QApplication>
#include <QDialog>
#include <QDockWidget>
#include <QShortcut>
#include <QStatusBar>

#include "ui/connections/connections_view.h"
#include "ui/people/account_view.h"
#include "ui/people/administration_view.h"
#include "ui/people/door_view.h"
#include "ui/people/step_up_dialog.h"
#include "ui/shell/workspace_file.h"
#include "ui/widgets/format.h"

namespace qd::ui {

using State = client::Identity::State;

Workspaces::Workspaces(QMainWindow& window, QStackedWidget& centre, Desk& desk, const Theme& theme,
                       People people)
    : QObject(&window), m_window(window), m_centre(centre), m_desk(desk), m_theme(theme),
      m_people(std::move(people)),
      m_connections(new ConnectionStore(m_people.caller, desk.status(), m_people.openBrowser, this)),
      m_users(new UserStore(m_people.caller, this))
{
    connect(&m_idle, &IdleWatch::idle, this, [this] { lock(); });
    setLockAfterMinutes(m_lockAfterMinutes);
    connectIdentity();
    followRights();
}

Workspaces::~Workspaces() = default;

void Workspaces::begin(bool isOwner)
{
    if (isOwner) return m_people.identity.beOwner();
    openDoor({});
    m_people.identity.resume([](bool) {}); // who is let in is told by `signedIn`
}

void Workspaces::connectIdentity()
{
    client::Identity& identity = m_people.identity;
    connect(&identity, &client::Identity::whoChanged, this, &Workspaces::followRights);
    connect(&identity, &client::Identity::signedIn, this, [this] {
        if (isClosed()) show(home());
    });
    connect(&identity, &client::Identity::signedOut, this, &Workspaces::openDoor);
    connect(&identity, &client::Identity::stepUpWanted, this, &Workspaces::openStepUp);
    connect(&identity, &client::Identity::keysProblemMet, this, [this](const QString& what) {
        tell(false, tr("This device will not be remembered"), what);
    });
}

void Workspaces::tell(bool isDone, const QString& title, const QString& text)
{
    m_desk.tell(isDone ? client::Severity::Info : client::Severity::Warning, title, text);
}

bool Workspaces::isOffered(Page page) const
{
    const client::Identity& identity = m_people.identity;
    switch (page) {
    case Trading:
    case Connections: return identity.may(Role::Viewer);
    case Administration: return identity.may(Role::Admin);
    case Account: return identity.state() != State::Nobody;
    case Door: return true;
    case Lock: return identity.state() == State::SignedIn;
    }
    return false;
}

QString Workspaces::titleOf(Page page) const
{
    switch (page) {
    case Trading: return tr("Trading");
    case Connections: return tr("Connections");
    case Administration: return tr("Administration");
    case Account: return tr("Account");
    case Door: return tr("Sign in");
    case Lock: return tr("Locked");
    }
    return {};
}

/// Who only administers begins there; everybody else where the market is.
Workspaces::Page Workspaces::home() const
{
    const Roles roles = m_people.identity.who().roles;
    const bool worksHere = m_people.identity.who().isOwner || roles.contains(Role::Trader) ||
                           roles.contains(Role::Viewer) || roles.contains(Role::Support) ||
                           roles.contains(Role::Operator);
    if (worksHere) return Trading;
    return isOffered(Administration) ? Administration : Account;
}

QWidget* Workspaces::viewOf(Page page)
{
    switch (page) {
    case Trading: return m_centre.widget(0);
    case Connections: return &connectionsView();
    case Administration: return &administrationView();
    case Account: return &accountView();
    case Door: return &doorView();
    case Lock: return &lockView();
    }
    return nullptr;
}

bool Workspaces::show(Page page)
{
    if (!isOffered(page)) return false;
    if (page == m_page) return true;
    QWidget* view = viewOf(page);
    if (m_page == Trading) leaveTrading();
    m_page = page;
    m_centre.setCurrentWidget(view);
    showFrame(!isClosed());
    if (page == Trading) enterTrading();
    if (page == Connections) m_connections->refresh();
    if (page == Administration) m_users->refresh();
    if (page == Account) m_accountView->refresh();
    Q_EMIT pageChanged();
    return true;
}

void Workspaces::leaveTrading()
{
    m_docks = m_window.saveState(WorkspaceFile::kVersion);
    for (QDockWidget* dock : m_window.findChildren<QDockWidget*>()) dock->hide();
}

void Workspaces::enterTrading()
{
    m_window.restoreState(m_docks, WorkspaceFile::kVersion);
}

QByteArray Workspaces::tradingDocks() const
{
    return m_page == Trading ? m_window.saveState(WorkspaceFile::kVersion) : m_docks;
}

/// Bars, shortcuts and dialogs: there, or put away. A hidden widget takes no shortcut, but those of
/// the window itself would.
void Workspaces::showFrame(bool isShown)
{
    m_window.menuWidget()->setVisible(isShown);
    m_window.statusBar()->setVisible(isShown);
    for (auto* shortcut : m_window.findChildren<QShortcut*>(Qt::FindDirectChildrenOnly)) {
        shortcut->setEnabled(isShown);
    }
    if (!isShown) closeDialogs();
}

void Workspaces::closeDialogs()
{
    while (QWidget* popup = QApplication::activePopupWidget()) popup->close();
    for (QDialog* dialog : m_window.findChildren<QDialog*>()) {
        if (dialog->isVisible()) dialog->reject();
    }
}

bool Workspaces::lock()
{
    if (!isOffered(Lock) || isClosed()) return false;
    m_before = m_page;
    show(Lock);
    m_lock->start();
    return true;
}

void Workspaces::openDoor(const QString& why)
{
    const bool wasLocked = m_page == Lock;
    show(Door);
    // Who could not unlock it must not walk around it.
    m_door->offerOwner(static_cast<bool>(m_people.becomeOwner) && !wasLocked);
    m_door->welcome(why);
}

void Workspaces::signOut()
{
    m_people.identity.signOut();
}

/// What a right opened is closed when the right is gone.
void Workspaces::followRights()
{
    const client::Identity& identity = m_people.identity;
    m_desk.setMayTrade(identity.may(Role::Trader));
    if (m_connectionsView) m_connectionsView->setMayChange(identity.may(Role::Trader));
    if (identity.state() != State::Nobody && !isClosed() && !isOffered(m_page)) {
        const QString gone = titleOf(m_page);
        closeDialogs();
        show(home());
        tell(false, tr("%1 is closed").arg(gone), tr("Your account does not have the right any more."));
    }
    Q_EMIT personChanged();
}

void Workspaces::openStepUp()
{
    if (isClosed()) return m_people.identity.refuseStepUps();
    if (m_window.findChild<StepUpDialog*>()) return; // what came meanwhile waits for the same proof
    auto* dialog = new StepUpDialog(m_theme, m_people.identity, &m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

QString Workspaces::personText() const
{
    const client::WhoFacts& who = m_people.identity.who();
    if (who.user) return format::plain(who.user->displayName.text(), 24);
    return who.isOwner ? tr("Owner") : QString();
}

void Workspaces::setLockAfterMinutes(int minutes)
{
    m_lockAfterMinutes = minutes;
    m_idle.setAfter(std::chrono::minutes(minutes));
    if (m_accountView) m_accountView->setLockAfterMinutes(minutes);
}

/// It takes the room that is there and asks for none: the docks of Trading need theirs.
void Workspaces::putIn(QWidget& view)
{
    view.setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored);
    m_centre.addWidget(&view);
}

ConnectionsView& Workspaces::connectionsView()
{
    if (!m_connectionsView) {
        m_connectionsView = new ConnectionsView(m_theme, *m_connections, m_desk.clock());
        m_connectionsView->setMayChange(m_people.identity.may(Role::Trader));
        connect(m_connectionsView, &ConnectionsView::told, this, &Workspaces::tell);
        putIn(*m_connectionsView);
    }
    return *m_connectionsView;
}

AdministrationView& Workspaces::administrationView()
{
    if (!m_administrationView) {
        m_administrationView = new AdministrationView(m_theme, *m_users);
        connect(m_administrationView, &AdministrationView::told, this, &Workspaces::tell);
        putIn(*m_administrationView);
    }
    return *m_administrationView;
}

AccountView& Workspaces::accountView()
{
    if (!m_accountView) {
        m_accountView = new AccountView(
            {m_theme, m_people.caller, m_people.identity, m_desk.clock()});
        m_accountView->setLockAfterMinutes(m_lockAfterMinutes);
        connect(m_accountView, &AccountView::lockAfterChanged, this,
                &Workspaces::setLockAfterMinutes);
        connect(m_accountView, &AccountView::signOutWanted, this, &Workspaces::signOut);
        connect(m_accountView, &AccountView::signInWanted, this, [this] { openDoor({}); });
        connect(m_accountView, &AccountView::told, this, &Workspaces::tell);
        putIn(*m_accountView);
    }
    return *m_accountView;
}

DoorView& Workspaces::doorView()
{
    if (!m_door) {
        m_door = new DoorView(m_theme, m_people.caller, m_people.identity);
        m_door->setPlace(m_people.place);
        connect(m_door, &DoorView::leaveWanted, this, [this] {
            if (m_people.identity.state() != State::Owner) m_people.becomeOwner();
            else show(home());
        });
        putIn(*m_door);
    }
    return *m_door;
}

LockView& Workspaces::lockView()
{
    if (!m_lock) {
        m_lock = new LockView(m_theme, m_people.identity);
        connect(m_lock, &LockView::unlocked, this,
                [this] { show(isOffered(m_before) ? m_before : home()); });
        connect(m_lock, &LockView::signOutWanted, this, &Workspaces::signOut);
        putIn(*m_lock);
    }
    return *m_lock;
}

} // namespace qd::ui
