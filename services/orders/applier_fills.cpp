#include <algorithm>

#include <fmt/format.h>

#include "services/orders/applier.h"

namespace qd::orders {

namespace {

using brokers::OrderReport;

/// The state in which somebody else's order enters the book; its fills follow as executions.
OrderState adoptedState(OrderState told)
{
    switch (told) {
    case OrderState::Held:
    case OrderState::Triggered:
    case OrderState::Rejected:
    case OrderState::Canceled:
    case OrderState::Expired:
    case OrderState::Replaced: return told;
    default: return OrderState::Accepted;
    }
}

Price averageOf(Int128 notional, Quantity quantity)
{
    return Price::fromUnits(static_cast<std::int64_t>(
        divideRounded(notional, quantity.units(), Rounding::HalfEven)));
}

/// Whether order and position can still count what the venue says was filled.
bool isCountable(const Order& order, const Position& position, Quantity filled)
{
    return order.filledQuantity.value().checkedAdd(filled.value()) &&
           position.quantity.abs().value().checkedAdd(filled.value());
}

} // namespace

Applier::FillOutcome Applier::applyFill(Change& change, const Fill& told, const Source& source)
{
    if (m_room.book.knowsExecution(told.executionId)) {
        ++m_room.counters.duplicateFills;
        return FillOutcome::Duplicate;
    }
    const Tracked* tracked = locate(told.clientOrderId, told.venueOrderId);
    if (!tracked) return FillOutcome::UnknownOrder;
    Order order = *tracked->order;
    Fill fill = told;
    fill.clientOrderId = order.request.clientOrderId;
    fill.account = m_room.settings.account;
    if (!fill.receiveTime.isSet()) fill.receiveTime = m_room.now();
    if (fill.symbol != order.request.symbol || fill.side != order.request.side ||
        !fill.quantity.isPositive() || !fill.price.isPositive() ||
        !isCountable(order, m_room.book.position(fill.symbol), fill.quantity)) {
        OrderReport report;
        report.clientOrderId = fill.clientOrderId;
        impossible(change, order, "filled otherwise (" + fill.executionId.text() + ")", report,
                   source);
        return FillOutcome::Impossible;
    }
    if (!fill.inferred && tracked->inferred >= fill.quantity) {
        // We had worked this one out from the totals already; only its id is news.
        const ExplainedExecution explained{fill.executionId, fill.clientOrderId, fill.quantity};
        m_room.book.addExplained(explained);
        m_room.record(change, std::move(order), "order.fill_explained", source);
        change.back().explained.push_back(explained);
        return FillOutcome::Explained;
    }
    const Int128 notional = tracked->filledNotional +
                            static_cast<Int128>(fill.price.units()) * fill.quantity.units();
    order.filledQuantity += fill.quantity;
    order.averagePrice = averageOf(notional, order.filledQuantity);
    order.overfillQuantity =
        std::max(order.filledQuantity - order.request.quantity, Quantity());
    const bool overfilled = order.overfillQuantity.isPositive();
    const std::string subject = "order/" + order.request.clientOrderId.text();
    if (!m_room.step(change, order, OrderEventKind::Filled, source)) {
        OrderReport report;
        report.clientOrderId = fill.clientOrderId;
        report.filledQuantity = fill.quantity;
        report.averagePrice = fill.price;
        impossible(change, *tracked->order, "filled (" + fill.executionId.text() + ")", report,
                   source);
        return FillOutcome::Impossible;
    }
    m_room.book.addFill(fill);
    m_room.cash.add(fill);
    change.back().fact.position = m_room.book.position(fill.symbol);
    change.back().fact.fill = std::move(fill);
    if (overfilled) {
        ++m_room.counters.overfills;
        m_room.notify(change, Severity::Critical, "More was filled than ordered",
                      fmt::format("{} {} beyond {}", order.overfillQuantity.toString(),
                                  order.request.symbol.text(), order.request.quantity.toString()),
                      subject);
    }
    return FillOutcome::Booked;
}

void Applier::adopt(Change& change, const OrderReport& report, const Source& source,
                    Quantity alreadyFilled)
{
    Order order;
    order.request = report.request;
    order.request.clientOrderId =
        report.clientOrderId.empty() ? ClientOrderId("venue:" + report.venueOrderId.text())
                                     : report.clientOrderId;
    order.request.account = m_room.settings.account;
    // Orders by amount have no quantity until they fill.
    if (!order.request.quantity.isPositive()) order.request.quantity = report.filledQuantity;
    if (order.request.symbol.empty() || !order.request.quantity.isPositive()) {
        const std::string key = "venue:" + report.venueOrderId.text();
        if (m_impossibleSeen.insert(key).second) {
            m_room.quarantine(change, key, "an order without a symbol or quantity", "order/" + key,
                              source);
        }
        return;
    }
    const Tracked* parent = report.parent.empty() ? nullptr : m_room.book.find(report.parent);
    order.origin = parent ? parent->order->origin : OrderOrigin::External;
    if (parent) {
        order.parent = report.parent;
        order.groupId = parent->order->groupId.empty() ? report.parent.text()
                                                      : parent->order->groupId;
    }
    if (!report.venueOrderId.empty()) order.venueOrderIds.push_back(report.venueOrderId);
    order.replaces = replacedBy(order, report);
    order.state = adoptedState(report.state);
    order.previousState = order.state;
    order.filledQuantity =
        std::max(alreadyFilled, m_room.book.filledBeforeOpening(order.request.clientOrderId,
                                                                report.venueOrderId));
    if (order.filledQuantity.isPositive()) order.averagePrice = report.averagePrice;
    if (order.filledQuantity.isPositive() && !isClosed(order.state)) {
        order.state = order.leavesQuantity().isZero() ? OrderState::Filled
                                                      : OrderState::PartiallyFilled;
    }
    order.createdAt = report.createdAt.isSet() ? report.createdAt : m_room.now();
    order.acceptedAt = order.createdAt;
    if (isClosed(order.state)) {
        order.closedAt = report.updatedAt.isSet() ? report.updatedAt : m_room.now();
        order.reasonText = report.reason;
    }
    if (m_room.book.find(order.request.clientOrderId)) return;
    m_room.record(change, std::move(order), parent ? "order.leg_added" : "order.adopted", source);
}

} // namespace qd::orders
