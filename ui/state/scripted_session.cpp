#include "ui/state/scripted_session.h"

#include <algorithm>

#include <QPointer>

namespace qd::ui {

namespace {

client::Problem problem(int status, const char* code, std::string detail)
{
    client::Problem problem;
    problem.status = status;
    problem.code = code;
    problem.title = "Refused";
    problem.detail = std::move(detail);
    return problem;
}

} // namespace

ScriptedSession::ScriptedSession(ScriptedClock& clock, std::uint64_t seed, QObject* parent)
    : Session(parent), m_clock(clock), m_world(clock, seed)
{
}

template <typename T>
void ScriptedSession::answer(QObject* owner, const Reply<T>& reply, client::Answer<T> value)
{
    if (!m_answering) return;
    if (m_link.state != client::LinkState::Online) {
        value = tl::unexpected(problem(0, "client.offline", "not connected to the backend"));
    }
    QMetaObject::invokeMethod(
        this,
        [guard = QPointer<QObject>(owner), reply, value = std::move(value)] {
            if (guard) reply(value);
        },
        Qt::QueuedConnection);
}

void ScriptedSession::start()
{
    m_link.state = client::LinkState::Synchronising;
    m_link.detail = "fetching a snapshot";
    Q_EMIT linkChanged(m_link);
    goOnline();
}

void ScriptedSession::goOnline()
{
    if (m_link.state == client::LinkState::Offline && m_link.attempt > 0) {
        m_link.reconnects += 1;
        m_link.resynchronisations += 1;
    }
    m_link.state = client::LinkState::Online;
    m_link.detail.clear();
    m_link.attempt = 0;
    m_link.nextAttempt = {};
    m_link.roundTripMs = 0.8;
    m_link.serverVersion = "0.1.0";
    client::Snapshot snapshot = m_world.snapshot();
    if (m_orders.empty()) m_orders = snapshot.orders;
    snapshot.orders = m_orders;
    if (!m_trading.since.isSet()) m_trading = *snapshot.trading;
    snapshot.trading = m_trading;
    snapshot.sequence = m_sequence;
    Q_EMIT snapshotArrived(snapshot);
    Q_EMIT linkChanged(m_link);
    Q_EMIT statusArrived(m_world.status());
}

void ScriptedSession::goOffline(const std::string& why)
{
    m_link.state = client::LinkState::Offline;
    m_link.detail = why;
    m_link.attempt = 3;
    m_link.nextAttempt = m_clock.now() + std::chrono::seconds(4);
    Q_EMIT linkChanged(m_link);
}

void ScriptedSession::goStale(Duration age)
{
    client::StatusReport report = m_world.status();
    for (client::FeedFacts& feed : report.feeds) {
        feed.age = age;
        feed.freshness = Freshness::Stale;
        feed.reason = "no message from the feed";
    }
    Q_EMIT statusArrived(report);
}

void ScriptedSession::openBreaker()
{
    client::StatusReport report = m_world.status();
    for (client::BrokerFacts& broker : report.brokers) {
        broker.breaker = "open";
        broker.connected = false;
        broker.reason = "5 of 10 calls timed out";
        broker.nextAttempt = m_clock.now() + std::chrono::seconds(12);
    }
    Q_EMIT statusArrived(report);
}

void ScriptedSession::tick(int updates)
{
    const client::MarketBatch batch = m_world.step(updates);
    Q_EMIT marketArrived(batch);
}

void ScriptedSession::sendEvent(const client::StreamEvent& event)
{
    client::StreamEvent numbered = event;
    numbered.sequence = ++m_sequence;
    if (!numbered.time.isSet()) numbered.time = m_clock.now();
    client::LogEvent line;
    line.sequence = numbered.sequence;
    line.time = numbered.time;
    line.kind = numbered.kind;
    line.actor = "user:owner";
    line.traceId = ScriptedWorld::kTraceId;
    line.notice = numbered.notice;
    m_log.push_back(std::move(line));
    Q_EMIT eventsArrived({numbered});
}

void ScriptedSession::subscribe(const client::WishList& wishes)
{
    m_wishes = wishes;
}

client::OrderFacts* ScriptedSession::known(const ClientOrderId& id)
{
    const auto found = std::find_if(m_orders.begin(), m_orders.end(), [&](const client::OrderFacts& order) {
        return order.request.clientOrderId == id;
    });
    return found == m_orders.end() ? nullptr : &*found;
}

void ScriptedSession::moveTo(client::OrderFacts& order, OrderState state, const char* kind)
{
    order.previousState = order.state;
    order.state = state;
    order.updatedAt = m_clock.now();
    if (isClosed(state)) order.closedAt = m_clock.now();
    order.version = std::int64_t(m_sequence) + 1 + 20'000;
    client::StreamEvent event;
    event.kind = kind;
    event.order = order;
    sendEvent(event);
}

void ScriptedSession::submitOrder(const OrderRequest& request, QObject* owner, Reply<Order> reply)
{
    if (m_refusal) {
        answer<Order>(owner, reply, tl::unexpected(*std::exchange(m_refusal, std::nullopt)));
        return;
    }
    if (m_ask && std::find(request.confirmations.begin(), request.confirmations.end(),
                           m_ask->code) == request.confirmations.end()) {
        client::Problem asks = problem(412, "orders.confirmation_needed", m_ask->text);
        asks.confirmations = {*m_ask};
        answer<Order>(owner, reply, tl::unexpected(asks));
        return;
    }
    m_ask.reset();
    m_submitted.push_back(request);
    Order order;
    order.request = request;
    order.createdAt = order.submittedAt = order.updatedAt = m_clock.now();
    order.state = OrderState::Submitted;
    m_orders.push_back(order);
    moveTo(m_orders.back(), OrderState::Submitted, "order.submitted");
    moveTo(m_orders.back(), OrderState::Accepted, "order.accepted");
    answer<Order>(owner, reply, m_orders.back());
}

void ScriptedSession::previewOrder(const OrderRequest& order, QObject* owner,
                                   Reply<client::OrderPreview> reply)
{
    answer<client::OrderPreview>(owner, reply, m_world.preview(order));
}

void ScriptedSession::changeOrder(const client::OrderChange& change, QObject* owner,
                                  Reply<Order> reply)
{
    client::OrderFacts* order = known(change.order);
    if (!order || isClosed(order->state)) {
        answer<Order>(owner, reply,
                      tl::unexpected(problem(409, "orders.closed", "the order is closed")));
        return;
    }
    if (change.quantity) order->request.quantity = *change.quantity;
    if (change.limitPrice) order->request.limitPrice = change.limitPrice;
    if (change.stopPrice) order->request.stopPrice = change.stopPrice;
    moveTo(*order, order->state, "order.updated");
    answer<Order>(owner, reply, *order);
}

void ScriptedSession::cancelOrder(const ClientOrderId& id, QObject* owner, Reply<Order> reply)
{
    client::OrderFacts* order = known(id);
    if (!order || isClosed(order->state)) {
        answer<Order>(owner, reply,
                      tl::unexpected(problem(409, "orders.closed", "the order is closed")));
        return;
    }
    m_canceled.push_back(id);
    moveTo(*order, OrderState::Canceled, "order.canceled");
    answer<Order>(owner, reply, *order);
}

void ScriptedSession::cancelAll(const Symbol& symbol, QObject* owner, Reply<int> reply)
{
    int asked = 0;
    for (client::OrderFacts& order : m_orders) {
        if (isClosed(order.state) || (!symbol.empty() && order.request.symbol != symbol)) continue;
        m_canceled.push_back(order.request.clientOrderId);
        moveTo(order, OrderState::Canceled, "order.canceled");
        ++asked;
    }
    answer<int>(owner, reply, asked);
}

void ScriptedSession::setTrading(client::TradingState state, const std::string& reason,
                                 QObject* owner, Reply<client::TradingFacts> reply)
{
    m_trading.state = state;
    m_trading.reason = reason;
    m_trading.since = m_clock.now();
    tellTrading();
    answer<client::TradingFacts>(owner, reply, m_trading);
}

void ScriptedSession::tellTrading()
{
    client::StreamEvent event;
    event.kind = "trading.changed";
    event.trading = m_trading;
    sendEvent(event);
}

void ScriptedSession::disagree(std::vector<client::Difference> differences)
{
    m_trading.differences = std::move(differences);
    tellTrading();
}

void ScriptedSession::keepInLog(client::LogEvent event)
{
    event.sequence = ++m_sequence;
    if (!event.time.isSet()) event.time = m_clock.now();
    m_log.push_back(std::move(event));
}

void ScriptedSession::reconcile(QObject* owner, Reply<bool> reply)
{
    answer<bool>(owner, reply, true);
}

void ScriptedSession::acceptDifference(const std::string& id, const std::string& reason,
                                       QObject* owner, Reply<client::TradingFacts> reply)
{
    if (m_refusal) {
        answer<client::TradingFacts>(owner, reply,
                                     tl::unexpected(*std::exchange(m_refusal, std::nullopt)));
        return;
    }
    const auto gone = std::erase_if(m_trading.differences,
                                    [&](const auto& difference) { return difference.id == id; });
    if (gone == 0) {
        answer<client::TradingFacts>(
            owner, reply,
            tl::unexpected(problem(404, "orders.difference_unknown",
                                   "it has vanished or changed: read the list again")));
        return;
    }
    m_acceptReasons.push_back(reason);
    tellTrading();
    answer<client::TradingFacts>(owner, reply, m_trading);
}

void ScriptedSession::fetchTrace(const std::string& traceId, QObject* owner,
                                 Reply<std::vector<client::Span>> reply)
{
    auto spans = m_world.trace(traceId);
    if (spans.empty()) {
        answer<std::vector<client::Span>>(
            owner, reply,
            tl::unexpected(problem(404, "trace.unknown", "no span of this trace is kept")));
        return;
    }
    answer<std::vector<client::Span>>(owner, reply, std::move(spans));
}

void ScriptedSession::fetchEvents(std::uint64_t after, int limit, QObject* owner,
                                  Reply<std::vector<client::LogEvent>> reply)
{
    std::vector<client::LogEvent> events;
    for (const client::LogEvent& event : m_log) {
        if (event.sequence > after && int(events.size()) < limit) events.push_back(event);
    }
    answer<std::vector<client::LogEvent>>(owner, reply, std::move(events));
}

void ScriptedSession::findInstruments(const std::string& query, int limit, QObject* owner,
                                      Reply<std::vector<Instrument>> reply)
{
    answer<std::vector<Instrument>>(owner, reply, m_world.find(query, limit));
}

void ScriptedSession::fetchQuotes(const std::vector<Symbol>& symbols, QObject* owner,
                                  Reply<std::vector<client::QuoteFacts>> reply)
{
    std::vector<client::QuoteFacts> facts;
    for (const Symbol& symbol : symbols) {
        if (auto quote = m_world.quote(symbol)) facts.push_back(*quote);
    }
    answer<std::vector<client::QuoteFacts>>(owner, reply, std::move(facts));
}

void ScriptedSession::fetchBars(const Symbol& symbol, BarInterval interval, int limit,
                                QObject* owner, Reply<client::BarSeries> reply)
{
    answer<client::BarSeries>(owner, reply, m_world.bars(symbol, interval, std::min(limit, 1500)));
}

void ScriptedSession::fetchTimeline(const ClientOrderId& id, QObject* owner,
                                    Reply<std::vector<client::TimelineEvent>> reply)
{
    const client::OrderFacts* order = known(id);
    if (!order) {
        answer<std::vector<client::TimelineEvent>>(
            owner, reply, tl::unexpected(problem(404, "orders.unknown", "no such order")));
        return;
    }
    answer<std::vector<client::TimelineEvent>>(owner, reply, m_world.timeline(*order));
}

} // namespace qd::ui
