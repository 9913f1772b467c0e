#pragma once

#include <optional>
#include <vector>

#include <QCoreApplication>
#include <QString>

#include "ui/orders/exit_plan.h"

namespace qd::ui {

/// What stands in the ticket's fields, as typed.
struct TicketDraft {
    Symbol symbol;
    Side side = Side::Buy;
    OrderType type = OrderType::Limit;
    TimeInForce timeInForce = TimeInForce::Day;
    QString quantity, limitPrice, stopPrice, trail;
    bool trailInPercent = false;
    bool extendedHours = false;
    bool reduceOnly = false;
    OrderClass orderClass = OrderClass::Simple;
    ExitUnit exitUnit = ExitUnit::Price;
    QString takeProfit, stopLoss, stopLossLimit;
};

struct TicketError {
    /// "quantity", "limitPrice", "stopPrice", "trail", "timeInForce", "symbol", "takeProfit",
    /// "stopLoss", "stopLossLimit"
    QString field;
    QString text; ///< for people, with an example of what would do
    friend bool operator==(const TicketError&, const TicketError&) = default;
};

struct TicketCheck {
    std::vector<TicketError> errors;
    /// Set when there are no errors: the order without its id, account and confirmations.
    std::optional<OrderRequest> request;
    ExitPlan plan; ///< what of the exits can be told already, errors or not
};

/// Larger numbers are slips of the finger; sums and products of smaller ones stay in range.
inline const Decimal kTypedMax = Decimal::fromInt(1'000'000'000);

/// Judge a draft while it is typed. The backend judges again; this only spares the round trip.
/// Without a market nothing is compared with it.
TicketCheck checkTicket(const TicketDraft& draft, const Instrument& instrument,
                        const TicketMarket& market = {});

/// A number as traders type it: "1,500", "1.5k", "2m", U+2212 for minus. Nothing if it is none.
std::optional<Decimal> parseTyped(const QString& text);

bool usesLimitPrice(OrderType type);
bool usesStopPrice(OrderType type);
/// Has it a limit price of its own? An OCO's is its take-profit.
bool usesLimitPrice(const TicketDraft& draft);

} // namespace qd::ui
