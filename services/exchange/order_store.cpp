#include "services/exchange/order_store.h"

#include <algorithm>

namespace qd::exchange {

OrderStore::OrderStore(std::size_t instruments, std::size_t closedKept)
    : m_closedKept(closedKept), m_watched(instruments)
{
}

std::string OrderStore::clientKey(const AccountId& account, const std::string& clientOrderId)
{
    return account.text() + '\n' + clientOrderId;
}

OrderRecord& OrderStore::add(VenueOrder order, InstrumentIndex instrument)
{
    auto& added = insert(std::move(order), instrument, m_nextNumber++);
    m_open.emplace(added.number, &added);
    return added;
}

OrderRecord& OrderStore::restore(VenueOrder order, InstrumentIndex instrument, std::uint64_t number)
{
    auto& added = insert(std::move(order), instrument, number);
    m_nextNumber = std::max(m_nextNumber, number + 1);
    if (isFinal(added.order.status))
        m_closed.push_back(number);
    else
        m_open.emplace(number, &added);
    return added;
}

std::vector<const OrderRecord*> OrderStore::after(std::uint64_t number) const
{
    std::vector<const OrderRecord*> result;
    for (auto at = m_records.upper_bound(number); at != m_records.end(); ++at)
        result.push_back(at->second.get());
    return result;
}

OrderRecord& OrderStore::insert(VenueOrder order, InstrumentIndex instrument, std::uint64_t number)
{
    auto record = std::make_unique<OrderRecord>();
    record->order = std::move(order);
    record->instrument = instrument;
    record->number = number;
    auto* added = record.get();
    m_records.emplace(added->number, std::move(record));
    m_byId.emplace(added->order.id.text(), added);
    m_byClientId.emplace(clientKey(added->order.account, added->order.clientOrderId), added);
    return *added;
}

OrderRecord* OrderStore::find(const VenueOrderId& id)
{
    const auto found = m_byId.find(id.text());
    return found == m_byId.end() ? nullptr : found->second;
}

const OrderRecord* OrderStore::find(const VenueOrderId& id) const
{
    const auto found = m_byId.find(id.text());
    return found == m_byId.end() ? nullptr : found->second;
}

OrderRecord* OrderStore::findByClientId(const AccountId& account, const std::string& clientOrderId)
{
    const auto found = m_byClientId.find(clientKey(account, clientOrderId));
    return found == m_byClientId.end() ? nullptr : found->second;
}

OrderRecord* OrderStore::findByNumber(std::uint64_t number)
{
    const auto found = m_records.find(number);
    return found == m_records.end() ? nullptr : found->second.get();
}

const std::vector<OrderRecord*>& OrderStore::watched(InstrumentIndex instrument) const
{
    return m_watched[instrument];
}

void OrderStore::watch(OrderRecord& record)
{
    if (record.watched)
        return;
    record.watched = true;
    auto& line = m_watched[record.instrument];
    const auto later = std::find_if(line.begin(), line.end(), [&record](const OrderRecord* other) {
        return other->number > record.number;
    });
    line.insert(later, &record);
}

void OrderStore::unwatch(OrderRecord& record)
{
    if (!record.watched)
        return;
    record.watched = false;
    std::erase(m_watched[record.instrument], &record);
}

std::vector<OrderRecord*> OrderStore::open() const
{
    std::vector<OrderRecord*> result;
    for (const auto& [number, record] : m_open)
        result.push_back(record);
    return result;
}

std::vector<OrderRecord*> OrderStore::openOf(const AccountId& account) const
{
    std::vector<OrderRecord*> result;
    for (const auto& [number, record] : m_open) {
        if (record->order.account == account)
            result.push_back(record);
    }
    return result;
}

void OrderStore::close(OrderRecord& record)
{
    unwatch(record);
    if (m_open.erase(record.number) != 0)
        m_closed.push_back(record.number);
}

std::vector<VenueOrder> OrderStore::select(const AccountId& account,
                                           const OrderFilter& filter) const
{
    std::vector<VenueOrder> result;
    const auto matches = [&](const OrderRecord& record) {
        const auto& order = record.order;
        const bool closed = isFinal(order.status);
        if (order.account != account || (filter.topLevelOnly && order.parent))
            return false;
        if (filter.which != OrderFilter::Which::All
            && closed != (filter.which == OrderFilter::Which::Closed))
            return false;
        if (!filter.symbols.empty()
            && std::find(filter.symbols.begin(), filter.symbols.end(), order.symbol)
                   == filter.symbols.end())
            return false;
        if (filter.side && order.side != *filter.side)
            return false;
        return (!filter.after || order.submittedAt > *filter.after)
               && (!filter.until || order.submittedAt < *filter.until);
    };
    const auto visit = [&](auto begin, auto end) {
        for (auto at = begin; at != end && result.size() < filter.limit; ++at) {
            if (matches(*at->second))
                result.push_back(at->second->order);
        }
    };
    if (filter.newestFirst)
        visit(m_records.rbegin(), m_records.rend());
    else
        visit(m_records.begin(), m_records.end());
    return result;
}

void OrderStore::prune()
{
    while (m_closed.size() > m_closedKept) {
        const auto found = m_records.find(m_closed.front());
        m_closed.pop_front();
        const auto& order = found->second->order;
        m_byId.erase(order.id.text());
        m_byClientId.erase(clientKey(order.account, order.clientOrderId));
        m_records.erase(found);
    }
}

} // namespace qd::exchange
