#include "services/orders/book.h"

#include <algorithm>

namespace qd::orders {

namespace {

constexpr std::string_view kOpeningPrefix = "opening:";

Int128 notionalOf(const Order& order)
{
    return static_cast<Int128>(order.averagePrice.units()) * order.filledQuantity.units();
}

} // namespace

ClientOrderId openingKey(const std::string& orderId)
{
    return ClientOrderId(std::string(kOpeningPrefix) + orderId);
}

const Tracked* Book::find(const ClientOrderId& id) const
{
    const auto found = m_orders.find(id);
    return found == m_orders.end() ? nullptr : &found->second;
}

const Tracked* Book::findByVenueId(const VenueOrderId& id) const
{
    const auto found = m_byVenueId.find(id);
    return found == m_byVenueId.end() ? nullptr : find(found->second);
}

void Book::put(const Order& order)
{
    const auto [place, isNew] = m_orders.try_emplace(order.request.clientOrderId);
    Tracked& tracked = place->second;
    // Most steps move an order within the same indexes: looking its id up in all of them, to take it
    // out and put it back, would cost more than the step.
    const bool staysPut = !isNew && !isClosed(tracked.order.state) && !isClosed(order.state) &&
                          tracked.order.request.symbol == order.request.symbol;
    const bool wasInFlight = staysPut && isInFlight(tracked.order.state);
    if (staysPut) {
        count(tracked.order, /*add=*/false);
    } else if (!isNew) {
        unindex(tracked.order);
    }
    if (isNew && !order.groupId.empty()) {
        m_groups[order.groupId].push_back(order.request.clientOrderId);
    }
    if (isNew) {
        tracked.number = ++m_lastNumber;
        tracked.filledNotional = notionalOf(order);
    } else if (order.filledQuantity == tracked.order.filledQuantity &&
               order.averagePrice != tracked.order.averagePrice) {
        tracked.filledNotional = notionalOf(order); // the venue's average, told later than its fills
    }
    const bool hasNewVenueId = isNew || tracked.order.venueOrderIds != order.venueOrderIds;
    const std::int64_t version = tracked.order.version;
    tracked.order = order;
    tracked.order.version = std::max(version, order.version);
    if (hasNewVenueId) indexVenueIds(order);
    if (!staysPut) return index(order);
    if (wasInFlight && !isInFlight(order.state)) m_inFlight.erase(order.request.clientOrderId);
    if (!wasInFlight && isInFlight(order.state)) m_inFlight.insert(order.request.clientOrderId);
    count(order, /*add=*/true);
}

void Book::setNumber(const ClientOrderId& id, std::int64_t number)
{
    m_orders.at(id).number = number;
    m_lastNumber = std::max(m_lastNumber, number);
}

void Book::putHash(const ClientOrderId& id, std::string requestHash)
{
    m_orders.at(id).requestHash = std::move(requestHash);
}

void Book::markCommitted(const ClientOrderId& id, std::int64_t version)
{
    const auto found = m_orders.find(id);
    if (found == m_orders.end()) return;
    found->second.committed = true;
    found->second.order.version = std::max(found->second.order.version, version);
}

void Book::addFill(const Fill& fill)
{
    m_executions.insert(fill.executionId);
    Position& position = m_positions[fill.symbol];
    position = afterFill(position, fill);
    ++m_fillCounts[fill.symbol];
    const auto found = m_orders.find(fill.clientOrderId);
    if (found == m_orders.end()) return;
    Tracked& tracked = found->second;
    tracked.filledNotional += static_cast<Int128>(fill.price.units()) * fill.quantity.units();
    tracked.filledSingly += fill.quantity;
    if (fill.inferred) tracked.inferred += fill.quantity;
}

void Book::completeNotionals()
{
    for (auto& [id, tracked] : m_orders) {
        // What was loaded has its fills counted in twice: once by its average, once singly.
        const bool isSum = tracked.filledSingly == tracked.order.filledQuantity;
        tracked.filledNotional -= notionalOf(tracked.order);
        if (!isSum) tracked.filledNotional = notionalOf(tracked.order);
    }
}

Quantity Book::filledBeforeOpening(const ClientOrderId& id, const VenueOrderId& venueId) const
{
    for (const ClientOrderId& key : {openingKey(id.text()), openingKey(venueId.text())}) {
        const auto found = m_filledBeforeOpening.find(key);
        if (found != m_filledBeforeOpening.end()) return found->second;
    }
    return {};
}

void Book::addExplained(const ExplainedExecution& execution)
{
    m_executions.insert(execution.executionId);
    if (execution.clientOrderId.text().starts_with(kOpeningPrefix)) {
        m_filledBeforeOpening[execution.clientOrderId] += execution.quantity;
        return;
    }
    const auto found = m_orders.find(execution.clientOrderId);
    if (found == m_orders.end()) return;
    Quantity& inferred = found->second.inferred;
    inferred = std::max(inferred - execution.quantity, Quantity());
}

void Book::addOpening(const Position& opening)
{
    m_positions[opening.symbol] = opening;
}

Position Book::position(const Symbol& symbol) const
{
    const auto found = m_positions.find(symbol);
    if (found != m_positions.end()) return found->second;
    Position flat;
    flat.symbol = symbol;
    return flat;
}

Exposure Book::exposure(const Symbol& symbol) const
{
    const auto found = m_exposures.find(symbol);
    return found == m_exposures.end() ? Exposure{} : found->second;
}

std::vector<ClientOrderId> Book::openOrdersOf(const Symbol& symbol) const
{
    const auto found = m_openBySymbol.find(symbol);
    if (found == m_openBySymbol.end()) return {};
    return {found->second.begin(), found->second.end()};
}

const std::vector<ClientOrderId>& Book::membersOf(const std::string& groupId) const
{
    static const std::vector<ClientOrderId> kNone;
    const auto found = m_groups.find(groupId);
    return found == m_groups.end() ? kNone : found->second;
}

std::uint64_t Book::fillCount(const Symbol& symbol) const
{
    const auto found = m_fillCounts.find(symbol);
    return found == m_fillCounts.end() ? 0 : found->second;
}

void Book::unindex(const Order& order)
{
    if (isClosed(order.state)) return;
    const ClientOrderId& id = order.request.clientOrderId;
    m_open.erase(id);
    m_inFlight.erase(id);
    const auto found = m_openBySymbol.find(order.request.symbol);
    if (found != m_openBySymbol.end()) {
        found->second.erase(id);
        if (found->second.empty()) m_openBySymbol.erase(found);
    }
    count(order, /*add=*/false);
}

void Book::indexVenueIds(const Order& order)
{
    for (const VenueOrderId& venueId : order.venueOrderIds) {
        m_byVenueId[venueId] = order.request.clientOrderId;
    }
}

void Book::index(const Order& order)
{
    const ClientOrderId& id = order.request.clientOrderId;
    if (isClosed(order.state)) return;
    m_open.insert(id);
    if (isInFlight(order.state)) m_inFlight.insert(id);
    m_openBySymbol[order.request.symbol].insert(id);
    count(order, /*add=*/true);
}

void Book::count(const Order& order, bool add)
{
    // Exits of a group stand for the same shares as their entry, and an order that is about to be
    // replaced for the same shares as the one that takes its place.
    if (!order.parent.empty()) return;
    if (order.state == OrderState::PendingUpdate && !order.replacedBy.empty()) return;
    Exposure& exposure = m_exposures[order.request.symbol];
    Quantity& side = order.request.side == Side::Buy ? exposure.openBuy : exposure.openSell;
    const Quantity leaves = order.leavesQuantity();
    side += add ? leaves : -leaves;
}

} // namespace qd::orders
