#include "ui/shell/blotter.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/portfolio/positions_table_model.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kWidthForTools = 840; ///< filter and export beside the tabs; Ctrl+F and Ctrl+E always

} // namespace

Blotter::Blotter(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_theme(theme),
      m_tabs(new Segment(theme,
                         {{tr("Orders"), QStringLiteral("tabOrders"), tr("Orders"), "tab"},
                          {tr("Positions"), QStringLiteral("tabPositions"), tr("Positions"), "tab"},
                          {tr("Fills"), QStringLiteral("tabFills"), tr("Fills"), "tab"},
                          {tr("Alerts"), QStringLiteral("tabAlerts"), tr("Alerts"), "tab"},
                          {tr("Event log"), QStringLiteral("tabEvents"), tr("Event log"), "tab"},
                          {tr("Differences"), QStringLiteral("tabDifferences"),
                           tr("Differences with the broker"), "tab"}},
                         this)),
      m_filter(new QLineEdit(this)), m_openOnly(new QCheckBox(tr("Open only"), this)),
      m_totals(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, this)),
      m_csv(makeButton(tr("CSV"), QStringLiteral("exportCsv"), "quiet", this)),
      m_pages(new QStackedWidget(this)), m_orders(new OrdersView(desk, theme, this)),
      m_differences(new DifferencesView(desk, theme, this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(4, 0, 8, 0);
    row->setSpacing(10);
    m_filter->setObjectName(QStringLiteral("blotterFilter"));
    m_filter->setAccessibleName(tr("Filter rows"));
    m_filter->setPlaceholderText(tr("Filter  Ctrl+F"));
    m_filter->setClearButtonEnabled(true);
    m_filter->setFixedWidth(150);
    m_filter->setStyleSheet(QStringLiteral("min-height: 20px;"));
    m_filter->setMaxLength(64);
    m_openOnly->setObjectName(QStringLiteral("openOnly"));
    m_openOnly->setAccessibleName(tr("Show open orders only"));
    m_csv->setAccessibleName(tr("Export the table as CSV"));
    row->addWidget(m_tabs);
    row->addStretch(1);
    row->addWidget(m_totals);
    row->addWidget(m_openOnly);
    row->addWidget(m_filter);
    row->addWidget(m_csv);
    auto* bar = new QWidget(this);
    bar->setLayout(row);
    bar->setFixedHeight(34);
    column->addWidget(bar);
    column->addWidget(m_pages, 1);

    m_tables[OrdersPage] = &m_orders->table();
    m_pages->addWidget(m_orders);
    const auto add = [&](Page page, const char* name, const QString& title, RowModel* model,
                         const QString& empty, const QString& hint) {
        auto* table = new DataTable(theme, QString::fromLatin1(name), title, this);
        table->setRowModel(model);
        table->setEmptyText(empty, hint);
        m_tables[page] = table;
        m_pages->addWidget(table);
    };
    add(PositionsPage, "positions", tr("Positions"), new PositionsTableModel(desk, this),
        tr("No positions"), tr("What you hold will be listed here, marked to the live price."));
    add(FillsPage, "fills", tr("Fills"), new FillsTableModel(desk, this), tr("No fills today"),
        tr("Executions appear here as the venue reports them."));
    add(AlertsPage, "alerts", tr("Alerts"), new EventsTableModel(desk, true, this),
        tr("Nothing needs attention"), tr("Rejections, fills and connection trouble appear here."));
    add(EventsPage, "events", tr("Event log"), new EventsTableModel(desk, false, this),
        tr("No events yet"), tr("Every committed change appears here with its sequence number."));
    m_tables[DifferencesPage] = &m_differences->table();
    m_pages->addWidget(m_differences);
    connect(&m_orders->timeline(), &TimelineView::traceWanted, this, &Blotter::traceWanted);
    for (const Page page : {AlertsPage, EventsPage}) {
        connect(m_tables[page], &DataTable::itemActivated, this, [this](int item) {
            const NoticeStore::Line& line = m_desk.notices().at(item);
            Q_EMIT traceWanted(line.traceId, line.sequence);
        });
    }
    connect(&desk.trading(), &TradingStore::tradingChanged, this, &Blotter::refreshCounts);
    for (DataTable* table : m_tables) {
        connect(table, &DataTable::csvWritten, this, &Blotter::csvWritten);
    }
    connect(m_tables[PositionsPage], &DataTable::currentItemChanged, this, [this](int item) {
        if (item >= 0) m_desk.select(m_desk.positions().at(item).position.symbol);
    });
    connect(m_tabs, &Segment::picked, this, [this](int index) { show(Page(index)); });
    connect(m_filter, &QLineEdit::textChanged, this,
            [this](const QString& text) { m_tables[page()]->rowModel()->setFilterText(text); });
    connect(m_openOnly, &QCheckBox::toggled, this,
            [this](bool on) { m_orders->model().setOpenOnly(on); });
    connect(m_csv, &QPushButton::clicked, this, &Blotter::exportCurrent);
    connect(&desk.orders(), &OrderStore::storeReset, this, &Blotter::refreshCounts);
    connect(&desk.orders(), &OrderStore::orderAdded, this, &Blotter::refreshCounts);
    connect(&desk.orders(), &OrderStore::orderChanged, this, &Blotter::refreshCounts);
    connect(&desk, &Desk::heartbeat, this, &Blotter::refreshCounts);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    show(OrdersPage);
    refreshCounts();
}

void Blotter::show(Page page)
{
    m_tabs->select(page);
    m_pages->setCurrentIndex(page);
    m_openOnly->setVisible(page == OrdersPage && width() > kWidthForTools);
    m_filter->setText(m_tables[page]->rowModel()->filterText());
}

void Blotter::focusFilter()
{
    m_filter->show(); // asked for, whatever the room
    m_filter->setFocus(Qt::ShortcutFocusReason);
    m_filter->selectAll();
}

void Blotter::exportCurrent()
{
    m_tables[page()]->exportCsv();
}

void Blotter::refreshCounts()
{
    const auto label = [&](int index, const QString& text, int count) {
        m_tabs->button(index).setText(count > 0 ? text + QStringLiteral("  %1").arg(count) : text);
    };
    label(OrdersPage, tr("Orders"), m_desk.orders().openCount());
    label(PositionsPage, tr("Positions"), m_desk.positions().openCount());
    label(FillsPage, tr("Fills"), m_desk.fills().count());
    label(AlertsPage, tr("Alerts"), m_desk.notices().noticeCount());
    label(DifferencesPage, tr("Differences"), int(m_desk.trading().trading().differences.size()));
    m_totals->show(tr("Realised %1  ·  Unrealised %2")
                       .arg(format::signedMoney(m_desk.positions().realisedTotal()),
                            format::signedMoney(m_desk.positions().unrealisedTotal())));
}

void Blotter::resizeEvent(QResizeEvent*)
{
    m_totals->setVisible(width() > 1060);
    const bool roomy = width() > kWidthForTools;
    m_filter->setVisible(roomy);
    m_csv->setVisible(roomy);
    m_openOnly->setVisible(roomy && page() == OrdersPage);
}

void Blotter::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), m_theme.colors().bg2);
}

} // namespace qd::ui
