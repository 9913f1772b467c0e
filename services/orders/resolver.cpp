#include "services/orders/resolver.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/runtime/backoff.h"

namespace qd::orders {

namespace {

constexpr int kAbsencesNeeded = 2;
constexpr int kCancelsMax = 5;

const Source kResolver{"system:resolve"};

} // namespace

Resolver::Resolver(Room& room, Applier& applier) : m_room(room), m_applier(applier) {}

void Resolver::clear()
{
    m_watches.clear();
    m_due.clear();
    m_overdueTimer.cancel();
    m_alive = std::make_shared<bool>(true);
}

void Resolver::requestSent(const ClientOrderId& id)
{
    const Timestamp due = m_room.now() + m_room.settings.answerOverdue;
    m_due.emplace_back(due, id);
    if (m_overdueTimer.isActive()) return;
    m_overdueTimer = m_room.core.after(m_room.settings.answerOverdue, [this] { lookForOverdue(); });
}

void Resolver::lookForOverdue()
{
    while (!m_due.empty() && m_due.front().first <= m_room.now()) {
        const ClientOrderId id = std::move(m_due.front().second);
        m_due.pop_front();
        const Tracked* tracked = m_room.book.find(id);
        if (tracked && needsProof(*tracked->order)) watch(id, Duration::zero());
    }
    if (m_due.empty()) return;
    const Duration wait = std::max(m_due.front().first - m_room.now(), Duration::zero());
    m_overdueTimer = m_room.core.after(wait, [this] { lookForOverdue(); });
}

bool Resolver::needsProof(const Order& order) const
{
    return isInFlight(order.state) || (order.outcomeUnknown && !isClosed(order.state));
}

void Resolver::watch(const ClientOrderId& id, Duration delay)
{
    const auto [place, isNew] = m_watches.try_emplace(id);
    Watch& entry = place->second;
    entry.verifyOnly = false;
    if (!isNew && (entry.asking || entry.timer.isActive())) return;
    // A request that left at all left before now.
    if (!entry.sentAt.isSet()) entry.sentAt = m_room.now();
    again(id, delay);
}

void Resolver::verify(const ClientOrderId& id)
{
    const auto [place, isNew] = m_watches.try_emplace(id);
    if (!isNew) return;
    place->second.verifyOnly = true;
    place->second.sentAt = m_room.now();
    ask(id);
}

void Resolver::watchAllInFlight()
{
    for (const ClientOrderId& id : m_room.book.inFlight()) watch(id, Duration::zero());
    for (const ClientOrderId& id : m_room.book.openOrders()) {
        if (m_room.book.find(id)->order->outcomeUnknown) watch(id, Duration::zero());
    }
}

Duration Resolver::backoff(int asked) const
{
    return runtime::grownWait(m_room.settings.queryBackoffFirst, m_room.settings.queryBackoffMax,
                              asked + 1);
}

void Resolver::again(const ClientOrderId& id, Duration delay)
{
    m_watches.at(id).timer = m_room.core.after(delay, [this, id] { ask(id); });
}

void Resolver::ask(const ClientOrderId& id)
{
    const auto place = m_watches.find(id);
    const Tracked* tracked = m_room.book.find(id);
    if (place == m_watches.end() || place->second.asking) return;
    if (!tracked || (!place->second.verifyOnly && !needsProof(*tracked->order))) {
        m_watches.erase(place);
        return;
    }
    place->second.asking = true;
    ++place->second.asked;
    m_room.broker.findByClientId(
        id, [this, id, alive = std::weak_ptr<bool>(m_alive)](Result<brokers::OrderReport> answer) {
            if (!alive.expired()) answered(id, std::move(answer));
        });
}

void Resolver::answered(const ClientOrderId& id, Result<brokers::OrderReport> answer)
{
    const auto place = m_watches.find(id);
    if (place == m_watches.end()) return;
    place->second.asking = false;
    if (answer) return found(id, *answer);
    if (answer.error().kind == ErrorKind::NotFound) return absent(id);
    // Not reachable: that proves nothing, so it is asked for as long as it takes.
    again(id, backoff(place->second.asked));
}

void Resolver::found(const ClientOrderId& id, const brokers::OrderReport& report)
{
    Watch& entry = m_watches.at(id);
    entry.absences = 0;
    m_room.vanished.erase(id);
    const bool verifyOnly = entry.verifyOnly;
    Change change;
    m_applier.applyReport(change, report, kResolver);
    const Order order = *m_room.book.find(id)->order;
    if (!verifyOnly) {
        if (order.state == OrderState::PendingCancel) settleCancel(change, order, report);
        if (order.state == OrderState::PendingUpdate) settleUpdate(change, order, report);
        const Order now = *m_room.book.find(id)->order;
        const bool stillUnknown = now.outcomeUnknown && now.state == OrderState::Submitted;
        if (stillUnknown) m_room.step(change, now, OrderEventKind::OutcomeKnown, kResolver);
    }
    m_room.journal.commit(std::move(change));
    if (verifyOnly || !needsProof(*m_room.book.find(id)->order)) {
        m_watches.erase(id);
    } else {
        again(id, backoff(m_watches.at(id).asked));
    }
}

void Resolver::settleCancel(Change& change, const Order& order, const brokers::OrderReport& report)
{
    if (report.state == OrderState::PendingCancel || isClosed(report.state)) return;
    const ClientOrderId& id = order.request.clientOrderId;
    Watch& entry = m_watches.at(id);
    if (entry.cancelsSent < kCancelsMax) {
        ++entry.cancelsSent;
        if (m_resendCancel) m_resendCancel(id);
        return;
    }
    Order restored = order;
    restored.reasonCode = "orders.cancel_unconfirmed";
    restored.reasonText = fmt::format("the broker shows the order as {} after {} cancels",
                                      report.venueStatus, kCancelsMax);
    m_room.step(change, std::move(restored), OrderEventKind::CancelRejected, kResolver);
}

void Resolver::settleUpdate(Change& change, const Order& order, const brokers::OrderReport& report)
{
    if (isClosed(report.state) || report.state == OrderState::PendingUpdate) return;
    const Tracked* next = order.replacedBy.empty() ? nullptr : m_room.book.find(order.replacedBy);
    if (next && !isClosed(next->order->state)) {
        // The venue has neither ended this order nor refused the other: their answers are under way.
        if (!next->order->acceptedAt.isSet()) watch(order.replacedBy, Duration::zero());
        return;
    }
    const Watch& entry = m_watches.at(order.request.clientOrderId);
    const Timestamp proof =
        entry.sentAt + m_room.settings.submitDeadline + m_room.settings.proofGrace;
    if (!next && m_room.now() < proof) return; // the change may still arrive
    giveUpReplacement(change, order, kResolver);
}

void Resolver::giveUpReplacement(Change& change, const Order& order, const Source& source)
{
    if (order.state != OrderState::PendingUpdate) return;
    Order restored = order;
    restored.replacedBy = {};
    restored.reasonCode = "orders.change_not_made";
    restored.reasonText = "the broker shows the order unchanged";
    m_room.step(change, std::move(restored), OrderEventKind::ModifyRejected, source);
}

void Resolver::absent(const ClientOrderId& id)
{
    Watch& entry = m_watches.at(id);
    const Timestamp proof =
        entry.sentAt + m_room.settings.submitDeadline + m_room.settings.proofGrace;
    const Timestamp now = m_room.now();
    if (now < proof) return again(id, proof - now);
    if (++entry.absences < kAbsencesNeeded) {
        return again(id, m_room.settings.queryBackoffFirst);
    }
    declareAbsent(id);
}

void Resolver::declareAbsent(const ClientOrderId& id)
{
    m_watches.erase(id);
    const Order order = *m_room.book.find(id)->order;
    if (isClosed(order.state)) return;
    Change change;
    const std::string subject = "order/" + id.text();
    if (order.acceptedAt.isSet()) {
        // It was there. That is no rejection but a riddle for people; comparisons show it.
        const bool isNews = m_room.vanished.try_emplace(id, m_room.now()).second;
        if (isNews) {
            m_room.notify(change, Severity::Critical, "The broker no longer knows an order",
                          "it was accepted at " + order.acceptedAt.toString(0) +
                              " and is not found by its client id now",
                          subject);
            if (m_vanished) m_vanished();
        }
        Order restored = order;
        if (order.state == OrderState::PendingCancel) {
            m_room.step(change, std::move(restored), OrderEventKind::CancelRejected, kResolver);
        } else if (order.state == OrderState::PendingUpdate) {
            giveUpReplacement(change, order, kResolver);
        }
    } else {
        Order rejected = order;
        rejected.reasonCode = "orders.never_reached_broker";
        rejected.reasonText = "the order never reached the broker: asked for by its client id "
                              "after the deadline, it is not known there";
        m_room.step(change, std::move(rejected), OrderEventKind::Rejected, kResolver);
        m_room.notify(change, Severity::Warning, "An order never reached the broker",
                      "it was not sent again; send a new one if it is still wanted", subject);
        if (const Tracked* old = m_room.book.find(order.replaces)) {
            giveUpReplacement(change, *old->order, kResolver);
        }
    }
    m_room.journal.commit(std::move(change));
}

} // namespace qd::orders
