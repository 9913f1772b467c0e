#include "ui/shell/top_bar.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>

#include "ui/portfolio/account_strip.h"
#include "ui/widgets/field.h"
#include "ui/widgets/format.h"

namespace qd::ui {

TopBar::TopBar(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_theme(theme),
      m_name(new TextLabel(theme, TypeSize::Action, TypeWeight::Bold, Tone::Normal, this)),
      m_workspace(makeButton({}, QStringLiteral("workspaceButton"), {}, this)),
      m_search(makeButton(tr("Symbol or command          Ctrl+K"), QStringLiteral("searchButton"), {},
                          this)),
      m_person(makeButton({}, QStringLiteral("personButton"), "quiet", this)),
      m_cancelAll(makeButton(tr("Cancel all"), QStringLiteral("cancelAll"), {}, this)),
      m_halt(makeButton(tr("HALT ALL"), QStringLiteral("haltAll"), "halt", this)),
      m_environment(new Pill(theme, Pill::Style::Filled, this)),
      m_market(new Pill(theme, Pill::Style::Outlined, this)),
      m_account(new AccountStrip(desk, theme, this))
{
    setFixedHeight(metric::kTopBar);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(38, 0, 10, 0);
    row->setSpacing(14);
    m_name->show(tr("QUARTERDECK"));
    m_name->setFixedWidth(QFontMetrics(m_name->font()).horizontalAdvance(m_name->text()) + 4);
    m_search->setAccessibleName(tr("Search symbols and commands"));
    m_search->setToolTip(tr("Search symbols and commands (Ctrl+K)"));
    m_search->setFixedWidth(232);
    m_halt->setAccessibleName(tr("Halt all trading"));
    m_halt->setToolTip(tr("Stop all order entry and cancel everything (Ctrl+H)"));
    m_cancelAll->setToolTip(tr("Cancel every open order (Ctrl+Shift+X)"));
    row->addWidget(m_name);
    row->addWidget(m_workspace);
    row->addWidget(m_search);
    row->addStretch(1);
    row->addWidget(m_environment);
    row->addWidget(m_market);
    row->addWidget(m_account);
    row->addWidget(m_person);
    row->addWidget(m_cancelAll);
    row->addWidget(m_halt);
    m_workspace->setToolTip(tr("Go to another workspace"));
    m_workspace->setAccessibleName(tr("Workspace"));
    m_person->setAccessibleName(tr("Account"));
    m_workspace->hide();
    m_person->hide();
    connect(m_search, &QPushButton::clicked, this, &TopBar::searchWanted);
    connect(m_cancelAll, &QPushButton::clicked, this, &TopBar::cancelAllWanted);
    connect(m_halt, &QPushButton::clicked, this, &TopBar::haltWanted);
    connect(&desk.account(), &AccountStore::accountChanged, this, &TopBar::refresh);
    connect(&desk.trading(), &TradingStore::tradingChanged, this, &TopBar::refresh);
    connect(&desk.status(), &StatusStore::marketChanged, this, &TopBar::refresh);
    connect(&desk.status(), &StatusStore::linkChanged, this, &TopBar::refresh);
    connect(&desk.orders(), &OrderStore::storeReset, this, &TopBar::refresh);
    connect(&desk.orders(), &OrderStore::orderAdded, this, &TopBar::refresh);
    connect(&desk.orders(), &OrderStore::orderChanged, this, &TopBar::refresh);
    connect(&desk, &Desk::heartbeat, this, &TopBar::refresh);
    connect(m_account, &AccountStrip::widthChanged, this, &TopBar::dropByPriority);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    refresh();
}

void TopBar::setMenus(QMenu* workspaces, QMenu* person)
{
    m_workspace->setMenu(workspaces);
    m_person->setMenu(person);
    dropByPriority();
}

void TopBar::showWorkspace(const QString& name)
{
    m_workspace->setText(name);
    m_workspace->setAccessibleName(tr("Workspace: %1").arg(name));
    dropByPriority();
}

void TopBar::showPerson(const QString& name)
{
    m_person->setText(name);
    m_person->setAccessibleName(tr("Signed in: %1").arg(name));
    dropByPriority();
}

void TopBar::refresh()
{
    const auto& account = m_desk.account().account();
    if (!account) m_environment->show(tr("NO ACCOUNT"), Tone::Muted);
    else if (account->live) m_environment->show(tr("LIVE"), Tone::Crit);
    else m_environment->show(tr("PAPER"), Tone::Warn);

    refreshMarket();
    const int open = m_desk.orders().openCount();
    m_cancelAll->setText(open > 0 ? tr("Cancel all  %1").arg(open) : tr("Cancel all"));
    m_cancelAll->setEnabled(open > 0);
    const bool halted = m_desk.trading().isHalted();
    m_halt->setText(halted ? tr("HALTED  ·  RESUME…") : tr("HALT ALL"));
    dropByPriority();
}

/// The session that the selected symbol trades in.
void TopBar::refreshMarket()
{
    const client::MarketFacts& market = m_desk.status().market();
    if (m_desk.neverCloses(m_desk.symbol())) return m_market->show(tr("OPEN 24/7"), Tone::Up);
    const Timestamp now = m_desk.clock().now();
    switch (market.phase) {
    case SessionPhase::Regular:
        m_market->show(tr("REGULAR  ·  closes %1").arg(format::countdown(market.closesAt - now)),
                       Tone::Up);
        break;
    case SessionPhase::PreMarket:
        m_market->show(tr("PRE-MARKET  ·  opens %1").arg(format::countdown(market.opensAt - now)),
                       Tone::Accent);
        break;
    case SessionPhase::PostMarket: m_market->show(tr("POST-MARKET"), Tone::Accent); break;
    case SessionPhase::Closed:
        m_market->show(market.opensAt > now
                           ? tr("CLOSED  ·  opens %1").arg(format::dateAndMinute(market.opensAt))
                           : tr("CLOSED"),
                       Tone::Muted);
        break;
    }
}

void TopBar::dropByPriority()
{
    int room = width() - 48;
    const auto reserve = [&](const QWidget* part) { room -= part->sizeHint().width() + 14; };
    reserve(m_environment);
    reserve(m_halt);
    const auto keep = [&](QWidget* part, int wanted) {
        const bool fits = room >= wanted + 14;
        part->setVisible(fits);
        if (fits) room -= wanted + 14;
    };
    if (m_person->menu()) keep(m_person, m_person->sizeHint().width());
    if (m_workspace->menu()) keep(m_workspace, m_workspace->sizeHint().width());
    keep(m_search, m_search->width());
    keep(m_cancelAll, m_cancelAll->sizeHint().width());
    keep(m_market, m_market->sizeHint().width());
    const bool namesWorkspace = m_workspace->menu() != nullptr; // the product's name comes last then
    if (!namesWorkspace) keep(m_name, m_name->width());
    const int used = m_account->fitTo(room - 14);
    m_account->setVisible(used > 0);
    room -= used + 14;
    if (namesWorkspace) keep(m_name, m_name->width());
}

void TopBar::resizeEvent(QResizeEvent*)
{
    dropByPriority();
}

void TopBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.fillRect(rect(), colors.bg1);
    // The mark: three bars, two up and one down.
    const int base = height() / 2 + 8;
    painter.fillRect(QRect(12, base - 9, 4, 9), colors.up);
    painter.fillRect(QRect(18, base - 16, 4, 16), colors.up);
    painter.fillRect(QRect(24, base - 12, 4, 12), colors.down);
    const auto& account = m_desk.account().account();
    if (account && account->live) painter.fillRect(QRect(0, 0, width(), 2), colors.crit);
}

} // namespace qd::ui
