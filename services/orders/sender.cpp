#include "services/orders/sender.h"

#include "services/json/json.h"

namespace qd::orders {

using brokers::Accepted;
using brokers::Outcome;
using brokers::Refused;
using brokers::Unknown;

Sender::Sender(Room& room, Applier& applier, Resolver& resolver)
    : m_room(room), m_applier(applier), m_resolver(resolver)
{
}

Source Sender::source(const Error* error) const
{
    Source source{m_room.brokerActor()};
    if (error) {
        json::Writer detail;
        detail.beginObject()
            .member("errorKind", toString(error->kind))
            .member("code", error->code)
            .member("text", error->detail)
            .endObject();
        source.detail = detail.take();
    }
    return source;
}

brokers::Broker::OutcomeCallback Sender::guarded(const ClientOrderId& id, Handler handler)
{
    return [this, id, handler, alive = std::weak_ptr<bool>(m_alive)](Outcome outcome) {
        if (!alive.expired()) (this->*handler)(id, std::move(outcome));
    };
}

// ── submit ──────────────────────────────────────────────────────────────────────────────────────

void Sender::submit(const Shared<Order>& order, const std::string& traceParent)
{
    const Shared<Order> held = order; // the book may have a newer one before the broker is done
    const OrderRequest& request = held->request;
    m_resolver.requestSent(request.clientOrderId);
    m_room.broker.submit(request, traceParent,
                         guarded(request.clientOrderId, &Sender::submitAnswered));
}

void Sender::submitAnswered(const ClientOrderId& id, Outcome outcome)
{
    Change change;
    if (auto* accepted = std::get_if<Accepted>(&outcome)) {
        accepted->report.clientOrderId = id;
        m_applier.applyReport(change, accepted->report, source());
    } else if (const auto* denied = std::get_if<Refused>(&outcome)) {
        refused(change, id, denied->error);
    } else {
        unknown(change, id, std::get<Unknown>(outcome).error);
    }
    m_room.journal.commit(std::move(change));
    const Tracked* tracked = m_room.book.find(id);
    if (tracked && tracked->order->state == OrderState::PendingCancel &&
        !tracked->order->venueOrderIds.empty()) {
        cancel(id, {}); // asked for while the venue had not answered yet
    }
}

void Sender::refused(Change& change, const ClientOrderId& id, const Error& error)
{
    Order order = *m_room.book.find(id)->order;
    if (isClosed(order.state)) return;
    // "This id exists already" and a refusal of what the stream has seen alive prove nothing.
    if (error.kind == ErrorKind::Conflict || error.kind == ErrorKind::OutcomeUnknown ||
        order.acceptedAt.isSet()) {
        return unknown(change, id, error);
    }
    order.reasonCode = error.code;
    order.reasonText = error.detail;
    m_room.step(change, std::move(order), OrderEventKind::Rejected, source(&error));
}

void Sender::unknown(Change& change, const ClientOrderId& id, const Error& error)
{
    const Order order = *m_room.book.find(id)->order;
    if (isClosed(order.state)) return;
    if (isInFlight(order.state) && !order.outcomeUnknown) {
        m_room.step(change, order, OrderEventKind::OutcomeUnknown, source(&error));
    }
    m_resolver.watch(id, m_room.settings.queryBackoffFirst);
}

// ── cancel ──────────────────────────────────────────────────────────────────────────────────────

void Sender::cancel(const ClientOrderId& id, const std::string& traceParent)
{
    const Tracked* tracked = m_room.book.find(id);
    if (!tracked || isClosed(tracked->order->state)) return;
    if (tracked->order->venueOrderIds.empty()) {
        // Nobody can cancel what has no name yet; the question after it finds the name.
        return m_resolver.watch(id, m_room.settings.queryBackoffFirst);
    }
    m_resolver.requestSent(id);
    const VenueOrderId venueId = tracked->order->venueOrderIds.back();
    m_room.broker.cancel(venueId, traceParent,
                         guarded(id, &Sender::cancelAnswered));
}

void Sender::cancelAnswered(const ClientOrderId& id, Outcome outcome)
{
    Change change;
    if (const auto* accepted = std::get_if<Accepted>(&outcome)) {
        const brokers::OrderReport& report = accepted->report;
        // Most venues answer a cancel with nothing; the end comes as an event.
        if (m_applier.locate(report.clientOrderId, report.venueOrderId)) {
            m_applier.applyReport(change, report, source());
        }
    } else if (const auto* denied = std::get_if<Refused>(&outcome)) {
        const Order order = *m_room.book.find(id)->order;
        if (order.state == OrderState::PendingCancel) cancelRefused(change, order, denied->error);
    } else {
        unknown(change, id, std::get<Unknown>(outcome).error);
    }
    m_room.journal.commit(std::move(change));
}

void Sender::cancelRefused(Change& change, const Order& order, const Error& error)
{
    const ClientOrderId& id = order.request.clientOrderId;
    if (error.kind == ErrorKind::Unavailable) {
        // It was not sent. A cancel may be sent again, and somebody wants it.
        return m_resolver.watch(id, m_room.settings.queryBackoffFirst);
    }
    Order restored = order;
    restored.reasonCode = error.code;
    restored.reasonText = error.detail;
    m_room.step(change, std::move(restored), OrderEventKind::CancelRejected, source(&error));
    m_resolver.verify(id); // most likely it has just ended
}

// ── modify ──────────────────────────────────────────────────────────────────────────────────────

void Sender::modify(const ClientOrderId& id, const brokers::Modification& change,
                    const ClientOrderId& replacement, const std::string& traceParent)
{
    const Tracked* tracked = m_room.book.find(id);
    if (!tracked) return;
    m_resolver.requestSent(id);
    if (!replacement.empty()) m_resolver.requestSent(replacement);
    const VenueOrderId venueId = tracked->order->venueOrderIds.back();
    m_room.broker.modify(venueId, change, traceParent,
                         [this, id, replacement,
                          alive = std::weak_ptr<bool>(m_alive)](Outcome outcome) {
                             if (alive.expired()) return;
                             modifyAnswered(id, replacement, std::move(outcome));
                         });
}

void Sender::modifyAnswered(const ClientOrderId& id, const ClientOrderId& replacement,
                            Outcome outcome)
{
    Change change;
    if (const auto* accepted = std::get_if<Accepted>(&outcome)) {
        brokers::OrderReport report = accepted->report;
        report.clientOrderId = replacement.empty() ? id : replacement;
        m_applier.applyReport(change, report, source());
        const Order order = *m_room.book.find(id)->order;
        if (replacement.empty() && order.state == OrderState::PendingUpdate) {
            m_room.step(change, order, OrderEventKind::Updated, source());
        }
    } else if (const auto* denied = std::get_if<Refused>(&outcome)) {
        changeRefused(change, id, replacement, denied->error);
    } else {
        const Error& error = std::get<Unknown>(outcome).error;
        unknown(change, id, error);
        if (!replacement.empty()) unknown(change, replacement, error);
    }
    m_room.journal.commit(std::move(change));
}

void Sender::changeRefused(Change& change, const ClientOrderId& id,
                           const ClientOrderId& replacement, const Error& error)
{
    if (!replacement.empty()) refused(change, replacement, error);
    const Tracked* next = m_room.book.find(replacement);
    if (next && !isClosed(next->order->state)) {
        return m_resolver.watch(id, m_room.settings.queryBackoffFirst); // not proven
    }
    Order order = *m_room.book.find(id)->order;
    if (order.state != OrderState::PendingUpdate) return;
    order.replacedBy = {};
    order.reasonCode = error.code;
    order.reasonText = error.detail;
    m_room.step(change, std::move(order), OrderEventKind::ModifyRejected, source(&error));
}

} // namespace qd::orders
