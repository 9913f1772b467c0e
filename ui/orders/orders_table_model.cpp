#include "ui/orders/orders_table_model.h"

#include "ui/orders/order_words.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

const QString kNone = QStringLiteral("–");

Tone sideTone(Side side)
{
    return side == Side::Buy ? Tone::Up : Tone::Down;
}

Cell text(const QString& value, Tone tone = Tone::Normal, TypeWeight weight = TypeWeight::Regular)
{
    Cell cell;
    cell.text = value;
    cell.tone = tone;
    cell.weight = weight;
    return cell;
}

/// What an order belongs to, or what belongs to it.
QString exitsNote(const Desk& desk, const Order& order)
{
    const int places = desk.placesOf(order.request.symbol);
    QStringList parts;
    if (const auto& target = order.request.takeProfit) {
        parts << OrdersTableModel::tr("target %1").arg(format::number(target->limitPrice.value(), places));
    }
    if (const auto& stop = order.request.stopLoss) {
        parts << OrdersTableModel::tr("stop %1").arg(format::number(stop->stopPrice.value(), places));
    }
    if (parts.isEmpty() && !order.parent.empty()) {
        const int parent = desk.orders().itemOf(order.parent);
        parts << OrdersTableModel::tr("exit of %1")
                     .arg(parent < 0 ? format::plain(order.parent.text(), 40).left(8)
                                     : shortId(desk.orders().at(parent)));
    }
    return parts.join(QStringLiteral(", "));
}

} // namespace

OrdersTableModel::OrdersTableModel(Desk& desk, QObject* parent)
    : RowModel({{QStringLiteral("time"), tr("Time (ET)"), 102, Qt::AlignLeft},
                {QStringLiteral("order"), tr("Order"), 84, Qt::AlignLeft, false, 4},
                {QStringLiteral("side"), tr("Side"), 52, Qt::AlignLeft},
                {QStringLiteral("symbol"), tr("Symbol"), 72, Qt::AlignLeft, false, 0, true},
                {QStringLiteral("quantity"), tr("Qty"), 68, Qt::AlignRight},
                {QStringLiteral("filled"), tr("Filled"), 100, Qt::AlignLeft, false, 1},
                {QStringLiteral("type"), tr("Type"), 66, Qt::AlignLeft},
                {QStringLiteral("price"), tr("Price"), 80, Qt::AlignRight},
                {QStringLiteral("averagePrice"), tr("Avg fill"), 80, Qt::AlignRight, false, 1},
                {QStringLiteral("state"), tr("Status"), 98, Qt::AlignLeft},
                {QStringLiteral("timeInForce"), tr("TIF"), 48, Qt::AlignLeft, false, 3},
                {QStringLiteral("ackMs"), tr("Ack ms"), 62, Qt::AlignRight, false, 5},
                {QStringLiteral("reason"), tr("Note"), 120, Qt::AlignLeft, true, 2}},
               parent),
      m_desk(desk)
{
    setNewestFirst(true);
    OrderStore& orders = desk.orders();
    connect(&orders, &OrderStore::storeReset, this, &RowModel::restart);
    connect(&orders, &OrderStore::orderAdded, this, &RowModel::refresh);
    connect(&orders, &OrderStore::orderChanged, this, [this](int item) {
        if (m_openOnly || !filterText().isEmpty()) refresh();
        touch(item, ~0U);
    });
    restart();
}

void OrdersTableModel::setOpenOnly(bool openOnly)
{
    m_openOnly = openOnly;
    refresh();
}

bool OrdersTableModel::accepts(int item) const
{
    return !m_openOnly || !isClosed(m_desk.orders().at(item).state);
}

Cell OrdersTableModel::cellOf(int item, int column) const
{
    const client::OrderFacts& order = m_desk.orders().at(item);
    const OrderRequest& request = order.request;
    const int places = m_desk.placesOf(request.symbol);
    switch (column) {
    case TimeColumn: return text(format::clock(order.createdAt, true), Tone::Muted);
    case IdColumn: return text(shortId(order), Tone::Muted);
    case SideColumn: return text(sideWord(order), sideTone(request.side), TypeWeight::Bold);
    case SymbolColumn:
        return text(format::symbol(request.symbol), Tone::Normal, TypeWeight::SemiBold);
    case QuantityColumn: return text(format::quantity(request.quantity));
    case FilledColumn: {
        Cell cell = text(format::quantity(order.filledQuantity), Tone::Muted);
        cell.kind = CellKind::Progress;
        cell.fraction = request.quantity.isZero()
                            ? 0
                            : order.filledQuantity.toDouble() / request.quantity.toDouble();
        return cell;
    }
    case TypeColumn: return text(typeWord(order), Tone::Muted);
    case PriceColumn: {
        const auto price = shownPrice(request);
        return price ? text(format::number(price->value(), places)) : text(kNone, Tone::Muted);
    }
    case AverageColumn:
        return order.averagePrice.isZero()
                   ? text(kNone, Tone::Muted)
                   : text(format::number(order.averagePrice.value(), places));
    case StateColumn: {
        Cell cell = text(stateWord(order), stateTone(order));
        cell.kind = CellKind::Pill;
        return cell;
    }
    case TimeInForceColumn: return text(timeInForceWord(order), Tone::Muted);
    case AckColumn:
        return order.acceptedAt.isSet() && order.submittedAt.isSet()
                   ? text(QString::number((order.acceptedAt - order.submittedAt).count() / 1'000'000),
                          Tone::Muted)
                   : text(kNone, Tone::Muted);
    default:
        return order.reasonText.empty() ? text(exitsNote(m_desk, order), Tone::Muted)
                                        : text(format::plain(order.reasonText, 160), Tone::Crit);
    }
}

SortKey OrdersTableModel::sortKeyOf(int item, int column) const
{
    const client::OrderFacts& order = m_desk.orders().at(item);
    switch (column) {
    case TimeColumn: return SortKey::of(double(order.createdAt.millis()));
    case QuantityColumn: return SortKey::of(order.request.quantity.toDouble());
    case FilledColumn: return SortKey::of(order.filledQuantity.toDouble());
    case PriceColumn: return SortKey::of(shownPrice(order.request).value_or(Price()).toDouble());
    case AverageColumn: return SortKey::of(order.averagePrice.toDouble());
    case AckColumn: return SortKey::of(double((order.acceptedAt - order.submittedAt).count()));
    default: return SortKey::of(cellOf(item, column).text);
    }
}

QString OrdersTableModel::exportOf(int item, int column) const
{
    const client::OrderFacts& order = m_desk.orders().at(item);
    switch (column) {
    case TimeColumn: return QString::fromStdString(order.createdAt.toString());
    case IdColumn: return format::plain(order.request.clientOrderId.text(), 64);
    case SymbolColumn: return format::plain(order.request.symbol.text(), 32);
    case StateColumn: {
        const std::string_view name =
            order.stateWord.empty() ? toString(order.state) : order.stateWord;
        return QString::fromUtf8(name.data(), qsizetype(name.size()));
    }
    case FilledColumn: return QString::fromStdString(order.filledQuantity.toString());
    default: return RowModel::exportOf(item, column);
    }
}

FillsTableModel::FillsTableModel(Desk& desk, QObject* parent)
    : RowModel({{QStringLiteral("time"), tr("Time (ET)"), 102, Qt::AlignLeft},
                {QStringLiteral("executionId"), tr("Execution"), 128, Qt::AlignLeft, false, 3},
                {QStringLiteral("side"), tr("Side"), 52, Qt::AlignLeft},
                {QStringLiteral("symbol"), tr("Symbol"), 72, Qt::AlignLeft, false, 0, true},
                {QStringLiteral("quantity"), tr("Qty"), 72, Qt::AlignRight},
                {QStringLiteral("price"), tr("Price"), 84, Qt::AlignRight},
                {QStringLiteral("value"), tr("Value"), 110, Qt::AlignRight},
                {QStringLiteral("fee"), tr("Fee"), 64, Qt::AlignRight},
                {QStringLiteral("order"), tr("Order"), 90, Qt::AlignLeft},
                {QStringLiteral("note"), tr("Note"), 80, Qt::AlignLeft, true, 2}},
               parent),
      m_desk(desk)
{
    setNewestFirst(true);
    connect(&desk.fills(), &FillStore::storeReset, this, &RowModel::restart);
    connect(&desk.fills(), &FillStore::fillAdded, this, &RowModel::refresh);
    restart();
}

Cell FillsTableModel::cellOf(int item, int column) const
{
    const Fill& fill = m_desk.fills().at(item);
    const int places = m_desk.placesOf(fill.symbol);
    switch (column) {
    case TimeColumn: return text(format::clock(fill.eventTime, true), Tone::Muted);
    case ExecutionColumn: return text(format::plain(fill.executionId.text(), 18), Tone::Muted);
    case SideColumn: return text(sideWord(fill.side), sideTone(fill.side), TypeWeight::Bold);
    case SymbolColumn:
        return text(format::symbol(fill.symbol), Tone::Normal, TypeWeight::SemiBold);
    case QuantityColumn: return text(format::quantity(fill.quantity));
    case PriceColumn: return text(format::number(fill.price.value(), places));
    case ValueColumn: return text(format::money(notional(fill.price, fill.quantity)));
    case FeeColumn: return text(format::money(fill.fee), Tone::Muted);
    case OrderColumn: {
        const int order = m_desk.orders().itemOf(fill.clientOrderId);
        return text(order < 0 ? format::plain(fill.clientOrderId.text(), 8)
                              : shortId(m_desk.orders().at(order)),
                    Tone::Muted);
    }
    default: return text(fill.inferred ? tr("inferred from totals") : QString(), Tone::Warn);
    }
}

SortKey FillsTableModel::sortKeyOf(int item, int column) const
{
    const Fill& fill = m_desk.fills().at(item);
    switch (column) {
    case TimeColumn: return SortKey::of(double(fill.eventTime.millis()));
    case QuantityColumn: return SortKey::of(fill.quantity.toDouble());
    case PriceColumn: return SortKey::of(fill.price.toDouble());
    case ValueColumn: return SortKey::of(notional(fill.price, fill.quantity).toDouble());
    case FeeColumn: return SortKey::of(fill.fee.toDouble());
    default: return SortKey::of(cellOf(item, column).text);
    }
}

QString FillsTableModel::exportOf(int item, int column) const
{
    const Fill& fill = m_desk.fills().at(item);
    switch (column) {
    case TimeColumn: return QString::fromStdString(fill.eventTime.toString());
    case ExecutionColumn: return format::plain(fill.executionId.text(), 80);
    case SymbolColumn: return format::plain(fill.symbol.text(), 32);
    case OrderColumn: return format::plain(fill.clientOrderId.text(), 64);
    case PriceColumn: return QString::fromStdString(fill.price.toString());
    default: return RowModel::exportOf(item, column);
    }
}

} // namespace qd::ui
