#pragma once

#include <optional>

#include <QString>

#include "models/base/money.h"
#include "models/orders/order.h"

namespace qd::ui {

/// In what the exits' fields are meant. A suffix says otherwise for one field: "2%", "50t".
enum class ExitUnit { Price, Percent, Ticks };

/// What the ticket knows of the market and of what is held, when it judges.
struct TicketMarket {
    Price bid, ask, last;
    Quantity held; ///< signed
    Price heldAverage;
};

/// One exit, as it would be sent, and what it would make of the entry.
struct ExitFigures {
    Price price;
    Money result;            ///< profit or loss there; zero while the quantity is not known
    Decimal percent;         ///< of the entry price, signed as `result`
    bool isDistance = false; ///< typed as percent or ticks: the price is worked out
};

/// Both exits of an order, and what they are worth against each other.
struct ExitPlan {
    Price entry; ///< what distances are counted from: limit, stop, or the market
    std::optional<ExitFigures> profit, loss;
    std::optional<Price> lossLimit;
    /// What the target brings for each unit at risk; only with both exits on their sides.
    std::optional<Decimal> rewardPerRisk;
};

/// An exit as it stands in its field, made a price on the instrument's step.
/// `away` is the direction of the exit from the entry: +1 above, −1 below.
struct ExitText {
    QString text;
    ExitUnit unit = ExitUnit::Price;
    bool isStop = false;
};
std::optional<ExitFigures> workOutExit(const ExitText& typed, const Price& entry, int away,
                                       Side exitSide, const Instrument& instrument);

/// What an exit's field holds: its number, and the unit its suffix or the ticket gives it.
struct TypedExit {
    QString number, suffix; ///< "2" and "%"
    ExitUnit unit = ExitUnit::Price;
};
TypedExit splitExit(const QString& text, ExitUnit unit);

/// The side that closes what `request` opens; an OCO order is itself the exit.
Side exitSideOf(Side side, OrderClass orderClass);

} // namespace qd::ui
