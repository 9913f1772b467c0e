#include "ui/connections/connections_view.h"

#include <algorithm>

#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QStackedLayout>
#include <QVBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kPanelWidth = 340;

QString timeText(Timestamp time, const QString& otherwise)
{
    return time.isSet() ? QStringLiteral("%1 ET").arg(format::dateAndMinute(time)) : otherwise;
}

/// What to do now, in a sentence.
QString adviceText(const ConnectionStore& store, int item)
{
    const ConnectionStore::Line& line = store.at(item);
    if (isTakenElsewhere(store, item)) {
        return ConnectionsView::tr("Another program is signed in to this broker, which lets in one "
                                   "at a time. Taking over ends the other session.");
    }
    if (line.offered.method == LinkMethod::Key) {
        return ConnectionsView::tr("The key comes from the settings or the credentials file of the "
                                   "backend; it is kept in the vault. There is no consent to give.");
    }
    if (line.offered.method == LinkMethod::Session) {
        return ConnectionsView::tr("Somebody signs in to the broker's own gateway; the backend uses "
                                   "that session and keeps it alive.");
    }
    if (!line.offered.isConfigured && !line.connection) {
        return ConnectionsView::tr("The backend needs these settings first. %1")
            .arg(troubleText(store, item));
    }
    if (!line.connection) {
        return ConnectionsView::tr("Connecting opens the broker's page in your browser. You sign in "
                                   "there; no password of the broker comes here.");
    }
    switch (line.connection->link.status) {
    case LinkStatus::Connected:
        return ConnectionsView::tr("The access is renewed by itself before it ends.");
    case LinkStatus::Failing:
        return ConnectionsView::tr("The access cannot be renewed at the moment. It serves while it "
                                   "lasts; renewing is tried again by itself.");
    case LinkStatus::ReauthNeeded:
        return ConnectionsView::tr("Allow the access once more in the browser. Until then nothing "
                                   "is sent to this broker.");
    case LinkStatus::RevocationPending:
        return ConnectionsView::tr("Not used any more. The broker has yet to confirm; it is asked "
                                   "again by itself.");
    }
    return {};
}

} // namespace

ConnectionsView::ConnectionsView(const Theme& theme, ConnectionStore& store,
                                 const runtime::Clock& clock, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_store(store), m_clock(clock),
      m_model(new ConnectionsTableModel(store, clock, this)),
      m_table(new DataTable(theme, QStringLiteral("connections"), tr("Connections to brokers"),
                            this)),
      m_plate(new StatePlate(theme, this))
{
    setObjectName(QStringLiteral("connectionsView"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(buildTools());
    auto* row = new QHBoxLayout;
    row->setSpacing(metric::kGap);
    m_stack = new QStackedLayout;
    m_stack->addWidget(m_plate);
    m_stack->addWidget(m_table);
    row->addLayout(m_stack, 1);
    row->addWidget(buildSide());
    column->addLayout(row, 1);
    m_table->setRowModel(m_model);
    connect(m_table, &DataTable::currentItemChanged, this, [this] {
        if (selected() >= 0) {
            m_chosen = m_store.at(selected()).offered.broker;
            m_chosenMethod = m_store.at(selected()).offered.method;
        }
        showSelected();
    });
    connect(&store, &ConnectionStore::rearranged, this, &ConnectionsView::selectAgain);
    connect(&store, &ConnectionStore::changed, this, &ConnectionsView::showState);
    connect(&store, &ConnectionStore::told, this, &ConnectionsView::told);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    showState();
}

QWidget* ConnectionsView::buildTools()
{
    auto* tools = new QWidget(this);
    tools->setFixedHeight(metric::kToolbar);
    auto* row = new QHBoxLayout(tools);
    row->setContentsMargins(metric::kPanelPadding, 0, metric::kPanelPadding, 0);
    auto* title = new TextLabel(m_theme, TypeSize::Action, TypeWeight::SemiBold, Tone::Normal, tools);
    title->show(tr("Connections"));
    m_note = new TextLabel(m_theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, tools);
    QPushButton* again = makeButton(tr("Refresh"), QStringLiteral("connectionRefresh"), "quiet",
                                    tools);
    row->addWidget(title);
    row->addWidget(m_note);
    row->addStretch(1);
    row->addWidget(again);
    connect(again, &QPushButton::clicked, this, [this] { refresh(); });
    return tools;
}

QWidget* ConnectionsView::buildSide()
{
    auto* side = new QWidget(this);
    side->setFixedWidth(kPanelWidth);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(metric::kPanelPadding, 8, metric::kPanelPadding, 12);
    column->setSpacing(6);
    m_name = new TextLabel(m_theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, side);
    m_status = new Pill(m_theme, Pill::Style::Outlined, side);
    column->addWidget(m_name);
    column->addWidget(m_status);
    const auto addRow = [&](const QString& caption) {
        auto* row = new ValueRow(m_theme, caption, side);
        column->addWidget(row);
        return row;
    };
    m_method = addRow(tr("Method"));
    m_since = addRow(tr("Connected since"));
    m_ends = addRow(tr("Access ends"));
    m_renewable = addRow(tr("Renewable until"));
    m_advice = new TextLabel(m_theme, TypeSize::Body, TypeWeight::Regular, Tone::Muted, side);
    m_advice->setWordWrap(true);
    column->addWidget(m_advice);
    column->addSpacing(6);
    m_connect = makeButton(tr("Connect…"), QStringLiteral("connectBroker"), "primary", side);
    m_takeOver = makeButton(tr("Take the session over…"), QStringLiteral("takeOver"), "primary", side);
    m_revoke = makeButton(tr("Revoke…"), QStringLiteral("revokeBroker"), {}, side);
    column->addWidget(m_connect);
    column->addWidget(m_takeOver);
    column->addWidget(m_revoke);
    column->addSpacing(12);
    m_consent = new ConsentPanel(m_theme, m_store.flow(), m_clock, side);
    column->addWidget(m_consent);
    column->addStretch(1);
    connect(m_connect, &QPushButton::clicked, this, [this] {
        if (selected() >= 0) m_store.connectTo(selected());
    });
    connect(m_takeOver, &QPushButton::clicked, this, &ConnectionsView::takeOverSelected);
    connect(m_revoke, &QPushButton::clicked, this, &ConnectionsView::revokeSelected);
    return side;
}

int ConnectionsView::selected() const
{
    const int item = m_table->currentItem();
    return item < m_store.count() ? item : -1;
}

void ConnectionsView::setMayChange(bool mayChange)
{
    m_mayChange = mayChange;
    showState();
}

void ConnectionsView::showState()
{
    const bool isOnline = m_store.status().isOnline();
    if (!isOnline && m_store.count() > 0) {
        m_note->show(tr("▲  Offline: as it was when the connection was lost"));
        m_note->setTone(Tone::Warn);
    } else if (!m_mayChange) {
        m_note->show(tr("You may look; connecting and revoking needs the role trader"));
        m_note->setTone(Tone::Muted);
    } else {
        m_note->show({});
    }
    showPlate();
    showSelected();
}

void ConnectionsView::selectAgain()
{
    if (m_model->rowCount() == 0) return;
    const int item = m_store.itemOf(m_chosen, m_chosenMethod);
    const int row = item >= 0 ? m_model->rowOf(item) : 0;
    m_table->setCurrentIndex(m_model->index(std::max(row, 0), 0));
}

void ConnectionsView::showPlate()
{
    using Phase = ConnectionStore::Phase;
    const bool isOnline = m_store.status().isOnline();
    if (!isOnline) {
        m_plate->showError(tr("Offline"), tr("The list comes as soon as the backend is back."));
    } else if (m_store.phase() == Phase::Failed) {
        m_plate->showError(tr("The connections did not come"), m_store.problem());
    } else if (m_store.phase() == Phase::Ready) {
        m_plate->showEmpty(tr("No broker is offered"),
                           tr("The backend's settings name none to connect to."));
    } else {
        m_plate->showLoading(tr("Asking which brokers there are"));
    }
    const bool showsRows =
        m_store.count() > 0 && (m_store.phase() == Phase::Ready || !isOnline);
    m_stack->setCurrentWidget(showsRows ? static_cast<QWidget*>(m_table) : m_plate);
}

void ConnectionsView::showSelected()
{
    const int item = selected();
    const bool isOne = item >= 0;
    const bool isOnline = m_store.status().isOnline();
    m_status->setVisible(isOne);
    m_method->setVisible(isOne);
    const bool isGiven = isOne && m_store.at(item).connection.has_value();
    for (ValueRow* row : {m_since, m_ends, m_renewable}) row->setVisible(isGiven);
    m_connect->setVisible(false);
    m_revoke->setVisible(false);
    m_takeOver->setVisible(false);
    if (!isOne) {
        m_name->show(tr("No broker is selected"));
        m_advice->show({});
        return;
    }
    const ConnectionStore::Line& line = m_store.at(item);
    const auto& link = line.connection;
    const ConnectionWord word = connectionWord(m_store, item);
    m_name->show(format::plain(line.offered.name, 48));
    m_status->show(word.text, word.tone);
    m_method->show(methodText(line.offered));
    if (link) {
        m_since->show(timeText(link->link.connectedAt, QStringLiteral("–")));
        m_ends->show(timeText(link->link.expiresAt, tr("no end")));
        m_renewable->show(timeText(link->link.refreshExpiresAt, tr("no end")));
    }
    m_advice->show(adviceText(m_store, item));
    const bool isOAuth = line.offered.method == LinkMethod::OAuth && line.offered.methodWord.empty();
    const bool wantsConsent = !link || link->needsUser;
    m_connect->setText(link ? tr("Re-authorise…") : tr("Connect…"));
    m_connect->setVisible(isOAuth && wantsConsent && line.offered.isConfigured);
    m_revoke->setVisible(link && link->link.status != LinkStatus::RevocationPending);
    m_takeOver->setVisible(isTakenElsewhere(m_store, item));
    const bool mayAct = m_mayChange && isOnline;
    m_connect->setEnabled(mayAct && !m_store.flow().isUnderWay());
    m_revoke->setEnabled(mayAct);
    m_takeOver->setEnabled(mayAct);
}

void ConnectionsView::ask(const SureDialog::Words& words, std::function<void()> done)
{
    auto* dialog = new SureDialog(m_theme, words, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, std::move(done));
    dialog->open();
}

void ConnectionsView::revokeSelected()
{
    const int item = selected();
    if (item < 0 || !m_store.at(item).connection) return;
    const client::ConnectionFacts& connection = *m_store.at(item).connection;
    ask({.title = tr("Revoke the access to %1?").arg(format::plain(m_store.at(item).offered.name, 48)),
         .text = tr("It is not used any more from now on, and the broker is asked to revoke it. Orders "
                    "that are open at the broker stay open there."),
         .warning = connection.trades
                        ? tr("▲  Orders and market data go by this connection: trading stops.")
                        : QString(),
         .action = tr("Revoke")},
        [this, broker = connection.link.broker] { m_store.revoke(broker); });
}

void ConnectionsView::takeOverSelected()
{
    const int item = selected();
    if (item < 0) return;
    ask({.title = tr("Take the session over?"),
         .text = tr("%1 lets one program in at a time. The other one is signed out at once; its open "
                    "orders stay open.")
                     .arg(format::plain(m_store.at(item).offered.name, 48)),
         .action = tr("Take over")},
        [this] { m_store.takeOver(); });
}

void ConnectionsView::paintEvent(QPaintEvent*)
{
    QPainter(this).fillRect(rect(), m_theme.colors().bg1);
}

} // namespace qd::ui
