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

std::optional<ExitFigures> workOutExit(const ExitText& typed, const Price& entry, int away,
                                       Side exitSide, const Instrument& instrument)
{
    QString text = typed.text.trimmed();
    ExitUnit unit = typed.unit;
    if (text.endsWith(QLatin1Char('%'))) {
        unit = ExitUnit::Percent;
        text.chop(1);
    } else if (text.endsWith(QLatin1Char('t'), Qt::CaseInsensitive)) {
        unit = ExitUnit::Ticks;
        text.chop(1);
    }
    const auto value = parseTyped(text);
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
