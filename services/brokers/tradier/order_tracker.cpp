#include "services/brokers/tradier/order_tracker.h"

#include <algorithm>

namespace qd::brokers::tradier {

OrderTracker::Tracked& OrderTracker::add(std::int64_t id, std::int64_t fillsId)
{
    auto [found, isNew] = m_orders.try_emplace(id);
    if (isNew) {
        m_arrival.push_back(id);
        if (m_arrival.size() > kOrdersMax) {
            const auto oldest = m_arrival.front();
            m_arrival.pop_front();
            if (const auto gone = m_orders.find(oldest); gone != m_orders.end()) {
                m_containers.erase(gone->second.fillsId);
                m_containers.erase(oldest);
                m_orders.erase(gone);
            }
            found = m_orders.find(id);
        }
    }
    found->second.fillsId = fillsId;
    m_containers[id] = m_containers[fillsId] = id;
    return found->second;
}

void OrderTracker::noteTaken(std::int64_t id, const OrderRequest& request, Timestamp at)
{
    if (m_orders.contains(id)) return; // its events were faster than the answer
    Tracked& tracked = add(id, id);
    OrderReport& report = tracked.report;
    report.venueOrderId = VenueOrderId(std::to_string(id));
    report.clientOrderId = request.clientOrderId;
    report.request = request;
    report.state = OrderState::Accepted;
    report.venueStatus = "ok";
    report.createdAt = report.updatedAt = at;
}

void OrderTracker::noteChanged(std::int64_t id, const Modification& change)
{
    const auto found = m_orders.find(id);
    if (found == m_orders.end()) return;
    OrderRequest& request = found->second.report.request;
    if (change.limitPrice) request.limitPrice = change.limitPrice;
    if (change.stopPrice) request.stopPrice = change.stopPrice;
    if (change.timeInForce) request.timeInForce = *change.timeInForce;
}

void OrderTracker::noteOne(const ToldOrder& told)
{
    const bool isNew = !m_orders.contains(told.id);
    Tracked& tracked = add(told.id, told.fillsId);
    tracked.report = told.report;
    if (!isNew) return;
    const bool isOlder = !told.report.createdAt.isSet() || told.report.createdAt < m_startedAt;
    if (!isOlder) return;
    tracked.accepted = told.report.state != OrderState::Held;
    tracked.quantity = told.report.filledQuantity;
    tracked.notional =
        static_cast<Int128>(told.report.averagePrice.units()) * told.report.filledQuantity.units();
}

void OrderTracker::noteTold(const ToldOrder& told)
{
    noteOne(told);
    for (const auto& exit : told.exits) noteOne(exit);
}

std::optional<OrderReport> OrderTracker::find(std::int64_t id) const
{
    const auto container = m_containers.find(id);
    if (container == m_containers.end()) return std::nullopt;
    return m_orders.at(container->second).report;
}

Result<std::optional<Fill>> OrderTracker::advance(Tracked& tracked, Quantity filled, Price average,
                                                  Timestamp at, Timestamp receiveTime)
{
    const Quantity step = filled - tracked.quantity;
    if (!step.isPositive()) return std::optional<Fill>();
    const Int128 total = static_cast<Int128>(average.units()) * filled.units();
    const Int128 price = divideRounded(total - tracked.notional, step.units(), Rounding::HalfEven);
    if (price <= 0 || price > kPriceMax.units())
        return fail(ErrorKind::Invalid, "tradier.schema",
                    "expected an average that goes with the one before, was " + average.toString(),
                    "avg_fill_price");
    tracked.quantity = filled;
    tracked.notional = total;
    Fill fill;
    fill.executionId = ExecutionId("tradier-" + std::to_string(tracked.fillsId) + "-" + filled.toString());
    fill.clientOrderId = tracked.report.clientOrderId;
    fill.venueOrderId = tracked.report.venueOrderId;
    fill.account = m_account;
    fill.symbol = tracked.report.request.symbol;
    fill.side = tracked.report.request.side;
    fill.price = Price::fromUnits(static_cast<std::int64_t>(price));
    fill.quantity = step;
    fill.eventTime = at.isSet() ? at : receiveTime;
    fill.receiveTime = receiveTime;
    tracked.fills.push_back(fill);
    return std::optional(std::move(fill));
}

Result<std::vector<OrderUpdate>> OrderTracker::apply(const ToldEvent& event, Timestamp receiveTime)
{
    Tracked& tracked = m_orders.at(m_containers.at(event.id));
    OrderReport& report = tracked.report;
    const auto fill = advance(tracked, event.filled, event.average, event.at, receiveTime);
    if (!fill) return tl::unexpected(fill.error());
    if (event.filled > report.filledQuantity) {
        report.filledQuantity = event.filled;
        report.averagePrice = event.average;
    }
    const bool otherTerms = (event.price && event.price != report.request.limitPrice)
        || (event.stop && event.stop != report.request.stopPrice);
    if (event.price) report.request.limitPrice = event.price;
    if (event.stop) report.request.stopPrice = event.stop;
    const OrderState before = report.state;
    report.venueStatus = event.status;
    report.state = readState(event.status, report.filledQuantity, report.venueStatus);
    // The venue's sample has "pending" after "open": an order that has ended does not begin again.
    if (isClosed(before) && !isClosed(report.state)) report.state = before;
    if (event.at.isSet()) report.updatedAt = event.at;
    if (report.state == OrderState::Rejected)
        report.reason = event.reason.empty() ? "rejected by the venue" : event.reason;

    std::vector<OrderUpdate> updates;
    const auto tell = [&](OrderEventKind kind) {
        updates.push_back({kind, report, std::nullopt, event.at.isSet() ? event.at : receiveTime, receiveTime});
    };
    if (*fill) {
        tell(OrderEventKind::Filled);
        updates.back().fill = **fill;
    }
    const bool isNews = before != report.state || !tracked.accepted;
    switch (report.state) {
    case OrderState::Canceled:
        if (isNews) tell(OrderEventKind::Canceled);
        break;
    case OrderState::Expired:
        if (isNews) tell(OrderEventKind::Expired);
        break;
    case OrderState::Rejected:
        if (isNews) tell(OrderEventKind::Rejected);
        break;
    case OrderState::Held:
        if (isNews) tell(OrderEventKind::Held);
        return updates;
    case OrderState::Accepted:
        if (!tracked.accepted || before == OrderState::Held)
            tell(OrderEventKind::Accepted);
        else if (otherTerms)
            tell(OrderEventKind::Updated);
        break;
    case OrderState::Submitted: tell(OrderEventKind::Updated); return updates; // an unknown word
    default: break;
    }
    tracked.accepted = true;
    return updates;
}

void OrderTracker::settle(const ToldOrder& told, Timestamp receiveTime)
{
    noteTold(told);
    const auto settleOne = [&](const ToldOrder& one) {
        const OrderReport& report = one.report;
        // A step that makes no sense is left to whoever compares the totals.
        static_cast<void>(advance(m_orders.at(one.id), report.filledQuantity, report.averagePrice,
                                  report.updatedAt, receiveTime));
    };
    settleOne(told);
    for (const auto& exit : told.exits) settleOne(exit);
}

std::vector<Fill> OrderTracker::fillsSince(Timestamp since) const
{
    std::vector<Fill> fills;
    for (const auto& [id, tracked] : m_orders)
        for (const auto& fill : tracked.fills)
            if (!since.isSet() || fill.eventTime >= since) fills.push_back(fill);
    std::ranges::sort(fills, [](const Fill& a, const Fill& b) {
        return a.eventTime != b.eventTime ? a.eventTime < b.eventTime : a.executionId < b.executionId;
    });
    return fills;
}

} // namespace qd::brokers::tradier
