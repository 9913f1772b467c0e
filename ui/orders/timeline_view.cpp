#include "ui/orders/timeline_view.h"

#include <algorithm>

#include <QVBoxLayout>

#include "ui/orders/order_words.h"
#include "ui/widgets/format.h"

namespace qd::ui {

TimelineTableModel::TimelineTableModel(QObject* parent)
    : RowModel({{QStringLiteral("time"), tr("Time (ET)"), 102, Qt::AlignLeft},
                {QStringLiteral("step"), tr("Step"), 76, Qt::AlignRight},
                {QStringLiteral("kind"), tr("Event"), 104, Qt::AlignLeft},
                {QStringLiteral("source"), tr("Source"), 112, Qt::AlignLeft},
                {QStringLiteral("detail"), tr("Detail"), 160, Qt::AlignLeft, true}},
               parent)
{
}

void TimelineTableModel::setEvents(std::vector<client::TimelineEvent> events)
{
    m_events = std::move(events);
    restart();
}

Cell TimelineTableModel::cellOf(int item, int column) const
{
    const client::TimelineEvent& event = m_events[std::size_t(item)];
    Cell cell;
    switch (column) {
    case TimeColumn:
        cell.text = format::clock(event.time, true);
        cell.tone = Tone::Muted;
        break;
    case StepColumn:
        cell.tone = Tone::Muted;
        cell.text = item == 0 ? QString()
                              : QLatin1Char('+') + format::age(event.time -
                                                               m_events[std::size_t(item - 1)].time);
        break;
    case KindColumn:
        cell.text = format::plain(event.kind, 40);
        if (cell.text.startsWith(QStringLiteral("order."))) cell.text.remove(0, 6);
        cell.weight = TypeWeight::SemiBold;
        if (event.kind == "order.rejected" || event.kind == "order.denied") cell.tone = Tone::Crit;
        if (event.kind == "order.filled") cell.tone = Tone::Up;
        break;
    case SourceColumn: cell.text = format::plain(event.actor, 40); break;
    default:
        cell.tone = Tone::Muted;
        cell.text = format::plain(event.detail, 200);
        if (event.eventTime.isSet()) {
            if (!cell.text.isEmpty()) cell.text += QStringLiteral("  ·  ");
            cell.text += tr("venue time %1").arg(format::clock(event.eventTime, true));
        }
    }
    return cell;
}

SortKey TimelineTableModel::sortKeyOf(int item, int column) const
{
    if (column <= StepColumn) {
        return SortKey::of(double(m_events[std::size_t(item)].time.nanos() / 1000));
    }
    return SortKey::of(cellOf(item, column).text);
}

TimelineView::TimelineView(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk),
      m_title(new TextLabel(theme, TypeSize::Small, TypeWeight::SemiBold, Tone::Muted, this)),
      m_model(new TimelineTableModel(this)),
      m_table(new DataTable(theme, QStringLiteral("timeline"), tr("Order timeline"), this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_title->setContentsMargins(metric::kCellPadding, 0, 0, 0);
    m_title->setFixedHeight(metric::kHeader);
    m_title->show(tr("Timeline"));
    column->addWidget(m_title);
    column->addWidget(m_table, 1);
    m_table->setRowModel(m_model);
    m_table->setEmptyText(tr("No order selected"), tr("Select an order to see its life."));
    connect(m_table, &DataTable::itemActivated, this, [this](int item) {
        const client::TimelineEvent& step = m_model->at(item);
        Q_EMIT traceWanted(format::plain(step.traceId, 64), step.sequence);
    });
    connect(&desk.orders(), &OrderStore::orderChanged, this, [this](int item) {
        if (m_desk.orders().at(item).request.clientOrderId == m_order) fetch();
    });
}

void TimelineView::showOrder(const ClientOrderId& id)
{
    if (id == m_order) return;
    m_order = id;
    m_model->setEvents({});
    if (id.empty()) {
        m_title->show(tr("Timeline"));
        m_table->setEmptyText(tr("No order selected"), tr("Select an order to see its life."));
        return;
    }
    const int item = m_desk.orders().itemOf(id);
    if (item >= 0) {
        const Order& order = m_desk.orders().at(item);
        m_title->show(tr("Timeline of %1").arg(shortId(order)) + QStringLiteral("  ·  ") +
                      headline(order.request, m_desk.placesOf(order.request.symbol)));
    }
    m_table->setEmptyText(tr("Loading the timeline…"), {});
    fetch();
}

void TimelineView::fetch()
{
    if (m_order.empty()) return;
    m_desk.session().fetchTimeline(
        m_order, this,
        [this, id = m_order](client::Answer<std::vector<client::TimelineEvent>> answer) {
            if (id != m_order) return;
            if (answer) {
                m_model->setEvents(std::move(*answer));
            } else if (m_model->itemCount() == 0) {
                m_table->setEmptyText(tr("The timeline could not be fetched"),
                                      format::plain(answer.error().detail, 120));
            }
        });
}

} // namespace qd::ui
