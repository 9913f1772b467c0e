#include "services/orders/book.h"

#include <algorithm>

#include "models/base/clamped.h"

namespace qd::orders {

namespace {

constexpr std::string_view kOpeningPrefix = "opening:";

Int128 notionalOf(const Order& order)
{
    return static_cast<Int128>(order.averagePrice.units()) * order.filledQuantity.units();
}

/// Exits of a group stand for the same shares as their entry, and an order that is about to be
/// replaced for the same shares as the one that takes its place.
bool isCounted(const Order& order)
{
    const bool isReplaced = order.state == OrderState::PendingUpdate && !order.replacedBy.empty();
    return order.parent.empty() && !isReplaced;
}

} // namespace

ClientOrderId openingKey(const std::string& orderId)
{
    return ClientOrderId(std::string(kOpeningPrefix) + orderId);
}

std::size_t Book::OrderHash::operator()(const std::unique_ptr<Tracked>& tracked) const
{
    return IdHash()(tracked->order->request.clientOrderId);
}

bool Book::SameOrder::operator()(const std::unique_ptr<Tracked>& a,
                                 const std::unique_ptr<Tracked>& b) const
{
    return a->order->request.clientOrderId == b->order->request.clientOrderId;
}

bool Book::SameOrder::operator()(const ClientOrderId& id,
                                 const std::unique_ptr<Tracked>& tracked) const
{
    return tracked->order->request.clientOrderId == id;
}

const Tracked* Book::find(const ClientOrderId& id) const
{
    const auto found = m_orders.find(id);
    return found == m_orders.end() ? nullptr : found->get();
}

Tracked* Book::mutableOrder(const ClientOrderId& id)
{
    const auto found = m_orders.find(id);
    return found == m_orders.end() ? nullptr : found->get();
}

const Tracked* Book::findByVenueId(const VenueOrderId& id) const
{
    const auto found = m_byVenueId.find(id);
    return found == m_byVenueId.end() ? nullptr : found->second;
}

Tracked& Book::known(const ClientOrderId& id)
{
    Tracked* const tracked = mutableOrder(id);
    QD_ASSERT(tracked != nullptr);
    return *tracked;
}

Tracked& Book::add(const Shared<Order>& order)
{
    auto tracked = std::make_unique<Tracked>();
    tracked->order = order;
    return **m_orders.insert(std::move(tracked)).first;
}

const Tracked& Book::put(Shared<Order> shared)
{
    const Order& order = *shared;
    Tracked* const before = mutableOrder(order.request.clientOrderId);
    const bool isNew = before == nullptr;
    Tracked& tracked = isNew ? add(shared) : *before;
    // Most steps move an order within the same indexes: looking its id up in all of them, to take it
    // out and put it back, would cost more than the step.
    const bool staysPut = !isNew && !isClosed(tracked.order->state) && !isClosed(order.state) &&
                          tracked.order->request.symbol == order.request.symbol;
    const bool wasInFlight = staysPut && isInFlight(tracked.order->state);
    if (staysPut) {
        count(*tracked.order, /*add=*/false);
    } else if (!isNew) {
        unindex(tracked);
    }
    if (isNew && !order.groupId.empty()) {
        m_groups[order.groupId].push_back(order.request.clientOrderId);
    }
    if (isNew) {
        tracked.number = ++m_lastNumber;
        tracked.filledNotional = notionalOf(order);
    } else if (order.filledQuantity == tracked.order->filledQuantity &&
               order.averagePrice != tracked.order->averagePrice) {
        tracked.filledNotional = notionalOf(order); // the venue's average, told later than its fills
    }
    const bool hasNewVenueId = isNew || tracked.order->venueOrderIds != order.venueOrderIds;
    tracked.order = std::move(shared);
    if (hasNewVenueId) indexVenueIds(tracked);
    if (!staysPut) {
        index(tracked);
        return tracked;
    }
    if (wasInFlight && !isInFlight(order.state)) m_inFlight.erase(tracked.number);
    if (!wasInFlight && isInFlight(order.state)) m_inFlight.emplace(tracked.number, &tracked);
    count(order, /*add=*/true);
    return tracked;
}

void Book::setNumber(const ClientOrderId& id, std::int64_t number)
{
    Tracked& tracked = known(id);
    unindex(tracked);
    tracked.number = number;
    index(tracked);
    m_lastNumber = std::max(m_lastNumber, number);
}

void Book::putHash(const ClientOrderId& id, const storage::Hash& requestHash)
{
    known(id).requestHash = requestHash;
}

void Book::addVenueId(const ClientOrderId& id, const VenueOrderId& venueId,
                      const ClientOrderId& replaces)
{
    Tracked& tracked = known(id);
    Order& order = tracked.order.own();
    order.venueOrderIds.push_back(venueId);
    order.replaces = replaces;
    m_byVenueId[venueId] = &tracked;
}

void Book::markCommitted(const ClientOrderId& id, std::int64_t version)
{
    Tracked* const found = mutableOrder(id);
    if (!found) return;
    Tracked& tracked = *found;
    tracked.committed = true;
    tracked.version = std::max(tracked.version, version);
}

void Book::addFill(const Fill& fill)
{
    m_executions.insert(fill.executionId);
    Position& position = m_positions[fill.symbol];
    position = afterFill(position, fill);
    ++m_fillCounts[fill.symbol];
    Tracked* const found = mutableOrder(fill.clientOrderId);
    if (!found) return;
    Tracked& tracked = *found;
    tracked.filledNotional += static_cast<Int128>(fill.price.units()) * fill.quantity.units();
    tracked.filledSingly += fill.quantity;
    if (fill.inferred) tracked.inferred += fill.quantity;
}

void Book::completeNotionals()
{
    for (const std::unique_ptr<Tracked>& entry : m_orders) {
        Tracked& tracked = *entry;
        // What was loaded has its fills counted in twice: once by its average, once singly.
        const bool isSum = tracked.filledSingly == tracked.order->filledQuantity;
        tracked.filledNotional -= notionalOf(*tracked.order);
        if (!isSum) tracked.filledNotional = notionalOf(*tracked.order);
    }
}

Quantity Book::filledBeforeOpening(const ClientOrderId& id, const VenueOrderId& venueId) const
{
    for (const ClientOrderId& key : {openingKey(id.text()), openingKey(venueId.text())}) {
        const auto found = m_filledBeforeOpening.find(key);
        if (found != m_filledBeforeOpening.end()) return clampedTo<Quantity>(found->second);
    }
    return {};
}

void Book::addExplained(const ExplainedExecution& execution)
{
    m_executions.insert(execution.executionId);
    if (execution.clientOrderId.text().starts_with(kOpeningPrefix)) {
        m_filledBeforeOpening[execution.clientOrderId] += execution.quantity.units();
        return;
    }
    Tracked* const found = mutableOrder(execution.clientOrderId);
    if (!found) return;
    Quantity& inferred = found->inferred;
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
    const OpenSums sums = openSums(symbol);
    return {clampedTo<Quantity>(sums.buy), clampedTo<Quantity>(sums.sell)};
}

Exposure Book::exposureWithout(const Order& except) const
{
    OpenSums sums = openSums(except.request.symbol);
    if (isCounted(except)) sums.of(except.request.side) -= except.leavesQuantity().units();
    return {clampedTo<Quantity>(sums.buy), clampedTo<Quantity>(sums.sell)};
}

Book::OpenSums Book::openSums(const Symbol& symbol) const
{
    const auto found = m_openSums.find(symbol);
    return found == m_openSums.end() ? OpenSums{} : found->second;
}

std::vector<ClientOrderId> Book::openOrdersOf(const Symbol& symbol) const
{
    const auto found = m_openBySymbol.find(symbol);
    return found == m_openBySymbol.end() ? std::vector<ClientOrderId>() : idsOf(found->second);
}

std::vector<ClientOrderId> Book::idsOf(const ByNumber& orders)
{
    std::vector<ClientOrderId> ids;
    ids.reserve(orders.size());
    for (const auto& [number, tracked] : orders) ids.push_back(tracked->order->request.clientOrderId);
    return ids;
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

void Book::unindex(const Tracked& tracked)
{
    const Order& order = *tracked.order;
    if (isClosed(order.state)) return;
    m_open.erase(tracked.number);
    m_inFlight.erase(tracked.number);
    const auto found = m_openBySymbol.find(order.request.symbol);
    if (found != m_openBySymbol.end()) {
        found->second.erase(tracked.number);
        if (found->second.empty()) m_openBySymbol.erase(found);
    }
    count(order, /*add=*/false);
}

void Book::indexVenueIds(const Tracked& tracked)
{
    for (const VenueOrderId& venueId : tracked.order->venueOrderIds) m_byVenueId[venueId] = &tracked;
}

void Book::index(const Tracked& tracked)
{
    const Order& order = *tracked.order;
    if (isClosed(order.state)) return;
    const auto add = [&tracked](ByNumber& orders) {
        orders.emplace_hint(orders.end(), tracked.number, &tracked);
    };
    add(m_open);
    if (isInFlight(order.state)) add(m_inFlight);
    add(m_openBySymbol[order.request.symbol]);
    count(order, /*add=*/true);
}

void Book::count(const Order& order, bool add)
{
    if (!isCounted(order)) return;
    const Int128 leaves = order.leavesQuantity().units();
    m_openSums[order.request.symbol].of(order.request.side) += add ? leaves : -leaves;
}

} // namespace qd::orders
