#include "services/orders/projection.h"

#include <algorithm>

#include "models/base/whole_number.h"

namespace qd::orders {

namespace {

/// What an open order may still cost if it fills at its worst price.
Money riskOf(const Order& order)
{
    const OrderRequest& request = order.request;
    if (isClosed(order.state) || !order.parent.empty()) return {};
    const std::optional<Price> price = request.limitPrice ? request.limitPrice : request.stopPrice;
    return price ? notional(*price, order.leavesQuantity(), Rounding::Up) : Money();
}

bool matches(const OrderFilter& filter, const Order& order)
{
    const bool closed = isClosed(order.state);
    if (filter.status == OrderFilter::Status::Open && closed) return false;
    if (filter.status == OrderFilter::Status::Closed && !closed) return false;
    if (filter.symbol && order.request.symbol != *filter.symbol) return false;
    if (filter.state && order.state != *filter.state) return false;
    if (filter.from.isSet() && order.createdAt < filter.from) return false;
    if (filter.to.isSet() && order.createdAt >= filter.to) return false;
    return !filter.side || order.request.side == *filter.side;
}

/// Cursors are the number below which the next page begins.
std::uint64_t readCursor(const std::string& cursor, std::uint64_t newest)
{
    return std::min(wholeNumber<std::uint64_t>(cursor).value_or(newest), newest);
}

/// How many are looked at for one page: what matches may be rare among many.
constexpr std::size_t kLooksMax = 20'000;

/// Walks numbers downwards and gives `take` those that it wants, up to `limit` of them. The cursor
/// of the next page; empty at the end.
template <typename Iterator, typename Take>
std::string collect(Iterator begin, Iterator end, std::size_t limit, const Take& take)
{
    std::size_t taken = 0, looks = 0;
    for (Iterator it = begin; it != end; ++it) {
        if (taken == limit || looks++ == kLooksMax) return std::to_string(*it + 1);
        if (take(*it)) ++taken;
    }
    return {};
}

/// Counts down without a container, for pages over all orders.
struct Countdown {
    std::uint64_t value; ///< one above the number it stands for
    std::uint64_t operator*() const { return value - 1; }
    Countdown& operator++()
    {
        --value;
        return *this;
    }
    friend bool operator==(Countdown, Countdown) = default;
};

} // namespace

void Projection::reset(const Loaded& loaded)
{
    *this = Projection();
    for (const Loaded::StoredOrder& stored : loaded.orders) {
        put(stored.number, stored.order);
    }
    replay(
        loaded, [this](const Position& opening) { m_positions[opening.symbol] = opening; },
        [this](const Fill& fill) {
            addFill(fill);
            Position& position = m_positions[fill.symbol];
            position = afterFill(position, fill);
        });
    m_account = loaded.account;
    m_trading = loaded.trading;
    m_lastSequence = loaded.lastSequence;
}

void Projection::apply(const Entry& entry)
{
    const Committed& fact = entry.fact;
    m_lastSequence = std::max(m_lastSequence, fact.sequence);
    if (fact.order) put(entry.orderNumber, fact.order);
    if (fact.fill) addFill(*fact.fill);
    if (fact.position) m_positions[fact.position->symbol] = *fact.position;
    if (fact.account) m_account = *fact.account;
    if (fact.trading) m_trading = *fact.trading;
    for (const Position& opening : entry.openings) m_positions[opening.symbol] = opening;
}

void Projection::put(std::int64_t orderNumber, const Shared<Order>& shared)
{
    const Order& order = *shared;
    const auto [place, isNew] = m_numbers.try_emplace(orderNumber, m_rows.size());
    const Number number = place->second;
    if (isNew) {
        m_rows.emplace_back();
        m_bySymbol[order.request.symbol].push_back(number);
    }
    Row& row = m_rows[number];
    const bool wasOpen = !isNew && !isClosed(row.order->state);
    m_openRisk -= row.risk;
    row.order = shared;
    row.risk = riskOf(order);
    m_openRisk += row.risk;
    const bool isOpenNow = !isClosed(order.state);
    if (wasOpen && !isOpenNow) m_open.erase(number);
    if (!wasOpen && isOpenNow) m_open.insert(m_open.end(), number); // mostly the newest
}

void Projection::addFill(const Fill& fill)
{
    m_fillsBySymbol[fill.symbol].push_back(m_fills.size());
    m_fills.push_back(fill);
}

const Order* Projection::find(std::int64_t orderNumber) const
{
    const auto found = m_numbers.find(orderNumber);
    return found == m_numbers.end() ? nullptr : &*m_rows[found->second].order;
}

OrderPage Projection::page(const OrderFilter& filter) const
{
    const std::uint64_t below = readCursor(filter.cursor, m_rows.size());
    OrderPage page;
    const auto take = [&](Number number) {
        const Order& order = *m_rows[number].order;
        if (!matches(filter, order)) return false;
        page.orders.push_back(order);
        return true;
    };
    if (filter.status == OrderFilter::Status::Open) {
        const auto begin = std::make_reverse_iterator(m_open.lower_bound(below));
        page.nextCursor = collect(begin, m_open.rend(), filter.limit, take);
    } else if (filter.symbol) {
        const auto found = m_bySymbol.find(*filter.symbol);
        if (found == m_bySymbol.end()) return page;
        const auto& numbers = found->second;
        const auto end = std::lower_bound(numbers.begin(), numbers.end(), below);
        page.nextCursor =
            collect(std::make_reverse_iterator(end), numbers.rend(), filter.limit, take);
    } else {
        page.nextCursor = collect(Countdown{below}, Countdown{0}, filter.limit, take);
    }
    return page;
}

FillPage Projection::fills(const FillFilter& filter) const
{
    const std::uint64_t below = readCursor(filter.cursor, m_fills.size());
    FillPage page;
    const auto take = [&](std::uint64_t number) {
        const Fill& fill = m_fills[number];
        if (filter.since.isSet() && fill.receiveTime < filter.since) return false;
        if (filter.to.isSet() && fill.receiveTime >= filter.to) return false;
        page.fills.push_back(fill);
        return true;
    };
    if (!filter.symbol) {
        page.nextCursor = collect(Countdown{below}, Countdown{0}, filter.limit, take);
        return page;
    }
    const auto found = m_fillsBySymbol.find(*filter.symbol);
    if (found == m_fillsBySymbol.end()) return page;
    const auto& numbers = found->second;
    const auto end = std::lower_bound(numbers.begin(), numbers.end(), below);
    page.nextCursor = collect(std::make_reverse_iterator(end), numbers.rend(), filter.limit, take);
    return page;
}

std::vector<Position> Projection::positions() const
{
    std::vector<Position> all;
    for (const auto& [symbol, position] : m_positions) all.push_back(position);
    std::ranges::sort(all, {}, &Position::symbol);
    return all;
}

std::optional<Position> Projection::position(const Symbol& symbol) const
{
    const auto found = m_positions.find(symbol);
    return found == m_positions.end() ? std::nullopt : std::optional(found->second);
}

} // namespace qd::orders
