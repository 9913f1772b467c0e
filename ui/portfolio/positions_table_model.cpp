#include "ui/portfolio/positions_table_model.h"

#include <algorithm>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

Tone toneOf(const Money& amount)
{
    if (amount.isPositive()) return Tone::Up;
    return amount.isNegative() ? Tone::Down : Tone::Muted;
}

Decimal unrealisedPercent(const client::PositionFacts& facts)
{
    const Money cost = notional(facts.position.averagePrice, facts.position.quantity).abs();
    if (cost.isZero()) return {};
    return Decimal::fromDouble(facts.unrealised.toDouble() / cost.toDouble() * 100)
        .value_or(Decimal{});
}

} // namespace

PositionsTableModel::PositionsTableModel(Desk& desk, QObject* parent)
    : RowModel({{QStringLiteral("symbol"), tr("Symbol"), 84, Qt::AlignLeft, false, 0, true},
                {QStringLiteral("quantity"), tr("Qty"), 78, Qt::AlignRight},
                {QStringLiteral("averagePrice"), tr("Avg price"), 92, Qt::AlignRight},
                {QStringLiteral("last"), tr("Last"), 84, Qt::AlignRight},
                {QStringLiteral("marketValue"), tr("Market value"), 112, Qt::AlignRight},
                {QStringLiteral("unrealised"), tr("Unrealised"), 100, Qt::AlignRight},
                {QStringLiteral("unrealisedPercent"), tr("Unrl %"), 72, Qt::AlignRight, false, 2},
                {QStringLiteral("dayChange"), tr("Day P&L"), 96, Qt::AlignRight},
                {QStringLiteral("realised"), tr("Realised"), 96, Qt::AlignRight, false, 1},
                {QStringLiteral("note"), tr("Note"), 110, Qt::AlignLeft, true, 3}},
               parent),
      m_desk(desk)
{
    PositionStore& positions = desk.positions();
    connect(&positions, &PositionStore::storeReset, this, &RowModel::restart);
    connect(&positions, &PositionStore::positionAdded, this, &RowModel::refresh);
    connect(&positions, &PositionStore::positionChanged, this, [this](int item) {
        if (accepts(item) != (rowOf(item) >= 0)) refresh();
        touch(item, ~0U);
    });
    restart();
}

bool PositionsTableModel::accepts(int item) const
{
    return !m_desk.positions().at(item).position.quantity.isZero();
}

Cell PositionsTableModel::cellOf(int item, int column) const
{
    const client::PositionFacts& facts = m_desk.positions().at(item);
    const Position& position = facts.position;
    const int places = m_desk.placesOf(position.symbol);
    const bool stale = m_desk.freshnessOf(position.symbol) == Freshness::Stale;
    Cell cell;
    const auto live = [&](const QString& text, Tone tone) {
        cell.text = text;
        cell.tone = stale ? Tone::Caption : tone;
        cell.stale = stale;
    };
    switch (column) {
    case SymbolColumn:
        cell.text = format::symbol(position.symbol);
        cell.weight = TypeWeight::SemiBold;
        break;
    case QuantityColumn: cell.text = format::quantity(position.quantity); break;
    case AverageColumn: {
        // An average lies between ticks; two more decimals say where.
        const int exact = std::clamp(position.averagePrice.value().places(), places, places + 2);
        cell.text = format::number(position.averagePrice.value(), exact);
        break;
    }
    case LastColumn: live(format::number(facts.lastPrice.value(), places), Tone::Normal); break;
    case ValueColumn: live(format::money(facts.marketValue), Tone::Normal); break;
    case UnrealisedColumn:
        live(format::signedMoney(facts.unrealised), toneOf(facts.unrealised));
        cell.weight = TypeWeight::Medium;
        break;
    case PercentColumn:
        live(format::percent(unrealisedPercent(facts)), toneOf(facts.unrealised));
        break;
    case DayColumn: live(format::signedMoney(facts.dayChange), toneOf(facts.dayChange)); break;
    case RealisedColumn:
        cell.text = format::signedMoney(position.realised);
        cell.tone = toneOf(position.realised);
        break;
    default:
        if (!facts.reconciled) {
            cell.text = tr("differs at the broker");
            cell.tone = Tone::Warn;
        }
    }
    return cell;
}

SortKey PositionsTableModel::sortKeyOf(int item, int column) const
{
    const client::PositionFacts& facts = m_desk.positions().at(item);
    switch (column) {
    case QuantityColumn: return SortKey::of(facts.position.quantity.toDouble());
    case AverageColumn: return SortKey::of(facts.position.averagePrice.toDouble());
    case LastColumn: return SortKey::of(facts.lastPrice.toDouble());
    case ValueColumn: return SortKey::of(facts.marketValue.toDouble());
    case UnrealisedColumn: return SortKey::of(facts.unrealised.toDouble());
    case PercentColumn: return SortKey::of(unrealisedPercent(facts).toDouble());
    case DayColumn: return SortKey::of(facts.dayChange.toDouble());
    case RealisedColumn: return SortKey::of(facts.position.realised.toDouble());
    default: return SortKey::of(cellOf(item, column).text);
    }
}

QString PositionsTableModel::exportOf(int item, int column) const
{
    if (column != SymbolColumn) return RowModel::exportOf(item, column);
    return format::plain(m_desk.positions().at(item).position.symbol.text(), 32);
}

} // namespace qd::ui
