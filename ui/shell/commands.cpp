#include <QApplication>
#include <QShortcut>

#include "ui/charts/chart_panel.h"
#include "ui/orders/order_ticket.h"
#include "ui/shell/main_window.h"

/// Every command, with the shortcut that runs it from anywhere.
namespace qd::ui {

void MainWindow::addCommand(const QString& title, const QString& shortcut,
                            std::function<void()> run, Scope scope)
{
    if (m_workspaces && scope == Scope::InTrading) {
        run = [this, act = std::move(run)] {
            if (m_workspaces->show(Workspaces::Trading)) act();
        };
    }
    m_commands.push_back({title, shortcut, run});
    if (shortcut.isEmpty()) return;
    auto* key = new QShortcut(QKeySequence(shortcut), this);
    key->setContext(Qt::WindowShortcut);
    connect(key, &QShortcut::activated, this, std::move(run));
}

void MainWindow::buildCommands()
{
    addCommand(tr("Search symbols and commands"), QStringLiteral("Ctrl+K"),
               [this] { m_palette->popUp(); }, Scope::Anywhere);
    addCommand(tr("Buy the selected symbol"), QStringLiteral("F9"),
               [this] { m_ticket->begin(Side::Buy); });
    addCommand(tr("Sell the selected symbol"), QStringLiteral("F10"),
               [this] { m_ticket->begin(Side::Sell); });
    const std::pair<QString, OrderType> types[] = {
        {tr("Ticket: limit order"), OrderType::Limit},
        {tr("Ticket: market order"), OrderType::Market},
        {tr("Ticket: stop order"), OrderType::Stop},
        {tr("Ticket: stop-limit order"), OrderType::StopLimit},
        {tr("Ticket: trailing stop"), OrderType::TrailingStop}};
    int number = 0;
    for (const auto& [title, type] : types) {
        addCommand(title, QStringLiteral("Alt+%1").arg(++number),
                   [this, type = type] { m_ticket->setType(type); });
    }
    addCommand(tr("Ticket: no exits, bracket, OTO, OCO"), QStringLiteral("Alt+B"),
               [this] { m_ticket->cycleExits(); });
    addCommand(tr("Ticket: exits in price, percent, ticks"), QStringLiteral("Alt+U"),
               [this] { m_ticket->cycleExitUnit(); });
    addCommand(tr("Ticket: extended hours"), QStringLiteral("Alt+X"),
               [this] { m_ticket->toggleExtendedHours(); });
    addCommand(tr("Ticket: time in force"), QStringLiteral("Alt+T"),
               [this] { m_ticket->focusTimeInForce(); });
    addCommand(tr("Send the ticket's order"), QStringLiteral("Ctrl+Return"),
               [this] { m_ticket->submit(); });
    addCommand(tr("Halt or resume all trading"), QStringLiteral("Ctrl+H"),
               [this] { openHaltDialog(); }, Scope::Anywhere);
    addCommand(tr("Cancel all open orders"), QStringLiteral("Ctrl+Shift+X"), [this] { cancelAll(); },
               Scope::Anywhere);
    addCommand(tr("Go to the chart"), QStringLiteral("F6"),
               [this] { m_chart->chart().setFocus(Qt::ShortcutFocusReason); });
    const std::pair<QString, Blotter::Page> pages[] = {{tr("Show orders"), Blotter::OrdersPage},
                                                       {tr("Show positions"), Blotter::PositionsPage},
                                                       {tr("Show fills"), Blotter::FillsPage},
                                                       {tr("Show alerts"), Blotter::AlertsPage},
                                                       {tr("Show the event log"), Blotter::EventsPage},
                                                       {tr("Show differences with the broker"),
                                                        Blotter::DifferencesPage}};
    for (const auto& [title, page] : pages) {
        addCommand(title, QStringLiteral("Ctrl+%1").arg(int(page) + 1), [this, page = page] {
            m_blotter->show(page);
            m_blotter->table(page).setFocus(Qt::ShortcutFocusReason);
        });
    }
    addCommand(tr("Filter the table"), QStringLiteral("Ctrl+F"), [this] { m_blotter->focusFilter(); });
    addCommand(tr("Export the table as CSV"), QStringLiteral("Ctrl+E"),
               [this] { m_blotter->exportCurrent(); });
    addCommand(tr("Cancel the selected order"), {}, [this] { m_blotter->orders().cancelSelected(); });
    addCommand(tr("Change the selected order"), {}, [this] { m_blotter->orders().changeSelected(); });
    const std::pair<QString, ThemeKind> themes[] = {{tr("Dark theme"), ThemeKind::Dark},
                                                    {tr("Light theme"), ThemeKind::Light},
                                                    {tr("High-contrast theme"),
                                                     ThemeKind::HighContrast}};
    for (const auto& [title, kind] : themes) {
        addCommand(title, {}, [this, kind = kind] { switchTheme(kind); }, Scope::Anywhere);
    }
    addCommand(tr("Reset the layout"), {}, [this] { arrangeByDefault(); });
    if (m_workspaces) buildPeopleCommands();
    addCommand(tr("Quit"), QStringLiteral("Ctrl+Q"), [this] { close(); }, Scope::Anywhere);
}

} // namespace qd::ui
