#pragma once

#include <optional>
#include <vector>

#include <QCoreApplication>
#include <QString>

#include "models/orders/order.h"

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
};

struct TicketError {
    QString field; ///< "quantity", "limitPrice", "stopPrice", "trail", "timeInForce", "symbol"
    QString text;  ///< for people, with an example of what would do
};

struct TicketCheck {
    std::vector<TicketError> errors;
    /// Set when there are no errors: the order without its id, account and confirmations.
    std::optional<OrderRequest> request;
};

/// Judge a draft while it is typed. The backend judges again; this only spares the round trip.
TicketCheck checkTicket(const TicketDraft& draft, const Instrument& instrument);

/// A number as traders type it: "1,500", "1.5k", "2m", U+2212 for minus. Nothing if it is none.
std::optional<Decimal> parseTyped(const QString& text);

bool usesLimitPrice(OrderType type);
bool usesStopPrice(OrderType type);

} // namespace qd::ui
