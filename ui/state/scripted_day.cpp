#include "ui/state/scripted_world.h"

#include <cmath>

#include <fmt/format.h>

#include "models/orders/order_states.h"

/// The trader's day of the scripted world: orders, fills, positions, account, timelines.
namespace qd::ui {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

client::PositionFacts position(const char* symbol, const char* quantity, const char* average,
                               const char* realised, const char* last)
{
    client::PositionFacts facts;
    facts.position.account = AccountId("paper");
    facts.position.symbol = Symbol::of(symbol);
    facts.position.quantity = Quantity::of(quantity);
    facts.position.averagePrice = Price::of(average);
    facts.position.realised = Money::of(realised);
    facts.lastPrice = Price::of(last);
    facts.marketValue = notional(facts.lastPrice, facts.position.quantity);
    facts.unrealised = notional(facts.lastPrice - facts.position.averagePrice,
                                facts.position.quantity);
    return facts;
}

} // namespace

Order ScriptedWorld::order(int number, const char* secondsAgo, Side side, const char* symbol,
                           OrderType type, const char* quantity, const char* price,
                           OrderState state, const char* filled, const char* average) const
{
    Order order;
    OrderRequest& request = order.request;
    request.clientOrderId =
        ClientOrderId(fmt::format("5f3c2a1e-{:04x}-4c1d-9b7a-0c5e8d1f{:04x}", 0x1000 + number, number));
    request.account = AccountId("paper");
    request.symbol = Symbol::of(symbol);
    request.side = side;
    request.type = type;
    request.quantity = Quantity::of(quantity);
    if (type == OrderType::Limit || type == OrderType::StopLimit) request.limitPrice = Price::of(price);
    if (type == OrderType::Stop || type == OrderType::StopLimit) request.stopPrice = Price::of(price);
    order.state = state;
    order.filledQuantity = Quantity::of(filled);
    order.averagePrice = Price::of(average);
    order.venueOrderIds = {VenueOrderId(fmt::format("A-{}", number))};
    order.createdAt = m_clock.now() - milliseconds(std::llround(std::stod(secondsAgo) * 1000));
    order.submittedAt = order.createdAt + milliseconds(3);
    if (state != OrderState::Denied) order.acceptedAt = order.createdAt + milliseconds(41);
    if (isClosed(state)) order.closedAt = order.createdAt + milliseconds(620);
    order.updatedAt = order.createdAt + milliseconds(41);
    order.version = number;
    return order;
}

Fill ScriptedWorld::fill(int number, const Order& order, const char* quantity) const
{
    Fill fill;
    fill.executionId = ExecutionId(fmt::format("20240403-{:05}", number));
    fill.clientOrderId = order.request.clientOrderId;
    fill.account = order.request.account;
    fill.symbol = order.request.symbol;
    fill.side = order.request.side;
    fill.price = order.averagePrice;
    fill.quantity = Quantity::of(quantity);
    fill.fee = Money::of(order.request.side == Side::Sell ? "0.18" : "0");
    fill.eventTime = order.createdAt + milliseconds(400 + number % 7 * 31);
    fill.receiveTime = fill.eventTime + milliseconds(12);
    return fill;
}

client::Snapshot ScriptedWorld::snapshot() const
{
    using enum OrderState;
    using enum OrderType;
    client::Snapshot snapshot;
    snapshot.sequence = 812;
    auto add = [&](const Order& one) { snapshot.orders.push_back(one); };
    add(order(10474, "735", Side::Buy, "QQQ", Limit, "250", "437.42", Filled, "250", "437.41"));
    add(order(10475, "668", Side::Buy, "QQQ", Limit, "250", "436.90", Canceled, "0", "0"));
    add(order(10476, "475.7", Side::Sell, "TSLA", Limit, "150", "176.10", Filled, "150", "176.12"));
    Order rejected = order(10477, "262.3", Side::Sell, "AAPL", Market, "400", "0", Rejected, "0", "0");
    rejected.reasonCode = "alpaca.40310000";
    rejected.reasonText = "insufficient qty available for order (requested: 400, available: 0)";
    add(rejected);
    add(order(10478, "184.4", Side::Buy, "SPY", Limit, "500", "511.50", Filled, "500", "511.43"));
    add(order(10479, "97.2", Side::Buy, "NVDA", Limit, "200", "884.40", PartiallyFilled, "120", "884.38"));
    Order stop = order(10480, "78.6", Side::Sell, "SPY", Stop, "500", "511.05", Held, "0", "0");
    stop.request.timeInForce = TimeInForce::Gtc;
    add(stop);
    Order target = order(10481, "78.5", Side::Sell, "SPY", Limit, "500", "513.10", Accepted, "0", "0");
    target.request.timeInForce = TimeInForce::Gtc;
    add(target);
    add(order(10482, "6.2", Side::Buy, "SPY", Limit, "300", "511.86", Accepted, "0", "0"));

    int number = 700;
    for (const Order& one : snapshot.orders) {
        if (one.filledQuantity.isZero()) continue;
        const Decimal half = one.filledQuantity.value().roundTo(Decimal::of("200"), Rounding::Up);
        if (half < one.filledQuantity.value()) {
            snapshot.fills.push_back(fill(number++, one, "200"));
            const Quantity rest = one.filledQuantity - Quantity::of("200");
            snapshot.fills.push_back(fill(number++, one, rest.toString().c_str()));
        } else {
            snapshot.fills.push_back(fill(number++, one, one.filledQuantity.toString().c_str()));
        }
    }
    snapshot.positions = {position("SPY", "500", "511.43", "1240.50", "512.31"),
                          position("QQQ", "250", "437.41", "0", "438.77"),
                          position("NVDA", "120", "884.38", "812.00", "884.55"),
                          position("TSLA", "-150", "176.12", "455.90", "175.34"),
                          position("XLE", "900", "94.02", "0", "94.61"),
                          position("SIRI", "5000", "3.8550", "-120.00", "3.8200")};
    client::AccountFacts account;
    account.snapshot.account = AccountId("paper");
    account.snapshot.cash = Money::of("812440.18");
    account.snapshot.equity = Money::of("1284530.22");
    account.snapshot.lastEquity = Money::of("1280318.14");
    account.snapshot.buyingPower = Money::of("2110884.10");
    account.snapshot.initialMargin = Money::of("231006.55");
    account.snapshot.maintenanceMargin = Money::of("138603.93");
    account.snapshot.asOf = m_clock.now() - seconds(2);
    account.dayProfit = Money::of("4212.08");
    account.dayProfitPercent = Decimal::of("0.33");
    account.openRisk = Money::of("1905.00");
    snapshot.account = account;
    client::TradingFacts trading;
    trading.since = m_clock.now() - std::chrono::hours(2);
    snapshot.trading = trading;
    client::MarketFacts market;
    market.calendar = "NYSE";
    market.now = m_clock.now();
    market.phase = Calendar::nyse().phase(market.now);
    if (const auto day = Calendar::nyse().current(market.now)) {
        market.opensAt = day->open;
        market.closesAt = day->close;
    }
    snapshot.market = market;
    return snapshot;
}

std::vector<client::Difference> ScriptedWorld::differences(Timestamp since)
{
    client::Difference position;
    position.id = "9f2c41d07be3a815";
    position.code = "difference.position";
    position.kind = "position";
    position.symbol = "SPY";
    position.ours = "500";
    position.theirs = "400";
    position.difference = "-100";
    position.since = since;
    position.blocksEntries = position.acceptable = true;
    position.whatToDo = "Compare with the broker's own statement. If it shows 400, accept the "
                        "broker's position; if not, ask the broker.";
    client::Difference cash;
    cash.id = "1c0aa5a8f0b07e52";
    cash.code = "difference.cash";
    cash.kind = "cash";
    cash.ours = "812440.18";
    cash.theirs = "812502.18";
    cash.difference = "62.00";
    cash.since = since;
    cash.acceptable = true;
    cash.whatToDo = "Probably a dividend or a deposit. Accept it once the statement shows it.";
    return {position, cash};
}

std::vector<client::Span> ScriptedWorld::trace(const std::string& traceId) const
{
    if (traceId != kTraceId) return {};
    std::vector<client::Span> spans;
    const Timestamp start = m_clock.now() - seconds(6);
    const auto add = [&](const char* id, const char* parent, const char* name, int afterMicros,
                         int micros, const char* status, const char* attributes) {
        client::Span span;
        span.id = id;
        span.parent = parent;
        span.name = name;
        span.start = start + std::chrono::microseconds(afterMicros);
        span.duration = std::chrono::microseconds(micros);
        span.status = status;
        span.attributes = attributes;
        spans.push_back(std::move(span));
    };
    add("00f067aa0ba902b7", "b9c7c989f97918e1", "POST /v1/orders", 0, 4'120, "ok",
        "component: gateway, http.status_code: 202");
    add("1a2b3c4d5e6f7081", "00f067aa0ba902b7", "orders.judge", 180, 310, "ok",
        "component: orders, checks: 26");
    add("2a2b3c4d5e6f7082", "00f067aa0ba902b7", "storage.commit", 520, 3'340, "ok",
        "component: storage, rows: 3");
    add("3a2b3c4d5e6f7083", "00f067aa0ba902b7", "broker.submit", 4'200, 33'900, "ok",
        "component: broker.alpaca, order: A-10482");
    add("4a2b3c4d5e6f7084", "3a2b3c4d5e6f7083", "POST /v2/orders", 4'650, 33'100, "error",
        "component: broker.alpaca, attempt: 1, http.status_code: 200");
    spans.back().message = "slow answer: 33.1 ms of 10 s allowed";
    add("5a2b3c4d5e6f7085", "00f067aa0ba902b7", "order.accepted", 38'400, 2'900, "unset",
        "component: orders, sequence: 815");
    return spans;
}

std::vector<client::TimelineEvent> ScriptedWorld::timeline(const Order& order) const
{
    std::vector<client::TimelineEvent> events;
    std::uint64_t sequence = 640;
    const auto add = [&](Timestamp time, const char* kind, const char* actor, std::string detail,
                         Timestamp venueTime = {}) {
        client::TimelineEvent event;
        event.sequence = sequence++;
        event.time = time;
        event.eventTime = venueTime;
        event.kind = kind;
        event.actor = actor;
        event.traceId = kTraceId;
        event.detail = std::move(detail);
        events.push_back(std::move(event));
    };
    const Timestamp start = order.createdAt;
    add(start, "order.initialized", "user:owner", "received by the API");
    add(start + milliseconds(3), "order.submitted", "user:owner", "7 checks passed; written to disk");
    if (order.state == OrderState::Rejected) {
        add(start + milliseconds(58), "order.rejected", "broker:alpaca", order.reasonText,
            start + milliseconds(44));
        return events;
    }
    add(start + milliseconds(41), "order.accepted", "broker:alpaca",
        "venue order " + (order.venueOrderIds.empty() ? "" : order.venueOrderIds.back().text()),
        start + milliseconds(37));
    if (!order.filledQuantity.isZero()) {
        add(start + milliseconds(410), "order.filled", "broker:alpaca",
            order.filledQuantity.toString() + " @ " + order.averagePrice.toString(),
            start + milliseconds(402));
    }
    if (order.state == OrderState::Canceled) {
        add(start + milliseconds(600), "order.pending_cancel", "user:owner", "cancel asked for");
        add(start + milliseconds(620), "order.canceled", "broker:alpaca", "",
            start + milliseconds(616));
    }
    return events;
}

} // namespace qd::ui
