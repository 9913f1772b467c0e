#include "ui/orders/exit_plan.h"

#include "models/orders/validation.h"
#include "ui/orders/ticket_rules.h"

namespace qd::ui {

namespace {

/// The distance from the entry that was typed, without a sign.
std::optional<Decimal> distanceOf(const Decimal& value, ExitUnit unit, const Price& entry,
                                  const Instrument& instrument)
{
    if (unit == ExitUnit::Ticks) {
        return tickFor(instrument, entry).value().checkedMultiply(value, Rounding::HalfEven);
    }
    const auto part = entry.value().checkedMultiply(value, Rounding::HalfEven);
    return part ? part->checkedDivide(Decimal::fromInt(100), Rounding::HalfEven) : part;
}

} // namespace

Side exitSideOf(Side side, OrderClass orderClass)
{
    return orderClass == OrderClass::Oco ? side : opposite(side);
}

TypedExit splitExit(const QString& text, ExitUnit unit)
{
    TypedExit split{text.trimmed(), {}, unit};
    const bool percent = split.number.endsWith(QLatin1Char('%'));
    if (!percent && !split.number.endsWith(QLatin1Char('t'), Qt::CaseInsensitive)) return split;
    split.unit = percent ? ExitUnit::Percent : ExitUnit::Ticks;
    split.suffix = split.number.right(1);
    split.number.chop(1);
    return split;
}

std::optional<ExitFigures> workOutExit(const ExitText& typed, const Price& entry, int away,
                                       Side exitSide, const Instrument& instrument)
{
    const auto [number, suffix, unit] = splitExit(typed.text, typed.unit);
    const auto value = parseTyped(number);
    if (!value) return std::nullopt;
    ExitFigures figures;
    if (unit == ExitUnit::Price) {
        figures.price = Price(*value);
        return figures;
    }
    const auto distance = distanceOf(*value, unit, entry, instrument);
    if (!distance || !entry.value().isPositive()) return std::nullopt;
    const auto exact = away > 0 ? entry.value().checkedAdd(*distance)
                                : entry.value().checkedSubtract(*distance);
    if (!exact || *exact >= kTypedMax) return std::nullopt;
    figures.isDistance = true;
    figures.price = exact->isPositive()
                        ? roundToTick(Price(*exact), instrument, exitSide, typed.isStop)
                        : Price(*exact);
    return figures;
}

} // namespace qd::ui
