#include "ui/orders/orders_view.h"

#include <QKeyEvent>
#include <QMenu>
#include <QVBoxLayout>

#include "ui/orders/order_dialogs.h"
#include "ui/orders/order_words.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kWidthForBoth = 1000;
constexpr int kTimelineWidth = 580;

} // namespace

OrdersView::OrdersView(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_theme(theme), m_model(new OrdersTableModel(desk, this)),
      m_table(new DataTable(theme, QStringLiteral("orders"), tr("Orders"), this)),
      m_timeline(new TimelineView(desk, theme, this)), m_splitter(new QSplitter(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_splitter);
    m_splitter->setHandleWidth(metric::kGap);
    m_splitter->addWidget(m_table);
    m_splitter->addWidget(m_timeline);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setCollapsible(0, false);
    m_timeline->hide();
    m_table->setRowModel(m_model);
    m_table->setEmptyText(tr("No orders today"), tr("F9 buys, F10 sells the selected symbol."));
    m_table->installEventFilter(this);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_table, &QWidget::customContextMenuRequested, this, &OrdersView::showMenu);
    connect(m_table, &DataTable::currentItemChanged, this, [this](int item) {
        m_timeline->showOrder(item < 0 ? ClientOrderId()
                                       : m_desk.orders().at(item).request.clientOrderId);
    });
    connect(m_table, &DataTable::itemActivated, this, [this] {
        m_timelineWanted = !m_timelineWanted;
        resizeEvent(nullptr);
    });
}

void OrdersView::resizeEvent(QResizeEvent*)
{
    const bool roomForBoth = width() >= kWidthForBoth;
    m_timeline->setVisible(m_timelineWanted);
    m_table->setVisible(roomForBoth || !m_timelineWanted);
    if (m_timelineWanted && roomForBoth) m_splitter->setSizes({width() - kTimelineWidth, kTimelineWidth});
    if (m_timelineWanted && !roomForBoth) m_timeline->setFocus();
}

const Order* OrdersView::selected() const
{
    const int item = m_table->currentItem();
    return item < 0 ? nullptr : &m_desk.orders().at(item);
}

void OrdersView::cancelSelected()
{
    const Order* order = selected();
    if (!order || isClosed(order->state)) return;
    m_desk.session().cancelOrder(order->request.clientOrderId, this, [this](client::Answer<Order> a) {
        if (!a) Q_EMIT problemMet(tr("The order was not cancelled"), format::plain(a.error().detail));
    });
}

void OrdersView::changeSelected()
{
    const Order* order = selected();
    if (!order || isClosed(order->state)) return;
    auto* dialog = new ChangeOrderDialog(m_desk, m_theme, *order, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void OrdersView::showMenu(const QPoint& at)
{
    const Order* order = selected();
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const bool open = order && !isClosed(order->state);
    menu->addAction(tr("Cancel order\tDel"), this, &OrdersView::cancelSelected)->setEnabled(open);
    menu->addAction(tr("Change order…\tF2"), this, &OrdersView::changeSelected)->setEnabled(open);
    menu->addAction(tr("Timeline\tEnter"), this, [this] {
        m_timelineWanted = true;
        resizeEvent(nullptr);
    })->setEnabled(order != nullptr);
    if (order) {
        menu->addAction(tr("Show %1 on the chart").arg(format::symbol(order->request.symbol)),
                        this, [this, symbol = order->request.symbol] { m_desk.select(symbol); });
    }
    menu->addSeparator();
    menu->addAction(tr("Export as CSV…"), m_table, &DataTable::exportCsv);
    menu->popup(m_table->viewport()->mapToGlobal(at));
}

bool OrdersView::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_table || event->type() != QEvent::KeyPress) {
        return QWidget::eventFilter(watched, event);
    }
    switch (static_cast<QKeyEvent*>(event)->key()) {
    case Qt::Key_Delete: cancelSelected(); return true;
    case Qt::Key_F2: changeSelected(); return true;
    default: return false;
    }
}

} // namespace qd::ui
