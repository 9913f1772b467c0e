#include "services/sandbox/alpaca/venue_records.h"

#include <algorithm>

#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::size_t kExecutionsMax = 20'000;

bool matches(const exchange::VenueOrder& order, const exchange::OrderFilter& filter)
{
    using Which = exchange::OrderFilter::Which;
    const bool closed = exchange::isFinal(order.status);
    if ((filter.which == Which::Open && closed) || (filter.which == Which::Closed && !closed))
        return false;
    if (!filter.symbols.empty()
        && std::find(filter.symbols.begin(), filter.symbols.end(), order.symbol)
            == filter.symbols.end())
        return false;
    return (!filter.side || *filter.side == order.side)
        && (!filter.after || order.submittedAt > *filter.after)
        && (!filter.until || order.submittedAt < *filter.until);
}

} // namespace

std::optional<exchange::VenueOrder> VenueRecords::order(const AccountId& account,
                                                        const VenueOrderId& id) const
{
    for (const auto& phantom : m_phantoms)
        if (phantom.id == id && phantom.account == account)
            return phantom;
    const auto found = m_exchange.order(account, id);
    return found ? std::optional(distorted(*found)) : std::nullopt;
}

std::optional<exchange::VenueOrder>
VenueRecords::orderByClientId(const AccountId& account, const std::string& clientOrderId) const
{
    for (const auto& phantom : m_phantoms)
        if (phantom.clientOrderId == clientOrderId && phantom.account == account)
            return phantom;
    const auto found = m_exchange.orderByClientId(account, clientOrderId);
    return found ? std::optional(distorted(*found)) : std::nullopt;
}

std::vector<exchange::VenueOrder>
VenueRecords::orders(const AccountId& account, const exchange::OrderFilter& filter) const
{
    auto found = m_exchange.orders(account, filter);
    for (auto& order : found)
        order = distorted(std::move(order));
    for (const auto& phantom : m_phantoms)
        if (phantom.account == account && matches(phantom, filter))
            found.push_back(phantom);
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
        return filter.newestFirst ? a.submittedAt > b.submittedAt : a.submittedAt < b.submittedAt;
    });
    if (found.size() > filter.limit)
        found.resize(filter.limit);
    return found;
}

std::vector<exchange::VenuePosition> VenueRecords::positions(const AccountId& account) const
{
    auto found = m_exchange.positions(account);
    for (const auto& [key, drift] : m_drifts) {
        const Symbol& symbol = key.second;
        if (key.first != account)
            continue;
        const auto place = std::find_if(found.begin(), found.end(), [&](const auto& position) {
            return position.symbol == symbol;
        });
        if (place != found.end())
            *place = drifted(*place, drift);
        else if (const auto only = position(account, symbol))
            found.push_back(*only);
    }
    std::erase_if(found, [](const auto& position) { return position.quantity.isZero(); });
    return found;
}

std::optional<exchange::VenuePosition> VenueRecords::position(const AccountId& account,
                                                              const Symbol& symbol) const
{
    auto found = m_exchange.position(account, symbol);
    const auto drift = m_drifts.find({account, symbol});
    if (drift != m_drifts.end()) {
        if (!found) {
            found.emplace();
            found->symbol = symbol;
            if (const auto index = m_exchange.find(symbol)) {
                found->assetClass = m_exchange.instruments()[*index].assetClass;
                const auto snapshot = m_exchange.snapshot(*index);
                if (snapshot.trade)
                    found->currentPrice = snapshot.trade->price;
                if (snapshot.previousDailyBar)
                    found->lastDayPrice = snapshot.previousDailyBar->close;
            }
        }
        found = drifted(*found, drift->second);
    }
    if (found && found->quantity.isZero())
        return std::nullopt;
    return found;
}

exchange::VenuePosition VenueRecords::drifted(exchange::VenuePosition position,
                                              const Drift& drift) const
{
    const Quantity before = position.quantity;
    position.quantity += drift.quantity;
    position.quantityAvailable += drift.quantity;
    if (before.isZero())
        position.averageEntry = drift.price;
    if (position.currentPrice.isZero())
        position.currentPrice = drift.price;
    position.costBasis = notional(position.averageEntry, position.quantity);
    position.marketValue = notional(position.currentPrice, position.quantity);
    position.unrealised = position.marketValue - position.costBasis;
    return position;
}

std::vector<exchange::VenueExecution> VenueRecords::executions(const AccountId& account) const
{
    std::vector<exchange::VenueExecution> all;
    for (auto execution : m_exchange.executions(account, kExecutionsMax)) {
        const auto cut = m_splits.find(execution.id);
        if (cut != m_splits.end()) {
            auto first = execution;
            const Quantity rest = execution.quantity - cut->second.first;
            first.quantity = cut->second.first;
            first.cumulative -= rest;
            first.leaves += rest;
            all.push_back(first);
            execution.id = cut->second.restId;
            execution.quantity = rest;
        }
        all.push_back(std::move(execution));
    }
    for (const auto& extra : m_extra)
        if (extra.account == account)
            all.push_back(extra);
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return all;
}

exchange::VenueOrder VenueRecords::distorted(exchange::VenueOrder order) const
{
    for (const auto& extra : m_extra)
        if (extra.order == order.id)
            order.filledQuantity += extra.quantity;
    return order;
}

Quantity VenueRecords::positionQuantity(const AccountId& account, const Symbol& symbol) const
{
    const auto held = position(account, symbol);
    return held ? held->quantity : Quantity();
}

void VenueRecords::noteSubmitted(const VenueOrderId& id)
{
    if (!m_hideNext)
        return;
    m_hideNext = false;
    if (m_hidden.size() < kUntruthsMax)
        m_hidden.insert(id);
}

void VenueRecords::addPhantom(exchange::VenueOrder order)
{
    if (m_phantoms.size() >= kUntruthsMax)
        m_phantoms.pop_front();
    m_phantoms.push_back(std::move(order));
}

void VenueRecords::setPhantom(const exchange::VenueOrder& order)
{
    for (auto& phantom : m_phantoms)
        if (phantom.id == order.id)
            phantom = order;
}

void VenueRecords::addExecution(const exchange::VenueExecution& execution)
{
    if (m_extra.size() >= kUntruthsMax)
        m_extra.pop_front();
    m_extra.push_back(execution);
    const Quantity signedQuantity =
        execution.side == Side::Buy ? execution.quantity : -execution.quantity;
    adjustPosition(execution.account, execution.symbol, signedQuantity, execution.price);
}

void VenueRecords::split(const ExecutionId& id, Quantity first, const ExecutionId& restId)
{
    if (m_splits.size() >= kUntruthsMax)
        m_splits.erase(m_splits.begin());
    m_splits[id] = {first, restId};
}

void VenueRecords::adjustPosition(const AccountId& account, const Symbol& symbol, Quantity delta,
                                  Price price)
{
    Drift& drift = m_drifts[{account, symbol}];
    drift.quantity += delta;
    drift.price = price;
    if (drift.quantity.isZero())
        m_drifts.erase({account, symbol});
}

void VenueRecords::clear()
{
    m_hideNext = false;
    m_hidden.clear();
    m_phantoms.clear();
    m_extra.clear();
    m_splits.clear();
    m_drifts.clear();
}

} // namespace qd::sandbox::alpaca
