#include "services/sandbox/order_faults.h"

#include <algorithm>

namespace qd::sandbox {

namespace {

exchange::VenueOrder phantomOf(const AccountId& account, const exchange::NewOrder& form,
                               const std::string& id, Timestamp now)
{
    exchange::VenueOrder order;
    order.id = VenueOrderId(id);
    order.clientOrderId = form.clientOrderId.empty() ? id : form.clientOrderId;
    order.account = account;
    order.symbol = form.symbol;
    order.side = form.side;
    order.type = form.type;
    order.timeInForce = form.timeInForce;
    order.quantity = form.quantity.value_or(Quantity());
    order.notional = form.notional;
    order.limitPrice = form.limitPrice;
    order.stopPrice = form.stopPrice;
    order.trailPrice = form.trailPrice;
    order.trailPercent = form.trailPercent;
    order.extendedHours = form.extendedHours;
    order.orderClass = form.orderClass;
    order.createdAt = order.submittedAt = order.updatedAt = now;
    return order;
}

} // namespace

FaultSubject faultSubject(const exchange::NewOrder& order)
{
    FaultSubject subject;
    subject.symbol = order.symbol.text();
    subject.side = toString(order.side);
    subject.clientOrderId = order.clientOrderId;
    return subject;
}

exchange::VenueOrder LateRejections::take(const AccountId& account, const exchange::NewOrder& form,
                                          const Fault& fault)
{
    const auto order =
        phantomOf(account, form, m_desk.random.uuidV4(), m_desk.exchange.clock().now);
    m_desk.records.addPhantom(order);
    std::erase_if(m_pending, [](const runtime::Timer& timer) { return !timer.isActive(); });
    m_pending.push_back(m_desk.executor.after(
        std::chrono::milliseconds(std::max<std::int64_t>(fault.delayMs, 1)),
        [this, order, reason = fault.message] { reject(order, reason); }));
    return order;
}

void LateRejections::reject(const exchange::VenueOrder& order, const std::string& reason)
{
    exchange::OrderUpdate update;
    update.at = m_desk.exchange.clock().now;
    update.event = exchange::OrderEvent::Rejected;
    update.order = order;
    update.order.status = exchange::VenueStatus::Rejected;
    update.order.reason = reason;
    update.order.failedAt = update.order.updatedAt = update.at;
    m_desk.records.setPhantom(update.order);
    update.positionQuantity = m_desk.records.positionQuantity(order.account, order.symbol);
    m_publish(update);
}

} // namespace qd::sandbox
