#include <QMenu>

#include "ui/shell/main_window.h"
#include "ui/shell/top_bar.h"

/// What the window offers to whoever sits at it: other workspaces, the lock, the way out.
namespace qd::ui {

namespace {

struct PageShortcut {
    Workspaces::Page page;
    const char* shortcut;
};
constexpr PageShortcut kPageShortcuts[] = {{Workspaces::Trading, "Ctrl+Shift+T"},
                                           {Workspaces::Connections, "Ctrl+Shift+B"},
                                           {Workspaces::Administration, "Ctrl+Shift+M"},
                                           {Workspaces::Account, "Ctrl+Shift+U"}};
constexpr const char* kLockShortcut = "Ctrl+L";

} // namespace

void MainWindow::buildPeopleCommands()
{
    for (const auto& [page, shortcut] : kPageShortcuts) {
        addCommand(tr("Go to %1").arg(m_workspaces->titleOf(page)), QLatin1String(shortcut),
                   [this, page = page] { goTo(page); }, Scope::Anywhere);
    }
    addCommand(tr("Lock the terminal"), QLatin1String(kLockShortcut), [this] { lock(); },
               Scope::Anywhere);
    addCommand(tr("Sign out"), {}, [this] { m_workspaces->signOut(); }, Scope::Anywhere);
}

void MainWindow::buildMenus()
{
    auto* places = new QMenu(this);
    for (const auto& [page, shortcut] : kPageShortcuts) {
        if (page == Workspaces::Account) continue; // under the person's name
        auto* action = places->addAction(m_workspaces->titleOf(page));
        action->setCheckable(true);
        connect(action, &QAction::triggered, this, [this, page = page] { goTo(page); });
        connect(places, &QMenu::aboutToShow, action, [this, action, page = page] {
            action->setVisible(m_workspaces->isOffered(page));
            action->setChecked(m_workspaces->page() == page);
        });
    }
    auto* person = new QMenu(this);
    connect(person->addAction(tr("Account…")), &QAction::triggered, this,
            [this] { goTo(Workspaces::Account); });
    auto* locking = person->addAction(tr("Lock  (Ctrl+L)"));
    connect(locking, &QAction::triggered, this, &MainWindow::lock);
    auto* out = person->addAction(QString());
    connect(out, &QAction::triggered, this, [this] {
        const bool isOwner = m_workspaces->identity().state() == client::Identity::State::Owner;
        isOwner ? m_workspaces->openDoor({}) : m_workspaces->signOut();
    });
    connect(person, &QMenu::aboutToShow, out, [this, out] {
        const bool isOwner = m_workspaces->identity().state() == client::Identity::State::Owner;
        out->setText(isOwner ? tr("Sign in with an account…") : tr("Sign out"));
    });
    m_topBar->setMenus(places, person);
    connect(m_workspaces, &Workspaces::pageChanged, this, &MainWindow::followWorkspace);
    connect(m_workspaces, &Workspaces::personChanged, this, &MainWindow::followWorkspace);
    followWorkspace();
}

void MainWindow::followWorkspace()
{
    m_topBar->showWorkspace(m_workspaces->titleOf(m_workspaces->page()));
    m_topBar->showPerson(m_workspaces->personText());
    if (m_workspaces->isClosed()) m_toasts->clear();
}

void MainWindow::goTo(Workspaces::Page page)
{
    if (m_workspaces->show(page)) return;
    m_desk.tell(client::Severity::Warning, tr("Not yours to see"),
                tr("%1 needs a role that your account does not have.")
                    .arg(m_workspaces->titleOf(page)));
}

void MainWindow::lock()
{
    if (m_workspaces->lock()) return;
    m_desk.tell(client::Severity::Info, tr("Not locked"),
                tr("The owner has no password to come back with. Make an account and sign in with "
                   "it: Ctrl+Shift+U."));
}

} // namespace qd::ui
