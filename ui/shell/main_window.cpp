#include "ui/shell/main_window.h"

#include <algorithm>

#include <QApplication>
#include <QCloseEvent>
#include <QDockWidget>
#include <QPainter>
#include <QPushButton>
#include <QStatusBar>
#include <QVBoxLayout>

#include "ui/charts/chart_panel.h"
#include "ui/market/quote_panel.h"
#include "ui/market/watchlist_view.h"
#include "ui/orders/order_dialogs.h"
#include "ui/orders/order_ticket.h"
#include "ui/orders/trace_dialog.h"
#include "ui/shell/halt_dialog.h"
#include "ui/shell/status_line.h"
#include "ui/shell/top_bar.h"
#include "ui/widgets/dock_title.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kQuoteHeight = 212;

/// A panel whose ground is the panel tone, whatever it contains.
class Panel final : public QWidget {
public:
    Panel(const Theme& theme, QWidget* content) : m_theme(theme)
    {
        auto* column = new QVBoxLayout(this);
        column->setContentsMargins(0, 0, 0, 0);
        column->addWidget(content);
        connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter(this).fillRect(rect(), m_theme.colors().bg1);
    }

private:
    const Theme& m_theme;
};

} // namespace

MainWindow::MainWindow(Desk& desk, Theme& theme, runtime::Random& random,
                       std::optional<People> people)
    : m_desk(desk), m_theme(theme), m_topBar(new TopBar(desk, theme)),
      m_banner(new Banner(theme, QStringLiteral("banner"))),
      m_statusLine(new StatusLine(desk, theme)), m_chart(new ChartPanel(desk, theme)),
      m_ticket(new OrderTicket(desk, theme, random)), m_blotter(new Blotter(desk, theme)),
      m_watchlist(new WatchlistView(desk, theme))
{
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("Quarterdeck"));
    setWindowIcon(QIcon(QStringLiteral(":/quarterdeck/icons/quarterdeck.svg")));
    setMinimumSize(1024, 640);
    auto* header = new QWidget(this);
    auto* headerColumn = new QVBoxLayout(header);
    headerColumn->setContentsMargins(0, 0, 0, metric::kGap);
    headerColumn->setSpacing(0);
    headerColumn->addWidget(m_topBar);
    headerColumn->addWidget(m_banner);
    setMenuWidget(header);
    auto* centre = new QWidget(this);
    auto* centreColumn = new QVBoxLayout(centre);
    centreColumn->setContentsMargins(0, 0, 0, 0);
    centreColumn->addWidget(m_chart);
    m_centre = new QStackedWidget(this);
    m_centre->addWidget(centre);
    setCentralWidget(m_centre);
    auto* footer = new QStatusBar(this);
    footer->setSizeGripEnabled(false);
    footer->setContentsMargins(0, 0, 0, 0);
    footer->setFixedHeight(metric::kStatusBar + metric::kGap);
    footer->addPermanentWidget(m_statusLine, 1);
    setStatusBar(footer);
    buildDocks();
    m_toasts = new ToastStack(theme, this);
    if (people) m_workspaces = new Workspaces(*this, *m_centre, desk, theme, std::move(*people));
    buildCommands();
    if (m_workspaces) buildMenus();
    m_palette = new CommandPalette(desk, theme, m_commands, this);
    connectDesk();
    refreshBanner();
}

QDockWidget* MainWindow::addDock(const QString& name, const QString& title, QWidget* content,
                                 Qt::DockWidgetArea area, int minimumWidth)
{
    auto* dock = new QDockWidget(title, this);
    dock->setObjectName(name);
    auto* panel = new Panel(m_theme, content);
    panel->setMinimumWidth(minimumWidth);
    dock->setWidget(panel);
    dock->setTitleBarWidget(new DockTitle(m_theme, *dock));
    addDockWidget(area, dock);
    return dock;
}

void MainWindow::buildDocks()
{
    setDockNestingEnabled(true);
    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    m_watchlistDock = addDock(QStringLiteral("watchlistDock"), tr("Watchlist"), m_watchlist,
                              Qt::LeftDockWidgetArea, 260);
    static_cast<DockTitle*>(m_watchlistDock->titleBarWidget())
        ->addControl(&m_watchlist->listButton());
    auto* quotes = new QuotePanel(m_desk, m_theme);
    m_quoteDock = addDock(QStringLiteral("quoteDock"), tr("Quote"), quotes,
                          Qt::RightDockWidgetArea, 300);
    m_quoteDock->widget()->setMaximumHeight(kQuoteHeight); // what is left over is the ticket's
    connect(quotes, &QuotePanel::noteChanged, this, [this](const QString& note) {
        static_cast<DockTitle*>(m_quoteDock->titleBarWidget())->setNote(note);
    });
    m_ticketDock = addDock(QStringLiteral("ticketDock"), tr("Order ticket"), m_ticket,
                           Qt::RightDockWidgetArea, 300);
    m_blotterDock = addDock(QStringLiteral("blotterDock"), tr("Blotter"), m_blotter,
                            Qt::BottomDockWidgetArea, 420);
    // Its tabs are its title.
    m_blotterDock->setTitleBarWidget(new QWidget(m_blotterDock));
}

void MainWindow::arrangeByDefault()
{
    if (m_workspaces && m_workspaces->page() != Workspaces::Trading) return;
    for (QDockWidget* dock : {m_watchlistDock, m_quoteDock, m_ticketDock, m_blotterDock}) {
        dock->setFloating(false);
        dock->show();
    }
    const bool wide = width() >= 1700;
    resizeDocks({m_watchlistDock, m_ticketDock}, {wide ? 392 : 320, wide ? 352 : 308},
                Qt::Horizontal);
    resizeDocks({m_quoteDock, m_ticketDock}, {232, height() - 232}, Qt::Vertical);
    resizeDocks({m_blotterDock}, {height() * 27 / 100}, Qt::Vertical);
    m_watchlist->table().setFocus();
}

void MainWindow::restore(const WorkspaceFile& file)
{
    if (!file.theme.isEmpty()) switchTheme(themeKindOf(file.theme));
    std::vector<Desk::Watchlist> lists;
    for (const WorkspaceFile::Watchlist& saved : file.watchlists) {
        auto& list = lists.emplace_back();
        list.name = saved.name.isEmpty() ? tr("Watchlist") : saved.name;
        for (const QString& text : saved.symbols) {
            if (auto symbol = Symbol::parse(text.toStdString())) list.symbols.push_back(*symbol);
        }
    }
    const bool holdsAny = std::any_of(lists.begin(), lists.end(),
                                      [](const auto& list) { return !list.symbols.empty(); });
    if (holdsAny) m_desk.setWatchlists(std::move(lists), std::size_t(file.shownWatchlist));
    if (auto symbol = Symbol::parse(file.symbol.toStdString())) m_desk.select(*symbol);
    if (auto interval = parseBarInterval(file.interval.toStdString())) m_desk.setInterval(*interval);
    if (m_workspaces && file.lockAfterMinutes >= 0) {
        m_workspaces->setLockAfterMinutes(file.lockAfterMinutes);
    }
    if (!file.geometry.isEmpty()) restoreGeometry(file.geometry);
    if (file.docks.isEmpty() || !restoreState(file.docks, WorkspaceFile::kVersion)) arrangeByDefault();
    m_watchlist->table().setFocus();
}

WorkspaceFile MainWindow::workspace() const
{
    WorkspaceFile file;
    file.geometry = saveGeometry();
    file.docks = m_workspaces ? m_workspaces->tradingDocks() : saveState(WorkspaceFile::kVersion);
    if (m_workspaces) file.lockAfterMinutes = m_workspaces->lockAfterMinutes();
    for (const Desk::Watchlist& list : m_desk.watchlists()) {
        WorkspaceFile::Watchlist saved{list.name, {}};
        for (const Symbol& symbol : list.symbols) {
            saved.symbols.append(QString::fromStdString(symbol.text()));
        }
        file.watchlists.append(saved);
    }
    file.shownWatchlist = int(m_desk.shownWatchlist());
    file.symbol = QString::fromStdString(m_desk.symbol().text());
    const std::string_view interval = toString(m_desk.interval());
    file.interval = QString::fromLatin1(interval.data(), qsizetype(interval.size()));
    file.theme = nameOf(m_theme.kind());
    return file;
}

void MainWindow::connectDesk()
{
    connect(m_topBar, &TopBar::searchWanted, this, [this] { m_palette->popUp(); });
    connect(m_topBar, &TopBar::haltWanted, this, &MainWindow::openHaltDialog);
    connect(m_topBar, &TopBar::cancelAllWanted, this, &MainWindow::cancelAll);
    connect(m_watchlist, &WatchlistView::symbolWanted, this, [this] { m_palette->popUp(); });
    connect(m_ticket, &OrderTicket::confirmationWanted, this, &MainWindow::askConfirmation);
    connect(&m_blotter->orders(), &OrdersView::problemMet, this,
            [this](const QString& title, const QString& text) {
                m_desk.tell(client::Severity::Warning, title, text);
            });
    connect(m_blotter, &Blotter::traceWanted, this, &MainWindow::openTrace);
    connect(m_banner, &Banner::pressed, this, [this] {
        if (!m_desk.trading().trading().differences.empty()) {
            m_blotter->show(Blotter::DifferencesPage);
        }
    });
    connect(m_blotter, &Blotter::csvWritten, this, [this](const QString& path, bool ok) {
        m_desk.tell(ok ? client::Severity::Info : client::Severity::Warning,
                    ok ? tr("Table exported") : tr("The table could not be written"), path);
    });
    connect(&m_desk.notices(), &NoticeStore::lineAdded, this, &MainWindow::showNotice);
    connect(&m_desk.status(), &StatusStore::linkChanged, this, &MainWindow::refreshBanner);
    connect(&m_desk.status(), &StatusStore::statusChanged, this, &MainWindow::refreshBanner);
    connect(&m_desk.trading(), &TradingStore::tradingChanged, this, &MainWindow::refreshBanner);
    connect(&m_desk, &Desk::heartbeat, this, &MainWindow::refreshBanner);
    connect(&m_desk, &Desk::symbolChanged, this, [this] {
        static_cast<DockTitle*>(m_ticketDock->titleBarWidget())
            ->setNote(format::symbol(m_desk.symbol()));
    });
}

void MainWindow::refreshBanner()
{
    const StatusStore& status = m_desk.status();
    const client::LinkFacts& link = status.link();
    const auto retry = [&] {
        const Duration left = link.nextAttempt - m_desk.clock().now();
        return link.nextAttempt.isSet() && left > Duration{}
                   ? tr("next try in %1 (attempt %2)").arg(format::age(left)).arg(link.attempt)
                   : tr("trying now");
    };
    if (link.state == client::LinkState::Offline) {
        m_banner->show(tr("OFFLINE  ·  %1  ·  %2  ·  what you see is as of %3 ET")
                           .arg(format::plain(link.detail, 100), retry(),
                                format::clock(status.reportTime())),
                       Tone::Crit);
    } else if (link.state != client::LinkState::Online) {
        const QString what = link.state == client::LinkState::Connecting
                                 ? tr("Connecting to the backend…")
                                 : tr("Synchronising…");
        m_banner->show(link.detail.empty() ? what : format::plain(link.detail, 120), Tone::Warn);
    } else if (m_desk.trading().isHalted()) {
        const std::string& word = m_desk.trading().trading().stateWord;
        m_banner->show(tr("TRADING %1 since %2 ET  ·  %3  ·  no order goes out; cancelling works")
                           .arg(word.empty() ? tr("HALTED") : format::plain(word, 24).toUpper(),
                                format::clock(m_desk.trading().trading().since),
                                format::plain(m_desk.trading().trading().reason, 100)),
                       Tone::Crit);
    } else if (status.isBreakerOpen()) {
        m_banner->show(tr("BROKER UNREACHABLE  ·  its breaker is open, orders are refused at once "
                          "instead of waiting"),
                       Tone::Crit);
    } else if (status.isStale()) {
        m_banner->show(tr("MARKET DATA STALE  ·  last message %1 ago  ·  order entry is locked, "
                          "cancelling works")
                           .arg(format::age(status.staleFor())),
                       Tone::Warn);
    } else if (const auto& all = m_desk.trading().trading().differences; !all.empty()) {
        const client::Difference& first = all.front();
        const QString what = format::plain(first.symbol.empty() ? first.kind : first.symbol, 32);
        const QString head =
            m_desk.trading().isBlocked()
                ? tr("NEW POSITIONS BLOCKED  ·  differences with the broker to decide: %1")
                      .arg(all.size())
                : tr("RECONCILIATION  ·  differences with the broker: %1").arg(all.size());
        m_banner->show(head + QStringLiteral("  ·  ") +
                           tr("%1: ours %2, broker's %3  ·  Ctrl+6 shows them")
                               .arg(what, format::plain(first.ours, 24),
                                    format::plain(first.theirs, 24)),
                       m_desk.trading().isBlocked() ? Tone::Crit : Tone::Warn);
    } else {
        m_banner->clear();
    }
}

void MainWindow::showNotice(int item)
{
    const NoticeStore::Line& line = m_desk.notices().at(item);
    if (!line.isNotice || (m_workspaces && m_workspaces->isClosed())) return;
    const Tone tone = line.severity == client::Severity::Critical  ? Tone::Crit
                      : line.severity == client::Severity::Warning ? Tone::Warn
                                                                   : Tone::Accent;
    m_toasts->add(line.title, line.text, tone);
}

void MainWindow::openHaltDialog()
{
    auto* dialog = new HaltDialog(m_desk, m_theme, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::openTrace(const QString& traceId, quint64 sequence)
{
    auto* dialog = new TraceDialog(m_desk, m_theme, {traceId, sequence}, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::askConfirmation(const QString& headline,
                                 const std::vector<client::Confirmation>& questions)
{
    auto* dialog = new ConfirmationDialog(m_theme, headline, questions, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, m_ticket, [this, questions] { m_ticket->confirm(questions); });
    dialog->open();
}

void MainWindow::cancelAll()
{
    m_desk.session().cancelAll({}, this, [this](client::Answer<int> answer) {
        if (answer) {
            m_desk.tell(client::Severity::Info, tr("Cancel all"),
                        tr("%n cancel(s) asked for", nullptr, *answer));
        } else {
            m_desk.tell(client::Severity::Critical, tr("Orders were NOT cancelled"),
                        format::plain(answer.error().detail));
        }
    });
}

void MainWindow::switchTheme(ThemeKind kind)
{
    m_theme.setKind(kind);
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (!m_workspacePath.isEmpty()) workspace().save(m_workspacePath);
    QMainWindow::closeEvent(event);
}

} // namespace qd::ui
