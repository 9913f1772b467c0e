#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/brokers/broker.h"

namespace qd::test {

/// A venue for orders: the truth that the order room must agree with in the end. It takes orders,
/// replaces and cancels them with Alpaca's semantics (a replacement is a new order; the legs of a
/// bracket sleep until the entry is filled, and share the position), and fills what it is told to
/// fill. One thread, no delays, no faults: those belong to the link in front of it.
class OrderVenue {
public:
    using Listener = std::function<void(const brokers::OrderUpdate&)>;

    struct Record {
        brokers::OrderReport report;
        std::vector<Fill> fills;
        int timesPlaced = 1; ///< how often the same client id was asked for
    };

    explicit OrderVenue(const runtime::Clock& clock) : m_clock(clock) {}

    /// Keeps a timer of the venue's side until it has run.
    void keep(runtime::Timer timer)
    {
        while (!m_timers.empty() && !m_timers.front().isActive()) m_timers.pop_front();
        m_timers.push_back(std::move(timer));
    }
    void listen(Listener listener) { m_listener = std::move(listener); }

    // ── what a broker's API does ─────────────────────────────────────────────────────────────────
    Result<brokers::OrderReport> place(const OrderRequest& request)
    {
        if (Record* known = byClientId(request.clientOrderId)) {
            ++known->timesPlaced;
            return fail(ErrorKind::Conflict, "broker.client_order_id_must_be_unique", "duplicate");
        }
        Record& record = add(request, OrderState::Accepted);
        const VenueOrderId id = record.report.venueOrderId;
        if (request.orderClass == OrderClass::Oco) addOtherExit(id);
        else if (request.orderClass != OrderClass::Simple) addLegs(id);
        tell(id, OrderEventKind::Accepted);
        return report(id);
    }

    Result<brokers::OrderReport> replace(const VenueOrderId& old, const brokers::Modification& change)
    {
        Record* record = find(old);
        if (!record) return fail(ErrorKind::NotFound, "broker.order_not_found", "no such order");
        if (!isLive(*record)) {
            return fail(ErrorKind::Invalid, "broker.not_replaceable", "the order has ended");
        }
        if (Record* known = byClientId(change.newClientOrderId)) {
            ++known->timesPlaced;
            return fail(ErrorKind::Conflict, "broker.client_order_id_must_be_unique", "duplicate");
        }
        OrderRequest request = record->report.request;
        request.clientOrderId = change.newClientOrderId;
        const Quantity wanted = change.quantity.value_or(request.quantity);
        request.quantity = wanted;
        if (change.limitPrice) request.limitPrice = change.limitPrice;
        if (change.stopPrice) request.stopPrice = change.stopPrice;
        if (change.timeInForce) request.timeInForce = *change.timeInForce;
        const ClientOrderId parent = record->report.parent;
        const VenueOrderId next = add(request, OrderState::Accepted).report.venueOrderId;
        Record& fresh = m_orders.at(next);
        fresh.report.replaces = old;
        fresh.report.parent = parent;
        Record& ended = m_orders.at(old);
        ended.report.replacedBy = next;
        setState(ended, OrderState::Replaced, "replaced");
        tell(old, OrderEventKind::Replaced);
        tell(next, OrderEventKind::Accepted);
        return report(next);
    }

    /// A change at a venue that keeps the order's id.
    Result<brokers::OrderReport> change(const VenueOrderId& id, const brokers::Modification& change)
    {
        Record* record = find(id);
        if (!record || !isLive(*record)) {
            return fail(ErrorKind::Invalid, "broker.not_replaceable", "the order has ended");
        }
        OrderRequest& request = record->report.request;
        request.quantity = change.quantity.value_or(request.quantity);
        if (change.limitPrice) request.limitPrice = change.limitPrice;
        record->report.updatedAt = m_clock.now();
        tell(id, OrderEventKind::Updated);
        return report(id);
    }

    Result<brokers::OrderReport> cancel(const VenueOrderId& id)
    {
        Record* record = find(id);
        if (!record) return fail(ErrorKind::NotFound, "broker.order_not_found", "no such order");
        if (!isLive(*record)) {
            return fail(ErrorKind::Invalid, "broker.not_cancelable", "the order has ended");
        }
        setState(*record, OrderState::Canceled, "canceled");
        tell(id, OrderEventKind::Canceled);
        cancelRelatives(id);
        return report(id);
    }

    const Record* findByClientId(const ClientOrderId& id) const
    {
        const auto found = m_byClientId.find(id);
        return found == m_byClientId.end() ? nullptr : &m_orders.at(found->second);
    }

    std::vector<brokers::OrderReport> list(const brokers::OrderQuery& query) const
    {
        std::vector<brokers::OrderReport> all;
        for (const auto& [id, record] : m_orders) {
            const bool open = !isClosed(record.report.state);
            if (query.openOnly && !open) continue;
            if (query.since.isSet() && record.report.updatedAt < query.since) continue;
            all.push_back(record.report);
        }
        return all;
    }

    std::vector<Fill> executions(Timestamp since) const
    {
        std::vector<Fill> all;
        if (hideExecutions) return all;
        for (const Fill& fill : m_executions) {
            if (fill.eventTime >= since) all.push_back(fill);
        }
        return all;
    }

    std::vector<Position> positions() const
    {
        std::vector<Position> all;
        for (const auto& [symbol, position] : m_positions) {
            if (!position.quantity.isZero()) all.push_back(position);
        }
        return all;
    }

    AccountSnapshot account() const
    {
        AccountSnapshot snapshot = figures;
        snapshot.asOf = m_clock.now();
        return snapshot;
    }

    // ── what the market does ─────────────────────────────────────────────────────────────────────
    /// Execute up to `quantity` of a live order. False if it is not live.
    bool fill(const VenueOrderId& id, Quantity quantity, Price price)
    {
        Record* record = find(id);
        if (!record || !isLive(*record) || record->report.state == OrderState::Held) return false;
        const Quantity leaves = record->report.request.quantity - record->report.filledQuantity;
        if (!leaves.isPositive()) return false;
        execute(*record, std::min(quantity, leaves), price);
        return true;
    }
    /// As `fill`, whatever the order's state and quantity: venues do this too.
    void forceFill(const VenueOrderId& id, Quantity quantity, Price price)
    {
        execute(m_orders.at(id), quantity, price);
    }
    void expire(const VenueOrderId& id) { finish(id, OrderState::Expired, OrderEventKind::Expired); }
    void reject(const VenueOrderId& id) { finish(id, OrderState::Rejected, OrderEventKind::Rejected); }
    /// The order was never here: neither listed nor found by its client id.
    void forget(const ClientOrderId& id)
    {
        m_orders.erase(idOf(id));
        m_byClientId.erase(id);
    }
    /// A transfer, split or hand-made correction: no order tells of it.
    void movePosition(const Symbol& symbol, Quantity quantity)
    {
        Position& position = m_positions[symbol];
        position.symbol = symbol;
        position.quantity += quantity;
    }

    const std::map<VenueOrderId, Record>& orders() const { return m_orders; }
    Quantity positionOf(const Symbol& symbol) const
    {
        const auto found = m_positions.find(symbol);
        return found == m_positions.end() ? Quantity() : found->second.quantity;
    }
    VenueOrderId idOf(const ClientOrderId& id) const
    {
        const auto found = m_byClientId.find(id);
        return found == m_byClientId.end() ? VenueOrderId() : found->second;
    }
    std::vector<VenueOrderId> live() const
    {
        std::vector<VenueOrderId> ids;
        for (const auto& [id, record] : m_orders) {
            if (isLive(record) && record.report.state != OrderState::Held) ids.push_back(id);
        }
        return ids;
    }

    bool hideExecutions = false; ///< the list of them is empty; the orders' totals are true

    AccountSnapshot figures = [] {
        AccountSnapshot snapshot;
        snapshot.account = AccountId("venue");
        snapshot.cash = snapshot.equity = snapshot.lastEquity = Money::of("1000000");
        snapshot.buyingPower = Money::of("1000000");
        snapshot.shortingEnabled = true;
        return snapshot;
    }();

private:
    static bool isLive(const Record& record) { return !isClosed(record.report.state); }

    Record* find(const VenueOrderId& id)
    {
        const auto found = m_orders.find(id);
        return found == m_orders.end() ? nullptr : &found->second;
    }
    Record* byClientId(const ClientOrderId& id)
    {
        const auto found = m_byClientId.find(id);
        return found == m_byClientId.end() ? nullptr : find(found->second);
    }

    Record& add(const OrderRequest& request, OrderState state)
    {
        const VenueOrderId id("v-" + std::to_string(1'000'000 + ++m_orderCount));
        Record record;
        record.report.clientOrderId = request.clientOrderId;
        record.report.venueOrderId = id;
        record.report.request = request;
        record.report.createdAt = m_clock.now();
        setState(record, state, std::string(toString(state)));
        m_byClientId[request.clientOrderId] = id;
        return m_orders[id] = std::move(record);
    }

    void addLegs(const VenueOrderId& entryId)
    {
        const OrderRequest entry = m_orders.at(entryId).report.request;
        const auto addLeg = [&](OrderType type, std::optional<Price> limit,
                                std::optional<Price> stop, const char* suffix) {
            OrderRequest leg;
            leg.clientOrderId = ClientOrderId(entry.clientOrderId.text() + suffix);
            leg.symbol = entry.symbol;
            leg.side = opposite(entry.side);
            leg.type = type;
            leg.timeInForce = TimeInForce::Gtc;
            leg.quantity = entry.quantity;
            leg.limitPrice = limit;
            leg.stopPrice = stop;
            Record& record = add(leg, OrderState::Held);
            record.report.parent = entry.clientOrderId;
            m_legs[entryId].push_back(record.report.venueOrderId);
        };
        if (entry.takeProfit) {
            addLeg(OrderType::Limit, entry.takeProfit->limitPrice, {}, "-profit");
        }
        if (entry.stopLoss) {
            const bool limited = entry.stopLoss->limitPrice.has_value();
            addLeg(limited ? OrderType::StopLimit : OrderType::Stop, entry.stopLoss->limitPrice,
                   entry.stopLoss->stopPrice, "-loss");
        }
    }

    /// An OCO is the take-profit itself; its stop lives beside it from the beginning.
    void addOtherExit(const VenueOrderId& id)
    {
        OrderRequest& profit = m_orders.at(id).report.request;
        profit.limitPrice = profit.takeProfit->limitPrice;
        OrderRequest leg = profit;
        leg.clientOrderId = ClientOrderId(profit.clientOrderId.text() + "-loss");
        leg.orderClass = OrderClass::Simple;
        leg.type = OrderType::Stop;
        leg.limitPrice = {};
        leg.stopPrice = profit.stopLoss->stopPrice;
        leg.takeProfit = {};
        leg.stopLoss = {};
        const ClientOrderId parent = profit.clientOrderId;
        Record& record = add(leg, OrderState::Accepted);
        record.report.parent = parent;
        m_legs[id].push_back(record.report.venueOrderId);
    }

    brokers::OrderReport report(const VenueOrderId& id) const
    {
        brokers::OrderReport full = m_orders.at(id).report;
        const auto legs = m_legs.find(id);
        if (legs != m_legs.end()) {
            for (const VenueOrderId& leg : legs->second) full.legs.push_back(m_orders.at(leg).report);
        }
        return full;
    }

    void setState(Record& record, OrderState state, std::string status)
    {
        record.report.state = state;
        record.report.venueStatus = std::move(status);
        record.report.updatedAt = m_clock.now();
    }

    void execute(Record& record, Quantity quantity, Price price)
    {
        Fill fill;
        fill.executionId = ExecutionId("x-" + std::to_string(++m_executionCount));
        fill.venueOrderId = record.report.venueOrderId;
        fill.clientOrderId = record.report.clientOrderId;
        fill.symbol = record.report.request.symbol;
        fill.side = record.report.request.side;
        fill.price = price;
        fill.quantity = quantity;
        fill.eventTime = m_clock.now();
        brokers::OrderReport& told = record.report;
        NotionalSum sum;
        sum.add(told.averagePrice, told.filledQuantity);
        sum.add(price, quantity);
        told.filledQuantity += quantity;
        told.averagePrice =
            Price(*sum.total().dividedBy(told.filledQuantity.value(), Rounding::HalfEven));
        const bool full = told.filledQuantity >= told.request.quantity;
        if (!isClosed(told.state) || full) {
            setState(record, full ? OrderState::Filled : OrderState::PartiallyFilled,
                     full ? "filled" : "partially_filled");
        }
        record.fills.push_back(fill);
        m_executions.push_back(fill);
        Position& position = m_positions[fill.symbol];
        position = afterFill(position, fill);
        const Money value = notional(price, quantity);
        figures.cash += fill.side == Side::Buy ? -value : value;
        const VenueOrderId id = told.venueOrderId;
        tell(id, OrderEventKind::Filled, fill);
        afterExecution(id, quantity, full);
    }

    void afterExecution(const VenueOrderId& id, Quantity quantity, bool full)
    {
        if (const auto legs = m_legs.find(id); legs != m_legs.end() && full) {
            for (const VenueOrderId& leg : legs->second) {
                if (m_orders.at(leg).report.state != OrderState::Held) continue;
                setState(m_orders.at(leg), OrderState::Accepted, "new");
                tell(leg, OrderEventKind::Accepted);
            }
        }
        for (const VenueOrderId& sibling : siblingsOf(id)) {
            Record& other = m_orders.at(sibling);
            if (!isLive(other)) continue;
            if (full) {
                setState(other, OrderState::Canceled, "canceled");
                tell(sibling, OrderEventKind::Canceled);
            } else {
                // The exits share the position.
                Quantity& wanted = other.report.request.quantity;
                wanted = std::max(wanted - quantity, other.report.filledQuantity);
                const bool isOver = wanted == other.report.filledQuantity;
                if (isOver) setState(other, OrderState::Canceled, "canceled");
                other.report.updatedAt = m_clock.now();
                tell(sibling, isOver ? OrderEventKind::Canceled : OrderEventKind::Updated);
            }
        }
    }

    std::vector<VenueOrderId> siblingsOf(const VenueOrderId& id) const
    {
        for (const auto& [entry, legs] : m_legs) {
            const bool isOco = m_orders.at(entry).report.request.orderClass == OrderClass::Oco;
            if (isOco && entry == id) return legs;
            if (std::ranges::find(legs, id) == legs.end()) continue;
            std::vector<VenueOrderId> others;
            if (isOco) others.push_back(entry);
            for (const VenueOrderId& leg : legs) {
                if (leg != id) others.push_back(leg);
            }
            return others;
        }
        return {};
    }

    void cancelRelatives(const VenueOrderId& id)
    {
        std::vector<VenueOrderId> relatives = siblingsOf(id);
        if (const auto legs = m_legs.find(id); legs != m_legs.end()) {
            relatives.insert(relatives.end(), legs->second.begin(), legs->second.end());
        }
        for (const VenueOrderId& relative : relatives) {
            finish(relative, OrderState::Canceled, OrderEventKind::Canceled);
        }
    }

    void finish(const VenueOrderId& id, OrderState state, OrderEventKind kind)
    {
        Record& record = m_orders.at(id);
        if (!isLive(record)) return;
        setState(record, state, std::string(toString(state)));
        tell(id, kind);
    }

    void tell(const VenueOrderId& id, OrderEventKind kind, std::optional<Fill> fill = {})
    {
        if (!m_listener) return;
        brokers::OrderUpdate update;
        update.kind = kind;
        update.report = report(id);
        update.fill = std::move(fill);
        update.eventTime = m_clock.now();
        m_listener(update);
    }

    const runtime::Clock& m_clock;
    std::deque<runtime::Timer> m_timers;
    Listener m_listener;
    std::map<VenueOrderId, Record> m_orders;
    std::map<ClientOrderId, VenueOrderId> m_byClientId;
    std::map<VenueOrderId, std::vector<VenueOrderId>> m_legs;
    std::vector<Fill> m_executions;
    std::map<Symbol, Position> m_positions;
    int m_orderCount = 0, m_executionCount = 0;
};

} // namespace qd::test
