#include "services/orders/applier.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/brokers/unknown_words.h"

namespace qd::orders {

namespace {

using brokers::OrderReport;
using Kind = OrderEventKind;

/// What a report's state tells as an event; nothing for states that tell no news.
std::optional<Kind> eventOf(OrderState state)
{
    switch (state) {
    case OrderState::Accepted:
    case OrderState::PartiallyFilled: // the fills themselves come as executions
    case OrderState::Filled: return Kind::Accepted;
    case OrderState::Held: return Kind::Held;
    case OrderState::Triggered: return Kind::Triggered;
    case OrderState::Rejected: return Kind::Rejected;
    case OrderState::Canceled: return Kind::Canceled;
    case OrderState::Expired: return Kind::Expired;
    case OrderState::Replaced: return Kind::Replaced;
    case OrderState::AwaitingConfirmation: return Kind::ConfirmationAsked;
    default: return std::nullopt;
    }
}

std::string messageOf(const OrderReport& report)
{
    return fmt::format("client id {}, venue id {}, status {}, filled {} of {} at {}",
                       report.clientOrderId.text(), report.venueOrderId.text(), report.venueStatus,
                       report.filledQuantity.toString(), report.request.quantity.toString(),
                       report.averagePrice.toString());
}

constexpr std::string_view kUnknownWordCode = "broker.unknown_word";

bool wasNeverTaken(const Order& order)
{
    return order.state == OrderState::Rejected || order.state == OrderState::Denied;
}

} // namespace

Applier::Applier(Room& room) : m_room(room) {}

const Tracked* Applier::locate(const ClientOrderId& id, const VenueOrderId& venueId) const
{
    if (!id.empty()) {
        if (const Tracked* tracked = m_room.book.find(id)) return tracked;
    }
    return venueId.empty() ? nullptr : m_room.book.findByVenueId(venueId);
}

void Applier::apply(Change& change, const brokers::Malformed& malformed)
{
    m_room.quarantine(change, malformed.message, describe(malformed.error),
                      "account/" + m_room.settings.account.text(), Source{m_room.brokerActor()});
}

void Applier::apply(Change& change, const brokers::OrderUpdate& update)
{
    const OrderReport& report = update.report;
    Source source{m_room.brokerActor()};
    source.eventTime = update.eventTime;
    const Tracked* tracked = locate(report.clientOrderId, report.venueOrderId);
    if (!tracked) {
        adopt(change, report, source);
        tracked = locate(report.clientOrderId, report.venueOrderId);
        if (!tracked) return;
    }
    const std::size_t before = change.size();
    const bool isNamed = learnVenueId(*tracked, report);
    if (update.kind != Kind::Filled) {
        advance(change, *tracked, update.kind, report, source);
    } else if (update.fill) {
        Fill fill = *update.fill;
        fill.clientOrderId = tracked->order->request.clientOrderId;
        applyFill(change, fill, source);
    }
    takeAverage(change, *tracked, report, source);
    if (isNamed) recordName(change, before, *tracked, source);
    noteWord(change, *tracked, report, source);
    applyLegs(change, report, source);
    compareFilled(*tracked, report);
}

bool Applier::applyReport(Change& change, const OrderReport& report, const Source& source)
{
    const std::size_t before = change.size();
    const Tracked* tracked = locate(report.clientOrderId, report.venueOrderId);
    if (!tracked) {
        adopt(change, report, source);
        tracked = locate(report.clientOrderId, report.venueOrderId);
    } else {
        const bool isNamed = learnVenueId(*tracked, report);
        if (const auto kind = eventOf(report.state)) {
            advance(change, *tracked, *kind, report, source);
        }
        takeValues(change, *tracked->order, report, source);
        takeAverage(change, *tracked, report, source);
        if (isNamed) recordName(change, before, *tracked, source);
    }
    if (tracked) noteWord(change, *tracked, report, source);
    applyLegs(change, report, source);
    if (tracked) compareFilled(*tracked, report);
    return change.size() != before;
}

bool Applier::learnVenueId(const Tracked& tracked, const OrderReport& report)
{
    if (report.venueOrderId.empty()) return false;
    const auto& known = tracked.order->venueOrderIds;
    if (std::find(known.begin(), known.end(), report.venueOrderId) != known.end()) return false;
    const Order& order = *tracked.order;
    m_room.book.addVenueId(order.request.clientOrderId, report.venueOrderId,
                           replacedBy(order, report));
    return true;
}

void Applier::recordName(Change& change, std::size_t before, const Tracked& tracked,
                         const Source& source)
{
    // Most venues name an order as they take it: the event of that carries the name too.
    const bool isRecorded = std::any_of(
        change.begin() + static_cast<std::ptrdiff_t>(before), change.end(), [&](const Entry& entry) {
            return entry.fact.order && entry.orderNumber == tracked.number;
        });
    if (isRecorded) return;
    m_room.record(change, *tracked.order, "order.venue_id_known", source);
}

void Applier::noteWord(Change& change, const Tracked& tracked, const OrderReport& report,
                       const Source& source)
{
    const Shared<Order> held = tracked.order; // the book's own changes below
    const Order& known = *held;
    const bool isNoted = known.reasonCode == kUnknownWordCode;
    const bool isUnknown = brokers::hasUnknownWord(report.venueStatus);
    if (isClosed(known.state) || (!isUnknown && !isNoted)) return;
    if (isUnknown && isNoted && known.reasonText == report.venueStatus) return;
    Order order = known;
    order.reasonCode = isUnknown ? kUnknownWordCode : std::string_view();
    order.reasonText = isUnknown ? report.venueStatus : std::string();
    m_room.record(change, std::move(order), isUnknown ? "order.word_unknown" : "order.word_known",
                  source);
    if (!isUnknown) return;
    ++m_room.counters.unknownWords;
    m_room.notify(change, Severity::Warning, "The broker uses a word that is not known here",
                  report.venueStatus + "; the order stays what it was until a known word comes",
                  "order/" + known.request.clientOrderId.text());
}

ClientOrderId Applier::replacedBy(const Order& order, const OrderReport& report) const
{
    if (!order.replaces.empty() || report.replaces.empty()) return order.replaces;
    const Tracked* old = m_room.book.findByVenueId(report.replaces);
    return old ? old->order->request.clientOrderId : ClientOrderId();
}

void Applier::advance(Change& change, const Tracked& tracked, Kind kind, const OrderReport& report,
                      const Source& source)
{
    Order order = *tracked.order;
    switch (kind) {
    case Kind::Accepted:
    case Kind::Held: return acknowledge(change, std::move(order), kind, source);
    case Kind::Rejected:
    case Kind::Canceled:
    case Kind::Expired:
    case Kind::Replaced: return end(change, std::move(order), kind, report, source);
    case Kind::ModifyRejected:
    case Kind::CancelRejected:
        return refuseChange(change, std::move(order), kind, report, source);
    case Kind::Updated: return takeValues(change, *tracked.order, report, source);
    case Kind::Triggered:
    case Kind::ConfirmationAsked:
        if (order.state == OrderState::Accepted || order.state == OrderState::Held ||
            order.state == OrderState::Submitted) {
            m_room.step(change, std::move(order), kind, source);
        } else {
            ++m_room.counters.staleEvents;
        }
        return;
    default: return; // the venue repeats what we asked for
    }
}

void Applier::acknowledge(Change& change, Order order, Kind kind, const Source& source)
{
    const bool waits = order.state == OrderState::Submitted ||
                       order.state == OrderState::Initialized ||
                       order.state == OrderState::AwaitingConfirmation ||
                       (order.state == OrderState::Held && kind == Kind::Accepted);
    if (waits) {
        m_room.step(change, std::move(order), kind, source);
        return;
    }
    const bool pending = order.state == OrderState::PendingCancel ||
                         order.state == OrderState::PendingUpdate;
    if (pending && (order.previousState == OrderState::Submitted ||
                    order.previousState == OrderState::AwaitingConfirmation)) {
        // Asked to cancel before the venue had answered: a refused cancel now returns to accepted.
        order.previousState = kind == Kind::Held ? OrderState::Held : OrderState::Accepted;
        order.acceptedAt = source.eventTime.isSet() ? source.eventTime : m_room.now();
        m_room.record(change, std::move(order), "order." + std::string(toString(kind)), source);
        return;
    }
    if (wasNeverTaken(order)) {
        OrderReport report;
        report.clientOrderId = order.request.clientOrderId;
        return impossible(change, order, "accepted", report, source);
    }
    ++m_room.counters.staleEvents;
}

void Applier::end(Change& change, Order order, Kind kind, const OrderReport& report,
                  const Source& source)
{
    const auto target = nextState(OrderState::Accepted, kind, false, OrderState::Accepted);
    if (isClosed(order.state)) {
        // A replaced order that the venue also calls canceled is the same end told twice.
        const bool sameEnd = order.state == *target || (order.state == OrderState::Replaced &&
                                                        kind == Kind::Canceled);
        if (!sameEnd) return impossible(change, order, toString(kind), report, source);
        ++m_room.counters.staleEvents;
        return;
    }
    // An exit whose partner has filled in part was shrunk before it ended; that news may be lost.
    const Quantity told = report.request.quantity;
    if (told.isPositive() && told >= order.filledQuantity) order.request.quantity = told;
    if (kind == Kind::Replaced) {
        if (const Tracked* next = m_room.book.findByVenueId(report.replacedBy)) {
            order.replacedBy = next->order->request.clientOrderId;
        }
    } else {
        // A change that was under way ends with its order; what becomes of the other is asked.
        if (!order.replacedBy.empty() && m_doubt) m_doubt(order.replacedBy);
        if (!order.replaces.empty() && m_doubt) m_doubt(order.replaces);
        order.reasonCode = "broker." + std::string(toString(*target));
        order.reasonText = report.reason;
    }
    const Order copy = order;
    if (!m_room.step(change, std::move(order), kind, source)) {
        impossible(change, copy, toString(kind), report, source);
    }
}

void Applier::refuseChange(Change& change, Order order, Kind kind, const OrderReport& report,
                           const Source& source)
{
    const OrderState pending =
        kind == Kind::ModifyRejected ? OrderState::PendingUpdate : OrderState::PendingCancel;
    if (order.state != pending) {
        ++m_room.counters.staleEvents;
        return;
    }
    if (kind == Kind::ModifyRejected && !order.replacedBy.empty()) {
        if (m_doubt) m_doubt(order.replacedBy);
        order.replacedBy = {};
    }
    order.reasonCode = kind == Kind::ModifyRejected ? "broker.modify_rejected"
                                                    : "broker.cancel_rejected";
    order.reasonText = report.reason;
    m_room.step(change, std::move(order), kind, source);
}

void Applier::takeValues(Change& change, const Order& known, const OrderReport& report,
                         const Source& source)
{
    if (isClosed(known.state)) return;
    const OrderRequest& told = report.request;
    const OrderRequest& ours = known.request;
    const bool hasPrices = ours.type != OrderType::Market && ours.type != OrderType::TrailingStop;
    // What the venue does not mention has not changed.
    const auto isNews = [hasPrices](const auto& mine, const auto& theirs) {
        return hasPrices && mine && theirs && *mine != *theirs;
    };
    const bool hasNewQuantity = told.quantity.isPositive() && told.quantity != ours.quantity &&
                                told.quantity >= known.filledQuantity;
    const bool hasNewLimit = isNews(ours.limitPrice, told.limitPrice);
    const bool hasNewStop = isNews(ours.stopPrice, told.stopPrice);
    const bool differs = hasNewQuantity || hasNewLimit || hasNewStop;
    if (!differs && report.state != OrderState::Filled) return; // mostly: without a copy
    Order order = known;
    if (hasNewQuantity) order.request.quantity = told.quantity;
    if (hasNewLimit) order.request.limitPrice = told.limitPrice;
    if (hasNewStop) order.request.stopPrice = told.stopPrice;
    if (report.state == OrderState::Filled && order.leavesQuantity().isZero()) {
        // Shrunk to what had filled: the last thing that happens to an exit beside its partner.
        m_room.step(change, std::move(order), Kind::Filled, source);
        return;
    }
    if (!differs) return;
    const bool returns = order.state == OrderState::PendingUpdate && order.replacedBy.empty();
    if (returns || order.state != OrderState::PendingUpdate) {
        if (m_room.step(change, order, Kind::Updated, source)) return;
    }
    m_room.record(change, std::move(order), "order.updated", source);
}

void Applier::takeAverage(Change& change, const Tracked& tracked, const OrderReport& report,
                          const Source& source)
{
    const Order& known = *tracked.order;
    // Where every fill is here, the average is ours and exact.
    if (tracked.filledSingly == known.filledQuantity) return;
    // An older report knows the average of less: adopted from one, an order waits for a newer one.
    if (report.filledQuantity != known.filledQuantity || !report.averagePrice.isPositive() ||
        report.averagePrice == known.averagePrice) {
        return;
    }
    Order order = known;
    order.averagePrice = report.averagePrice;
    m_room.record(change, std::move(order), "order.updated", source);
}

void Applier::applyLegs(Change& change, const OrderReport& report, const Source& source)
{
    for (OrderReport leg : report.legs) {
        if (leg.parent.empty()) leg.parent = report.clientOrderId;
        applyReport(change, leg, source);
    }
}

void Applier::compareFilled(const Tracked& tracked, const OrderReport& report)
{
    if (report.filledQuantity <= tracked.order->filledQuantity) return;
    if (m_executionsMissing) m_executionsMissing();
}

void Applier::impossible(Change& change, const Order& order, std::string_view what,
                         const OrderReport& report, const Source& source)
{
    const std::string& id = order.request.clientOrderId.text();
    if (!m_impossibleSeen.insert(fmt::format("{}/{}", id, what)).second) return;
    m_room.quarantine(change, messageOf(report),
                      fmt::format("the broker says {}, but the order is {}", what,
                                  toString(order.state)),
                      "order/" + id, source);
    if (m_doubt) m_doubt(order.request.clientOrderId);
}

} // namespace qd::orders
