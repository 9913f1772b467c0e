#include "services/orders/room.h"

namespace qd::orders {

namespace {

Committed factOf(std::string kind)
{
    Committed fact;
    fact.kind = std::move(kind);
    return fact;
}

std::string kindOf(OrderEventKind event, const Order& order)
{
    if (event == OrderEventKind::Filled && order.state != OrderState::Filled) {
        return "order.partially_filled";
    }
    return "order." + std::string(toString(event));
}

bool isPending(OrderState state)
{
    return state == OrderState::PendingUpdate || state == OrderState::PendingCancel;
}

/// The state that a refused change returns to: kept while changes are stacked.
void rememberPrevious(Order& order, OrderState next)
{
    if (order.state == next) return;
    if (isPending(next) && !isPending(order.state)) order.previousState = order.state;
}

} // namespace

Room::Room(OrderService::Dependencies dependencies, Settings theSettings, Journal::Events events)
    : writer(dependencies.writer), core(dependencies.core), random(dependencies.random),
      broker(dependencies.broker), market(dependencies.market), settings(std::move(theSettings)),
      journal(dependencies.writer, dependencies.core, 2 * settings.pendingCommitsMax,
              std::move(events))
{
}

std::string Room::brokerActor() const
{
    return "broker:" + broker.capabilities().broker.text();
}

const Order* Room::committed(const ClientOrderId& id) const
{
    const Tracked* tracked = book.find(id);
    return tracked ? projection.find(tracked->number) : nullptr;
}

bool Room::step(Change& change, Order order, OrderEventKind kind, const Source& source)
{
    const bool isFull = order.leavesQuantity().isZero();
    const auto next = nextState(order.state, kind, isFull, order.previousState);
    if (!next) return false;
    rememberPrevious(order, *next);
    const bool known = kind != OrderEventKind::OutcomeUnknown &&
                       kind != OrderEventKind::PendingCancel &&
                       kind != OrderEventKind::PendingUpdate;
    if (kind == OrderEventKind::OutcomeUnknown) order.outcomeUnknown = true;
    // A pending cancel that is still unproven stays so while fills come in.
    if (known && !(isPending(*next) && kind == OrderEventKind::Filled)) {
        order.outcomeUnknown = false;
    }
    if (kind == OrderEventKind::Filled && isPending(*next)) {
        order.previousState = OrderState::PartiallyFilled;
    }
    order.state = *next;
    if (kind == OrderEventKind::Submitted) order.submittedAt = now();
    const bool taken = isOpen(*next) || *next == OrderState::Filled;
    if (taken && !order.acceptedAt.isSet() && !isPending(*next)) {
        order.acceptedAt = source.eventTime.isSet() ? source.eventTime : now();
    }
    if (isClosed(*next) && !order.closedAt.isSet()) {
        order.closedAt = source.eventTime.isSet() ? source.eventTime : now();
    }
    std::string name = kindOf(kind, order);
    record(change, std::move(order), std::move(name), source);
    return true;
}

void Room::record(Change& change, Order order, std::string kind, const Source& source)
{
    order.updatedAt = now();
    Entry entry;
    entry.fact = factOf(std::move(kind));
    entry.fact.order = std::move(order);
    const Order& shared = *entry.fact.order;
    const Tracked& tracked = book.put(entry.fact.order);
    entry.subject = "order/" + shared.request.clientOrderId.text();
    entry.source = source;
    entry.cause = tracked.version; // that of the event before
    entry.orderNumber = tracked.number;
    if (shared.acceptedAt.isSet()) reservations.acknowledge(tracked.number, now());
    // What has filled stays reserved until the account's next figure has paid for it.
    if (isClosed(shared.state)) {
        if (shared.filledQuantity.isZero()) {
            reservations.release(tracked.number);
        } else {
            reservations.acknowledge(tracked.number, now());
        }
    }
    change.push_back(std::move(entry));
}

void Room::quarantine(Change& change, const std::string& message, const std::string& reason,
                      const std::string& subject, const Source& source)
{
    ++counters.quarantined;
    Entry entry;
    entry.fact = factOf("notice");
    entry.fact.notice = Notice{Severity::Critical, "A broker message was set aside", reason, subject};
    entry.subject = subject;
    entry.source = source;
    entry.quarantined = Quarantined{brokerActor(), message, reason};
    change.push_back(std::move(entry));
}

void Room::notify(Change& change, Severity severity, std::string title, std::string text,
                  std::string subject)
{
    Entry entry;
    entry.fact = factOf("notice");
    entry.fact.notice = Notice{severity, std::move(title), std::move(text), subject};
    entry.subject = std::move(subject);
    change.push_back(std::move(entry));
}

void Room::recordTrading(Change& change, const Source& source)
{
    Entry entry;
    entry.fact = factOf("trading.changed");
    entry.fact.trading = trading;
    entry.subject = "trading/" + settings.account.text();
    entry.source = source;
    change.push_back(std::move(entry));
}

} // namespace qd::orders
