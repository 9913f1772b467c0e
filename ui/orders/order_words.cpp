#include "ui/orders/order_words.h"

#include <QCoreApplication>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(Orders)
};

} // namespace

QString shortWord(OrderType type)
{
    switch (type) {
    case OrderType::Market: return QStringLiteral("MKT");
    case OrderType::Limit: return QStringLiteral("LMT");
    case OrderType::Stop: return QStringLiteral("STP");
    case OrderType::StopLimit: return QStringLiteral("STP LMT");
    case OrderType::TrailingStop: return QStringLiteral("TRAIL");
    }
    return {};
}

QString shortWord(TimeInForce inForce)
{
    return format::plain(toString(inForce), 8).toUpper();
}

QString sideWord(Side side)
{
    return side == Side::Buy ? Words::tr("BUY") : Words::tr("SELL");
}

QString sideWord(const client::OrderFacts& order)
{
    return order.sideWord.empty() ? sideWord(order.request.side)
                                  : format::plain(order.sideWord, 12).toUpper();
}

QString typeWord(const client::OrderFacts& order)
{
    return order.typeWord.empty() ? shortWord(order.request.type)
                                  : format::plain(order.typeWord, 16).toUpper();
}

QString timeInForceWord(const client::OrderFacts& order)
{
    return order.timeInForceWord.empty() ? shortWord(order.request.timeInForce)
                                         : format::plain(order.timeInForceWord, 8).toUpper();
}

QString stateWord(const client::OrderFacts& order)
{
    if (!order.stateWord.empty()) return format::plain(order.stateWord, 16).toUpper();
    if (order.outcomeUnknown) return Words::tr("UNKNOWN");
    switch (order.state) {
    case OrderState::Initialized:
    case OrderState::Emulated:
    case OrderState::Released: return Words::tr("PREPARED");
    case OrderState::AwaitingConfirmation: return Words::tr("ASKING");
    case OrderState::Denied: return Words::tr("DENIED");
    case OrderState::Submitted: return Words::tr("SENDING");
    case OrderState::Accepted:
    case OrderState::Triggered: return Words::tr("WORKING");
    case OrderState::Held: return Words::tr("HELD");
    case OrderState::Rejected: return Words::tr("REJECTED");
    case OrderState::Canceled: return Words::tr("CANCELLED");
    case OrderState::Expired: return Words::tr("EXPIRED");
    case OrderState::PendingUpdate: return Words::tr("CHANGING");
    case OrderState::PendingCancel: return Words::tr("CANCELLING");
    case OrderState::PartiallyFilled: return Words::tr("PARTIAL");
    case OrderState::Filled: return Words::tr("FILLED");
    case OrderState::Replaced: return Words::tr("REPLACED");
    }
    return {};
}

Tone stateTone(const client::OrderFacts& order)
{
    if (!order.stateWord.empty()) return Tone::Warn;
    if (order.outcomeUnknown) return Tone::Crit;
    switch (order.state) {
    case OrderState::Accepted:
    case OrderState::Triggered:
    case OrderState::Submitted: return Tone::Accent;
    case OrderState::Held:
    case OrderState::Emulated: return Tone::Violet;
    case OrderState::Rejected:
    case OrderState::Denied: return Tone::Crit;
    case OrderState::PartiallyFilled:
    case OrderState::PendingUpdate:
    case OrderState::PendingCancel:
    case OrderState::AwaitingConfirmation: return Tone::Warn;
    default: return Tone::Muted;
    }
}

std::optional<Price> shownPrice(const OrderRequest& request)
{
    return request.limitPrice ? request.limitPrice : request.stopPrice;
}

QString shortId(const Order& order)
{
    if (!order.venueOrderIds.empty()) {
        return format::plain(order.venueOrderIds.back().text(), 40).left(8);
    }
    return format::plain(order.request.clientOrderId.text(), 40).left(8);
}

QString headline(const OrderRequest& request, int places)
{
    QString text = sideWord(request.side) + QLatin1Char(' ') + format::quantity(request.quantity) +
                   QLatin1Char(' ') + format::symbol(request.symbol);
    if (request.orderClass == OrderClass::Oco && request.takeProfit && request.stopLoss) {
        return text + QStringLiteral("  OCO ") +
               format::number(request.takeProfit->limitPrice.value(), places) +
               QStringLiteral(" / ") +
               format::number(request.stopLoss->stopPrice.value(), places);
    }
    if (const auto price = shownPrice(request)) {
        text += QStringLiteral("  @ ") + format::number(price->value(), places);
    }
    text += QLatin1Char(' ') + shortWord(request.type);
    if (request.orderClass == OrderClass::Bracket) return text + Words::tr(" + BRACKET");
    if (request.takeProfit) return text + Words::tr(" + TARGET");
    return request.stopLoss ? text + Words::tr(" + STOP") : text;
}

} // namespace qd::ui
