// What becomes of an order besides fills: acknowledged, canceled, replaced, ended; and its group.

#include <algorithm>

#include <fmt/format.h>

#include "services/exchange/book_liquidity.h"
#include "services/exchange/exchange_state.h"
#include "services/exchange/order_rules.h"

namespace qd::exchange {

void Exchange::State::schedule(Step step, const VenueOrderId& order, Duration delay)
{
    work.emplace(executor.clock().steady() + delay, Work{step, order});
    armWork();
}

void Exchange::State::armWork()
{
    if (work.empty())
        return;
    const auto delay = work.begin()->first - executor.clock().steady();
    workTimer = executor.after(std::max(delay, Duration::zero()), [this] { doWork(); });
}

void Exchange::State::doWork()
{
    const auto until = executor.clock().steady();
    while (!work.empty() && work.begin()->first <= until) {
        const Work next = work.begin()->second;
        work.erase(work.begin());
        auto* record = orders.find(next.order);
        if (record == nullptr || isFinal(record->order.status))
            continue;
        switch (next.step) {
        case Step::Acknowledge: acknowledge(*record); break;
        case Step::Cancel: end(*record, VenueStatus::Canceled, "canceled by request"); break;
        case Step::Replace: finishReplace(*record); break;
        case Step::Enter:
            if (record->engineId == 0)
                enterMarket(*record);
            break;
        }
    }
    orders.prune();
    armWork();
}

void Exchange::State::report(OrderEvent event, OrderRecord& record,
                             std::optional<VenueExecution> execution)
{
    record.order.updatedAt = now();
    OrderUpdate update;
    update.event = event;
    update.order = record.order;
    update.execution = std::move(execution);
    const auto* account = accounts.find(record.order.account);
    update.positionQuantity = account == nullptr ? Quantity() : account->held(record.order.symbol);
    update.at = record.order.updatedAt;
    listener.orderUpdated(update);
}

void Exchange::State::acknowledge(OrderRecord& record)
{
    const bool pending = record.order.status == VenueStatus::PendingNew
                         || record.order.status == VenueStatus::Accepted;
    if (!pending)
        return; // a cancellation or change overtook it
    if (mayTrade(record)) {
        activate(record);
        return;
    }
    record.order.status = VenueStatus::Accepted;
    report(OrderEvent::Accepted, record);
}

/// The order is at the market from now on.
void Exchange::State::activate(OrderRecord& record)
{
    record.waitsForAuction = false;
    record.order.status = record.order.filledQuantity.isZero() ? VenueStatus::New
                                                               : VenueStatus::PartiallyFilled;
    if (record.order.type == OrderType::TrailingStop && !record.order.highWaterMark)
        trail(record, tape.mark(record.instrument));
    orders.watch(record);
    report(OrderEvent::New, record);
    if (record.order.orderClass == OrderClass::Oco && !record.order.parent) {
        if (auto* stop = siblingOf(record))
            orders.watch(*stop);
    } else if (!record.order.parent) {
        for (const auto& leg : record.order.legs) {
            if (auto* held = orders.find(leg))
                report(OrderEvent::Held, *held);
        }
    }
    if (!isWaitingForTrigger(record))
        enterMarket(record);
}

/// The other exit of a bracket or OCO, if there is one.
OrderRecord* Exchange::State::siblingOf(const OrderRecord& record)
{
    const auto& order = record.order;
    if (order.orderClass == OrderClass::Oco) {
        if (order.parent)
            return orders.find(*order.parent);
        return order.legs.empty() ? nullptr : orders.find(order.legs.front());
    }
    if (order.orderClass != OrderClass::Bracket || !order.parent)
        return nullptr;
    const auto* parent = orders.find(*order.parent);
    if (parent == nullptr)
        return nullptr;
    for (const auto& leg : parent->order.legs) {
        if (leg != order.id)
            return orders.find(leg);
    }
    return nullptr;
}

/// The entry is completely filled: the take-profit goes to the market; the stop-loss stays held but
/// watched, since both cannot reserve the same shares. Alone, the stop goes to the market itself.
void Exchange::State::activateLegs(OrderRecord& entry)
{
    if (entry.order.orderClass == OrderClass::Oco)
        return;
    std::vector<OrderRecord*> legs;
    for (const auto& id : entry.order.legs) {
        auto* leg = orders.find(id);
        if (leg != nullptr && !isFinal(leg->order.status))
            legs.push_back(leg);
    }
    if (legs.size() == 2)
        orders.watch(*legs.back());
    if (!legs.empty())
        activate(*legs.front());
}

void Exchange::State::end(OrderRecord& record, VenueStatus status, const std::string& reason)
{
    if (isFinal(record.order.status))
        return;
    finish(record, status, reason);
    endGroup(record, status, reason);
}

void Exchange::State::finish(OrderRecord& record, VenueStatus status, const std::string& reason)
{
    auto& order = record.order;
    if (books && record.engineId != 0)
        books->leave(record);
    order.status = status;
    order.reason = reason;
    const auto at = now();
    OrderEvent event = OrderEvent::Canceled;
    switch (status) {
    case VenueStatus::Expired:
        order.expiredAt = at;
        event = OrderEvent::Expired;
        break;
    case VenueStatus::Rejected:
        order.failedAt = at;
        event = OrderEvent::Rejected;
        break;
    case VenueStatus::Replaced:
        order.replacedAt = at;
        event = OrderEvent::Replaced;
        break;
    default: order.canceledAt = at; break;
    }
    orders.close(record);
    report(event, record);
}

/// An entry that ends unfilled takes its legs with it; one exit that ends takes the other.
void Exchange::State::endGroup(OrderRecord& record, VenueStatus status, const std::string& reason)
{
    if (!record.replacement.empty()) {
        if (auto* successor = orders.find(record.replacement))
            end(*successor, VenueStatus::Rejected, "the order to replace has ended: " + reason);
    }
    if (auto* sibling = siblingOf(record))
        end(*sibling, status, reason);
    const auto legs = record.order.legs;
    for (const auto& id : legs) {
        if (auto* leg = orders.find(id))
            end(*leg, status, reason);
    }
}

VenueResult<void> Exchange::State::cancel(const AccountId& account, const VenueOrderId& id)
{
    auto* record = orders.find(id);
    if (record == nullptr || record->order.account != account)
        return tl::unexpected(refusal(Refusal::OrderNotFound, "order not found for " + id.text()));
    const auto status = record->order.status;
    if (isFinal(status) || status == VenueStatus::PendingReplace) {
        auto bad = refusal(Refusal::NotCancelable,
                           fmt::format("order is already in \"{}\" state", toString(status)));
        bad.figures = {{"status", std::string(toString(status))}};
        return tl::unexpected(std::move(bad));
    }
    if (status == VenueStatus::PendingCancel)
        return {};
    if (options.cancelAfter > Duration::zero() && status != VenueStatus::Held)
        record->order.status = VenueStatus::PendingCancel;
    schedule(Step::Cancel, id, options.cancelAfter);
    return {};
}

VenueResult<VenueOrder> Exchange::State::replace(const AccountId& accountId, const VenueOrderId& id,
                                                 const OrderChange& change)
{
    auto* record = orders.find(id);
    const auto* account = accounts.find(accountId);
    if (record == nullptr || account == nullptr || record->order.account != accountId)
        return tl::unexpected(refusal(Refusal::OrderNotFound, "order not found for " + id.text()));
    const VenueOrder old = record->order;
    const bool replaceable = old.status == VenueStatus::New || old.status == VenueStatus::Accepted
                             || old.status == VenueStatus::PartiallyFilled
                             || old.status == VenueStatus::Held;
    if (!replaceable || old.notional) {
        auto bad = refusal(Refusal::NotReplaceable,
                           fmt::format("cannot replace order in {} status", toString(old.status)));
        bad.figures = {{"status", std::string(toString(old.status))}};
        return tl::unexpected(std::move(bad));
    }
    const auto& instrument = source->instruments()[record->instrument];
    NewOrder request;
    request.clientOrderId = change.clientOrderId;
    request.symbol = old.symbol;
    request.side = old.side;
    request.type = old.type;
    request.timeInForce = change.timeInForce.value_or(old.timeInForce);
    request.quantity = change.quantity.value_or(old.quantity);
    request.limitPrice = change.limitPrice ? change.limitPrice : old.limitPrice;
    request.stopPrice = change.stopPrice ? change.stopPrice : old.stopPrice;
    request.trailPrice = old.trailPrice;
    request.trailPercent = old.trailPercent;
    if (change.trail && old.trailPrice)
        request.trailPrice = Price(*change.trail);
    if (change.trail && old.trailPercent)
        request.trailPercent = *change.trail;
    request.extendedHours = old.extendedHours;
    if (auto bad = checkShape(request, instrument, options.clientOrderIdMax))
        return tl::unexpected(std::move(*bad));
    if (!change.clientOrderId.empty()
        && orders.findByClientId(accountId, change.clientOrderId) != nullptr)
        return tl::unexpected(refusal(Refusal::DuplicateClientOrderId,
                                      "client_order_id must be unique", "client_order_id"));
    if (*request.quantity <= old.filledQuantity)
        return tl::unexpected(
            refusal(Refusal::InvalidQuantity, "qty must be greater than filled_qty", "qty"));
    if (old.parent && *request.quantity > old.quantity)
        return tl::unexpected(
            refusal(Refusal::InvalidQuantity, "the quantity of a leg cannot grow", "qty"));
    // The larger of the two orders is reserved while both exist: only growth needs room.
    record->order.status = VenueStatus::Held;
    const Quantity wanted = *request.quantity - old.filledQuantity;
    const auto bad = old.parent ? std::nullopt
                     : request.side == Side::Buy
                         ? checkBuy(*account, request, record->instrument, wanted)
                         : checkSell(*account, request, record->instrument, wanted);
    record->order.status = old.status;
    if (bad)
        return tl::unexpected(*bad);

    VenueOrder order = makeOrder(accountId, request, instrument);
    order.orderClass = old.orderClass;
    order.parent = old.parent;
    order.replaces = old.id;
    auto& successor = orders.add(std::move(order), record->instrument);
    record->replacement = successor.order.id;
    if (old.status != VenueStatus::Held)
        record->order.status = VenueStatus::PendingReplace;
    schedule(Step::Replace, successor.order.id, options.acknowledgeAfter);
    return successor.order;
}

/// The group belongs to the successor now. Exits are for what the entry will have filled in all, and
/// two exits are always for the same quantity.
void Exchange::State::adoptGroup(OrderRecord& successor, const OrderRecord& old)
{
    const auto& order = successor.order;
    for (const auto& id : order.legs) {
        auto* leg = orders.find(id);
        if (leg == nullptr)
            continue;
        leg->order.parent = order.id;
        leg->order.quantity = order.orderClass == OrderClass::Oco
                                  ? order.quantity
                                  : order.quantity + old.order.filledQuantity;
    }
    if (!order.parent)
        return;
    if (auto* parent = orders.find(*order.parent))
        std::replace(parent->order.legs.begin(), parent->order.legs.end(), old.order.id, order.id);
    if (auto* sibling = siblingOf(successor)) {
        if (!isFinal(sibling->order.status))
            sibling->order.quantity = order.quantity + sibling->order.filledQuantity;
    }
}

/// The old order is taken from the market and the new one put there, unless the old one filled.
/// What it had filled counts: the new one is for what is left of the quantity asked for.
void Exchange::State::finishReplace(OrderRecord& successor)
{
    auto* old = orders.find(*successor.order.replaces);
    QD_ASSERT(old != nullptr);
    const Quantity filled = old->order.filledQuantity;
    if (isFinal(old->order.status) || successor.order.quantity <= filled) {
        if (!isFinal(old->order.status)) {
            old->replacement = VenueOrderId();
            old->order.status = VenueStatus::PartiallyFilled;
        }
        end(successor, VenueStatus::Rejected, "the order to replace has been filled");
        return;
    }
    const bool held = old->order.status == VenueStatus::Held;
    const bool watched = old->watched;
    const bool neverAtMarket = !watched && !held;
    old->order.replacedBy = successor.order.id;
    successor.order.quantity -= filled;
    successor.order.legs = old->order.legs;
    successor.order.highWaterMark = old->order.highWaterMark;
    successor.order.triggered = old->order.triggered;
    successor.waitsForAuction = old->waitsForAuction;
    adoptGroup(successor, *old);
    finish(*old, VenueStatus::Replaced, "replaced by " + successor.order.id.text());
    if (held) {
        successor.order.status = VenueStatus::Held;
        if (watched)
            orders.watch(successor);
        report(OrderEvent::Held, successor);
    } else if (neverAtMarket || !mayTrade(successor)) {
        successor.order.status = VenueStatus::Accepted;
        report(OrderEvent::Accepted, successor);
    } else {
        activate(successor);
    }
}

} // namespace qd::exchange
