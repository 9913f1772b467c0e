#include "services/brokers/ibkr/order_tracker.h"

#include <algorithm>

#include "services/brokers/unknown_words.h"

namespace qd::brokers::ibkr {

namespace {

std::optional<OrderEventKind> kindOf(OrderState state)
{
    switch (state) {
    case OrderState::Accepted:
    case OrderState::PartiallyFilled:
    case OrderState::Filled: return OrderEventKind::Accepted; // the fills come as executions
    case OrderState::Held: return OrderEventKind::Held;
    case OrderState::Canceled: return OrderEventKind::Canceled;
    case OrderState::Expired: return OrderEventKind::Expired;
    case OrderState::Rejected: return OrderEventKind::Rejected;
    case OrderState::PendingCancel: return OrderEventKind::PendingCancel;
    default: return std::nullopt;
    }
}

/// Working, in part filled and filled are one for whoever is told: the rest comes as executions.
OrderState toldAs(OrderState state)
{
    const bool works = state == OrderState::PartiallyFilled || state == OrderState::Filled;
    return works ? OrderState::Accepted : state;
}

bool isPreSubmitted(std::string_view status)
{
    return status == "PreSubmitted" || status == "pre_submitted";
}

bool isExitRef(std::string_view ref)
{
    return ref.ends_with(kTakeProfitSuffix) || ref.ends_with(kStopLossSuffix);
}

} // namespace

OrderTracker::Tracked& OrderTracker::add(const std::string& orderId)
{
    const auto known = m_orders.find(orderId);
    if (known != m_orders.end()) return known->second;
    if (m_order.size() >= kOrdersMax) {
        const auto oldest = m_orders.find(m_order.front());
        m_idsByRef.erase(oldest->second.orderRef);
        m_orders.erase(oldest);
        m_order.pop_front();
    }
    m_order.push_back(orderId);
    Tracked& tracked = m_orders[orderId];
    tracked.orderId = orderId;
    return tracked;
}

void OrderTracker::setRef(Tracked& tracked, const std::string& orderRef)
{
    if (orderRef.empty()) return;
    tracked.orderRef = orderRef;
    m_idsByRef[orderRef] = tracked.orderId;
    attach(tracked);
}

/// An exit finds its entry by IBKR's number of it, or by the name that we gave it.
void OrderTracker::attach(Tracked& tracked)
{
    if (tracked.parentId.empty() && isExitRef(tracked.orderRef)) {
        const auto entry = m_idsByRef.find(
            tracked.orderRef.substr(0, tracked.orderRef.size() - kTakeProfitSuffix.size()));
        if (entry != m_idsByRef.end()) tracked.parentId = entry->second;
    }
    const auto parent = m_orders.find(tracked.parentId);
    if (parent == m_orders.end() || parent->first == tracked.orderId) return;
    auto& exits = parent->second.exits;
    const bool isNew = std::ranges::find(exits, tracked.orderId) == exits.end();
    if (isNew && exits.size() < kExitsMax) exits.push_back(tracked.orderId);
}

void OrderTracker::noteTaken(const OrderRequest& request, std::int64_t conid, const Taken& taken,
                             Timestamp at)
{
    for (std::size_t i = 0; i < taken.orders.size(); ++i) {
        const TakenOrder& order = taken.orders[i];
        Tracked& tracked = add(order.orderId);
        tracked.isOurs = true;
        tracked.conid = conid;
        if (!tracked.createdAt.isSet()) tracked.createdAt = tracked.updatedAt = at;
        if (tracked.venueStatus.empty()) {
            tracked.venueStatus = order.status;
            tracked.state = readStatus(order.status);
        }
        if (i == 0) {
            tracked.request = request;
            tracked.isWhole = true;
            setRef(tracked, request.clientOrderId.text());
            continue;
        }
        tracked.parentId = taken.orders[0].orderId;
        tracked.request.symbol = request.symbol;
        setRef(tracked, order.localOrderId);
        attach(tracked);
    }
}

void OrderTracker::noteChanged(const std::string& orderId, const OrderRequest& request)
{
    const auto found = m_orders.find(orderId);
    if (found != m_orders.end()) found->second.request = request;
}

void OrderTracker::readPrices(OrderRequest& request, const LiveOrder& order)
{
    switch (request.type) {
    case OrderType::Market: break;
    case OrderType::Limit:
        if (order.price) request.limitPrice = order.price;
        break;
    case OrderType::Stop:
        if (order.auxPrice || order.price) request.stopPrice = order.price ? order.price : order.auxPrice;
        break;
    case OrderType::StopLimit:
        if (order.price) request.limitPrice = order.price;
        if (order.auxPrice) request.stopPrice = order.auxPrice;
        break;
    case OrderType::TrailingStop:
        if (!order.trailingAmount) break;
        if (order.trailsByPercent)
            request.trailPercent = order.trailingAmount;
        else
            request.trailPrice = Price(*order.trailingAmount);
        break;
    }
}

/// What was asked for, as far as the message says it.
Result<void> OrderTracker::readTerms(Tracked& tracked, const LiveOrder& order)
{
    OrderRequest& request = tracked.request;
    const bool saysAll = order.side && order.total && (order.conid || order.ticker);
    if (!tracked.isWhole && !saysAll)
        return fail(ErrorKind::Invalid, "ibkr.unknown_order",
                    "a change of order " + tracked.orderId + ", which is not known");
    if (!tracked.isWhole || request.symbol.empty()) {
        auto symbol = m_conids.symbolOf(order.conid.value_or(0), order.ticker.value_or(""),
                                        order.secType.value_or("STK"));
        if (!symbol) return tl::unexpected(symbol.error());
        request.symbol = *symbol;
    }
    if (order.conid) tracked.conid = *order.conid;
    if (order.side) request.side = *order.side;
    if (order.total && order.total->isPositive()) request.quantity = *order.total;
    const bool mayClose = request.timeInForce == TimeInForce::Cls; // told as a day order
    if (order.timeInForce && !(mayClose && *order.timeInForce == TimeInForce::Day))
        request.timeInForce = *order.timeInForce;
    if (order.type)
        request.type = *order.type;
    else if (!tracked.isWhole && order.price) // a type that we do not know, by its prices
        request.type = order.auxPrice ? OrderType::StopLimit : OrderType::Limit;
    if (order.extendedHours) request.extendedHours = *order.extendedHours;
    if (!order.unknownWord.empty()) tracked.unknownWord = order.unknownWord;
    readPrices(request, order);
    tracked.isWhole = true;
    return {};
}

Result<void> OrderTracker::merge(const LiveOrder& order)
{
    const bool isNew = !m_orders.contains(order.orderId);
    const bool saysAll = order.side && order.total && order.status && (order.conid || order.ticker);
    if (isNew && !saysAll)
        return fail(ErrorKind::Invalid, "ibkr.unknown_order",
                    "a change of order " + order.orderId + ", which is not known");
    Tracked& tracked = add(order.orderId);
    if (auto read = readTerms(tracked, order); !read) return read;
    if (order.parentId) tracked.parentId = *order.parentId;
    if (order.orderRef) setRef(tracked, *order.orderRef);
    attach(tracked);
    if (order.status) {
        tracked.venueStatus = *order.status;
        tracked.state = readStatus(*order.status);
    }
    if (order.reason) tracked.reason = *order.reason;
    tracked.isDead = tracked.state == OrderState::Held && tracked.venueStatus.starts_with('I') &&
                     (order.cannotBeCanceled || !tracked.reason.empty());
    if (order.filled) tracked.filledTold = *order.filled;
    if (order.averagePrice) tracked.averageTold = *order.averagePrice;
    if (order.changedAt.isSet()) {
        if (!tracked.createdAt.isSet()) tracked.createdAt = order.changedAt;
        tracked.updatedAt = std::max(tracked.updatedAt, order.changedAt);
    }
    return {};
}

OrderState OrderTracker::stateOf(const Tracked& tracked) const
{
    if (!tracked.state || !tracked.unknownWord.empty()) return OrderState::Submitted; // no news
    if (tracked.isDead) return OrderState::Rejected;
    if (*tracked.state != OrderState::Accepted) return *tracked.state;
    const auto parent = m_orders.find(tracked.parentId);
    const bool waits = parent != m_orders.end() && parent->second.state != OrderState::Filled &&
                       isPreSubmitted(tracked.venueStatus);
    if (waits) return OrderState::Held;
    const Quantity filled = std::max(tracked.filledTold, tracked.executed);
    return filled.isPositive() ? OrderState::PartiallyFilled : OrderState::Accepted;
}

OrderReport OrderTracker::reportOf(const Tracked& tracked) const
{
    OrderReport report = reportAlone(tracked);
    for (const auto& id : tracked.exits) // exits have none themselves, whatever IBKR says
        if (const auto exit = m_orders.find(id); exit != m_orders.end() && exit->second.isWhole)
            report.legs.push_back(reportAlone(exit->second));
    return report;
}

OrderReport OrderTracker::reportAlone(const Tracked& tracked) const
{
    OrderReport report;
    report.clientOrderId = ClientOrderId(tracked.orderRef.empty() ? tracked.orderId : tracked.orderRef);
    report.venueOrderId = VenueOrderId(tracked.orderId);
    report.request = tracked.request;
    report.request.clientOrderId = report.clientOrderId;
    report.request.account = m_account;
    report.state = stateOf(tracked);
    report.venueStatus = tracked.venueStatus;
    if (!tracked.state)
        report.venueStatus = std::string(kUnknownWord).append("status ").append(tracked.venueStatus, 0, 40);
    else if (!tracked.unknownWord.empty())
        report.venueStatus = tracked.unknownWord;
    report.reason = tracked.reason;
    if (report.state == OrderState::Rejected && report.reason.empty())
        report.reason = "IBKR holds it as inactive";
    report.filledQuantity = std::max(tracked.filledTold, tracked.executed);
    report.averagePrice = tracked.averageTold;
    if (tracked.isOurs && tracked.executed.isPositive() && tracked.executed >= tracked.filledTold)
        if (const auto average =
                tracked.traded.total().dividedBy(tracked.executed.value(), Rounding::HalfEven))
            report.averagePrice = Price(*average);
    report.createdAt = tracked.createdAt;
    report.updatedAt = tracked.updatedAt;
    const auto parent = m_orders.find(tracked.parentId);
    if (parent != m_orders.end() && parent->first != tracked.orderId)
        report.parent = ClientOrderId(parent->second.orderRef.empty() ? parent->second.orderId
                                                                      : parent->second.orderRef);
    return report;
}

std::optional<OrderUpdate> OrderTracker::newsOf(Tracked& tracked, Timestamp receiveTime)
{
    if (!tracked.isWhole) return std::nullopt;
    OrderUpdate update;
    update.report = reportOf(tracked);
    update.receiveTime = receiveTime;
    update.eventTime = tracked.updatedAt.isSet() ? tracked.updatedAt : receiveTime;
    const OrderState state = toldAs(update.report.state);
    const auto kind = kindOf(state);
    const bool isUnknown = hasUnknownWord(update.report.venueStatus);
    if (isUnknown || (kind && tracked.toldState != state)) {
        update.kind = kind.value_or(OrderEventKind::Updated);
        tracked.toldState = state;
    } else if (kind && tracked.toldRequest && *tracked.toldRequest != tracked.request) {
        update.kind = OrderEventKind::Updated;
    } else {
        return std::nullopt;
    }
    tracked.toldRequest = tracked.request;
    return update;
}

std::vector<OrderUpdate> OrderTracker::news(const std::string& orderId, Timestamp receiveTime)
{
    std::vector<OrderUpdate> all;
    const auto found = m_orders.find(orderId);
    if (found == m_orders.end()) return all;
    if (auto update = newsOf(found->second, receiveTime)) all.push_back(std::move(*update));
    for (const auto& id : found->second.exits) {
        const auto exit = m_orders.find(id);
        if (exit == m_orders.end()) continue;
        if (auto update = newsOf(exit->second, receiveTime)) all.push_back(std::move(*update));
    }
    return all;
}

Result<Fill> OrderTracker::fillOf(Execution execution)
{
    Fill& fill = execution.fill;
    auto symbol = m_conids.symbolOf(execution.conid, execution.ticker, execution.secType);
    if (!symbol) return tl::unexpected(symbol.error());
    fill.symbol = std::move(*symbol);
    if (const auto id = m_idsByRef.find(fill.clientOrderId.text()); id != m_idsByRef.end())
        fill.venueOrderId = VenueOrderId(id->second);
    return std::move(fill);
}

OrderUpdate OrderTracker::executed(const Fill& fill)
{
    OrderUpdate update;
    update.kind = OrderEventKind::Filled;
    update.receiveTime = fill.receiveTime;
    update.eventTime = fill.eventTime;
    update.fill = fill;
    const auto found = m_orders.find(fill.venueOrderId.text());
    if (found == m_orders.end()) {
        update.report.clientOrderId = fill.clientOrderId;
        update.report.request.symbol = fill.symbol;
        update.report.request.side = fill.side;
        update.report.request.account = m_account;
        return update;
    }
    Tracked& tracked = found->second;
    if (tracked.executions.size() < kExecutionsMax && tracked.executions.insert(fill.executionId).second) {
        const bool isFirst = tracked.executions.size() == 1;
        if (!tracked.isOurs && isFirst) // what was told before counts this one already
            tracked.executed = std::max(tracked.filledTold - fill.quantity, Quantity());
        tracked.executed += fill.quantity;
        tracked.traded.add(fill.price, fill.quantity);
    }
    update.report = reportAlone(tracked);
    return update;
}

std::optional<OrderReport> OrderTracker::find(const std::string& orderId) const
{
    const auto found = m_orders.find(orderId);
    if (found == m_orders.end() || !found->second.isWhole) return std::nullopt;
    return reportOf(found->second);
}

std::optional<OrderReport> OrderTracker::findByRef(const std::string& orderRef) const
{
    const auto id = m_idsByRef.find(orderRef);
    return id == m_idsByRef.end() ? std::nullopt : find(id->second);
}

std::int64_t OrderTracker::conidOf(const std::string& orderId) const
{
    const auto found = m_orders.find(orderId);
    return found == m_orders.end() ? 0 : found->second.conid;
}

} // namespace qd::brokers::ibkr
