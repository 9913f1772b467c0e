#include "services/orders/intake.h"

#include <fmt/format.h>

#include "models/orders/validation.h"
#include "services/json/json.h"
#include "services/orders/request_hash.h"

namespace qd::orders {

namespace {

using namespace std::chrono_literals;

Refusal refusal(ErrorKind kind, std::string code, std::string detail,
                std::optional<Duration> retryAfter = {}, std::string field = {})
{
    Refusal result;
    result.error = {kind, std::move(code), std::move(detail), std::move(field)};
    result.retryAfter = retryAfter;
    return result;
}

Refusal malformed(std::vector<FieldError> errors)
{
    Refusal result;
    result.error = {ErrorKind::Invalid, errors.front().code, errors.front().detail,
                    errors.front().field};
    result.errors = std::move(errors);
    return result;
}

Source sourceOf(const CommandContext& context, std::string detail = {})
{
    Source source;
    source.actor = context.actor;
    source.traceId = context.traceId;
    source.detail = std::move(detail);
    return source;
}

Refusal storageRefusal(const Error& error)
{
    return refusal(ErrorKind::Unavailable, "orders.storage_unavailable",
                   "the order could not be written and was not sent: " + describe(error), 1s);
}

} // namespace

Intake::Intake(Room& room, Sender& sender) : m_room(room), m_sender(sender) {}

std::optional<Refusal> Intake::notReady() const
{
    if (!m_room.storageError.empty()) {
        return refusal(ErrorKind::Unavailable, "orders.storage_unavailable",
                       "orders cannot be written: " + m_room.storageError, 1s);
    }
    if (!m_room.loaded) {
        return refusal(ErrorKind::Unavailable, "orders.starting",
                       "the order book is being loaded; try again in a moment", 1s);
    }
    return std::nullopt;
}

// ── submit ──────────────────────────────────────────────────────────────────────────────────────

void Intake::submit(OrderRequest request, const CommandContext& context,
                    OrderService::OrderDone done)
{
    if (auto refused = notReady()) return done(tl::unexpected(std::move(*refused)));
    if (request.account.empty()) request.account = m_room.settings.account;
    if (const Tracked* tracked = m_room.book.find(request.clientOrderId)) {
        return repeated(*tracked, request, std::move(done));
    }
    // Before anything changes: a full queue found later would cost the whole book a reload.
    if (m_room.journal.pending() >= m_room.settings.pendingCommitsMax) {
        return done(tl::unexpected(refusal(
            ErrorKind::Unavailable, "orders.overloaded",
            fmt::format("{} changes wait for the disk; the order was not sent, try again",
                        m_room.journal.pending()),
            1s)));
    }
    auto needed = judge(request, nullptr);
    if (!needed) {
        logRefusal(request, needed.error(), context);
        return done(tl::unexpected(std::move(needed.error())));
    }
    const ClientOrderId id = request.clientOrderId;
    m_submits.push_back(m_room.now());
    Change change;
    Order order = newOrder(std::move(request));
    const storage::Hash hash = requestHash(order.request);
    m_room.step(change, std::move(order), OrderEventKind::Submitted, sourceOf(context));
    change.back().requestHash = storage::toHex(hash);
    m_room.book.putHash(id, hash);
    m_room.reservations.reserve(change.back().orderNumber, *needed);
    m_waiting[id].push_back(std::move(done));
    commitNew(std::move(change), id, [this, id, traceParent = context.traceParent] {
        m_sender.submit(m_room.book.find(id)->order, traceParent);
    });
}

void Intake::repeated(const Tracked& tracked, const OrderRequest& request,
                      OrderService::OrderDone done)
{
    if (!tracked.requestHash || *tracked.requestHash != requestHash(request)) {
        return done(tl::unexpected(refusal(
            ErrorKind::Invalid, "orders.id_reused",
            "this clientOrderId belongs to an order that says something else; use a new one", {},
            "clientOrderId")));
    }
    const ClientOrderId& id = request.clientOrderId;
    if (const Order* committed = m_room.projection.find(tracked.number)) return done(*committed);
    m_waiting[id].push_back(std::move(done));
}

Order Intake::newOrder(OrderRequest request) const
{
    Order order;
    order.request = std::move(request);
    order.createdAt = m_room.now();
    if (order.request.orderClass != OrderClass::Simple) {
        order.groupId = order.request.clientOrderId.text();
    }
    return order;
}

void Intake::commitNew(Change change, const ClientOrderId& id, std::function<void()> send)
{
    m_room.journal.commit(std::move(change), [this, id, send = std::move(send)](Result<void> done) {
        answer(id, done);
        if (done) send();
    });
}

void Intake::answer(const ClientOrderId& id, const Result<void>& committed)
{
    auto waiting = m_waiting.extract(id);
    if (waiting.empty()) return;
    const Order* order = m_room.committed(id);
    for (const OrderService::OrderDone& done : waiting.mapped()) {
        if (committed && order) {
            done(*order);
        } else {
            done(tl::unexpected(storageRefusal(committed ? Error{} : committed.error())));
        }
    }
}

void Intake::abandon(const Error& error)
{
    auto waiting = std::exchange(m_waiting, {});
    for (const auto& [id, all] : waiting) {
        for (const OrderService::OrderDone& done : all) {
            done(tl::unexpected(storageRefusal(error)));
        }
    }
}

void Intake::logRefusal(const OrderRequest& request, const Refusal& refused,
                        const CommandContext& context)
{
    // Refused for shape, or only asked about: nothing happened that an auditor would miss.
    const bool isRisk = refused.error.code.starts_with("risk.");
    if (!isRisk) return;
    json::Writer detail;
    detail.beginObject()
        .member("code", refused.error.code)
        .member("text", refused.error.detail)
        .member("symbol", request.symbol.text())
        .member("side", toString(request.side))
        .member("quantity", request.quantity)
        .member("limitPrice", request.limitPrice)
        .endObject();
    Entry entry;
    entry.fact.kind = "order.denied";
    entry.subject = "order/" + request.clientOrderId.text();
    entry.source = sourceOf(context, detail.take());
    Change change;
    change.push_back(std::move(entry));
    m_room.journal.commit(std::move(change));
}

// ── cancel ──────────────────────────────────────────────────────────────────────────────────────

void Intake::cancel(const ClientOrderId& id, const CommandContext& context,
                    OrderService::OrderDone done)
{
    if (auto refused = notReady()) return done(tl::unexpected(std::move(*refused)));
    const Tracked* tracked = m_room.book.find(id);
    if (!tracked) {
        return done(tl::unexpected(refusal(ErrorKind::NotFound, "orders.unknown",
                                           "there is no order with this id", {},
                                           "clientOrderId")));
    }
    const Order order = *tracked->order;
    if (isClosed(order.state)) {
        return done(tl::unexpected(
            refusal(ErrorKind::Conflict, "orders.not_open",
                    fmt::format("the order is {} already", toString(order.state)))));
    }
    if (order.state == OrderState::PendingCancel) {
        const Order* committed = m_room.projection.find(tracked->number);
        m_sender.cancel(id, context.traceParent); // asking twice does no harm, and may help
        return done(committed ? *committed : order);
    }
    Change change;
    const bool legal =
        m_room.step(change, order, OrderEventKind::PendingCancel, sourceOf(context));
    QD_ASSERT(legal);
    m_room.journal.commit(std::move(change), [this, id, done = std::move(done),
                                              traceParent =
                                                  context.traceParent](Result<void> committed) {
        if (!committed) return done(tl::unexpected(storageRefusal(committed.error())));
        done(*m_room.committed(id));
        m_sender.cancel(id, traceParent);
    });
}

std::vector<ClientOrderId> Intake::cancelAll(const std::optional<Symbol>& symbol,
                                             const std::optional<Side>& side,
                                             const CommandContext& context)
{
    const auto ids = symbol ? m_room.book.openOrdersOf(*symbol) : m_room.book.openOrders();
    std::vector<ClientOrderId> asked;
    for (const ClientOrderId& id : ids) {
        const Order& order = *m_room.book.find(id)->order;
        if (side && order.request.side != *side) continue;
        asked.push_back(id);
        cancel(id, context, [](const tl::expected<Order, Refusal>&) {});
    }
    return asked;
}

// ── modify ──────────────────────────────────────────────────────────────────────────────────────

Result<OrderRequest> Intake::changed(const Order& order, const ChangeRequest& change) const
{
    OrderRequest request = order.request;
    if (change.quantity) request.quantity = *change.quantity;
    if (change.limitPrice) request.limitPrice = change.limitPrice;
    if (change.stopPrice) request.stopPrice = change.stopPrice;
    if (change.timeInForce) request.timeInForce = *change.timeInForce;
    if (change.trail && request.trailPrice) request.trailPrice = Price(*change.trail);
    if (change.trail && request.trailPercent) request.trailPercent = *change.trail;
    if (request.quantity <= order.filledQuantity) {
        return fail(ErrorKind::Invalid, "orders.qty_below_filled",
                    fmt::format("expected more than the {} that are filled, was {}",
                                order.filledQuantity.toString(), request.quantity.toString()),
                    "quantity");
    }
    if (request == order.request) {
        return fail(ErrorKind::Invalid, "orders.nothing_changed",
                    "the order already says all of this", "quantity");
    }
    return request;
}

void Intake::modify(const ClientOrderId& id, const ChangeRequest& change,
                    const CommandContext& context, OrderService::OrderDone done)
{
    if (auto refused = notReady()) return done(tl::unexpected(std::move(*refused)));
    const Tracked* tracked = m_room.book.find(id);
    if (!tracked) {
        return done(tl::unexpected(refusal(ErrorKind::NotFound, "orders.unknown",
                                           "there is no order with this id", {},
                                           "clientOrderId")));
    }
    const Order old = *tracked->order;
    if (!isOpen(old.state) || isInFlight(old.state) || old.venueOrderIds.empty()) {
        return done(tl::unexpected(
            refusal(ErrorKind::Conflict, "orders.not_changeable",
                    fmt::format("the order is {}; it can be changed while the venue works it and "
                                "nothing else is under way",
                                toString(old.state)))));
    }
    const bool keepsId = m_room.broker.capabilities().modifyKeepsId;
    auto wanted = changed(old, change);
    if (!wanted) {
        return done(tl::unexpected(malformed({{wanted.error().field, wanted.error().code,
                                               wanted.error().detail, {}}})));
    }
    ClientOrderId newId = change.newClientOrderId;
    if (newId.empty()) newId = ClientOrderId(m_room.random.uuidV4());
    if (!keepsId && m_room.book.find(newId)) {
        return done(tl::unexpected(refusal(ErrorKind::Invalid, "orders.id_reused",
                                           "newClientOrderId belongs to another order", {},
                                           "newClientOrderId")));
    }
    wanted->clientOrderId = newId;
    auto needed = judge(*wanted, &old);
    if (!needed) return done(tl::unexpected(std::move(needed.error())));
    if (keepsId) m_room.reservations.reserve(tracked->number, *needed);
    brokers::Modification modification{change.quantity, change.limitPrice, change.stopPrice,
                                       change.trail, change.timeInForce, newId};
    Change entries;
    Order pending = old;
    if (!keepsId) pending.replacedBy = newId;
    m_room.step(entries, std::move(pending), OrderEventKind::PendingUpdate, sourceOf(context));
    const ClientOrderId replacement = keepsId ? ClientOrderId() : newId;
    const ClientOrderId answered = keepsId ? id : newId;
    if (!keepsId) {
        Order next = newOrder(std::move(*wanted));
        next.replaces = id;
        next.parent = old.parent;
        next.groupId = old.groupId;
        next.origin = OrderOrigin::Ours;
        const storage::Hash hash = requestHash(next.request);
        m_room.step(entries, std::move(next), OrderEventKind::Submitted, sourceOf(context));
        entries.back().requestHash = storage::toHex(hash);
        m_room.book.putHash(newId, hash);
        m_room.reservations.reserve(entries.back().orderNumber, *needed);
    }
    m_waiting[answered].push_back(std::move(done));
    commitNew(std::move(entries), answered,
              [this, id, modification, replacement, traceParent = context.traceParent] {
                  m_sender.modify(id, modification, replacement, traceParent);
              });
}

} // namespace qd::orders
