#include "services/brokers/ibkr/trade_stream.h"

#include <algorithm>
#include <utility>

#include "services/brokers/stream_pace.h"

namespace qd::brokers::ibkr {

TradeStream::TradeStream(const IbkrSettings& settings, SessionKeeper& session, OrderTracker& orders,
                         wire::WebSocketClient& sockets, runtime::Executor& core,
                         runtime::Random& random, std::function<void()> incomplete)
    : m_settings(settings), m_session(session), m_orders(orders), m_sockets(sockets), m_core(core),
      m_random(random), m_incomplete(std::move(incomplete))
{
}

TradeStream::~TradeStream()
{
    stop();
}

void TradeStream::start(std::function<void(BrokerEvent)> events)
{
    m_events = std::move(events);
    m_running = true;
    connect();
}

void TradeStream::stop()
{
    m_running = m_listening = false;
    ++*m_generation;
    m_reconnect.cancel();
    m_handshake.cancel();
    m_tic.cancel();
    if (m_socket) m_socket->close({1000, "stopping"});
    m_socket.reset();
}

void TradeStream::restart(const std::string& reason)
{
    if (!m_running || !m_socket) return; // it is on its way already
    leave(reason);
}

void TradeStream::leave(const std::string& reason)
{
    const auto socket = m_socket;
    onClosed(reason);
    if (socket) socket->close({1000, "leaving"});
}

void TradeStream::connect()
{
    if (!m_running) return;
    const int generation = ++*m_generation;
    m_session.verify([this, shared = m_generation, generation](const Result<void>& result) {
        if (*shared != generation) return;
        if (!result) return onClosed(result.error().detail);
        openSocket();
    });
}

void TradeStream::openSocket()
{
    const int generation = *m_generation;
    const auto current = [shared = m_generation, generation] { return *shared == generation; };
    wire::WebSocketOptions options;
    options.url = m_settings.streamUrl;
    options.idleTimeout = m_settings.streamIdleTimeout;
    options.headers.set("Cookie", "api={\"session\":" + json::quote(m_session.sessionId()) + "}");
    options.headers.set("User-Agent", "quarterdeck");
    wire::WebSocketEvents events;
    events.onOpen = [this, current](std::shared_ptr<wire::WebSocket> socket) {
        if (current()) m_socket = std::move(socket);
    };
    events.onMessage = [this, current](const wire::WebSocketMessage& message) {
        if (current()) onMessage(message.payload);
    };
    events.onClosed = [this, current](const wire::CloseReason& reason) {
        if (current())
            onClosed(reason.text.empty() ? "closed with code " + std::to_string(reason.code)
                                         : reason.text);
    };
    m_subscribed = false;
    m_handshake = m_core.after(kHandshakeMax, [this] {
        leave("IBKR did not confirm the stream within 10 s");
    });
    m_socket = m_sockets.connect(std::move(options), std::move(events));
}

void TradeStream::onMessage(std::string_view payload)
{
    const auto document = json::Document::parse(payload);
    if (!document) return quarantine(payload, document.error());
    const auto root = document->root();
    const auto topic = root["topic"].stringOr({});
    const auto args = root["args"];
    if (topic == "sor") return onOrders(args, payload);
    if (topic == "str") return onExecutions(args, payload);
    if (topic == "sts") return m_session.noteStatus(args);
    if (topic == "system" && root["success"].isString()) return subscribe();
    if (root["message"].stringOr({}) == "waiting for session" && m_socket)
        m_socket->send({false, "{\"session\":" + json::quote(m_session.sessionId()) + "}"});
}

/// Executions confirm that they are followed, orders do not: the former stand for both.
void TradeStream::subscribe()
{
    if (std::exchange(m_subscribed, true)) return;
    m_socket->send({false, "sor+{}"});
    m_socket->send({false, R"(str+{"realtimeUpdatesOnly":true})"});
}

void TradeStream::listening()
{
    m_handshake.cancel();
    m_failures = 0;
    m_nextAttempt = {};
    m_listening = true;
    keepAlive();
    m_events(ConnectionChange{true, "listening to orders and executions", {}});
}

void TradeStream::keepAlive()
{
    m_tic = m_core.after(kTicEvery, [this] {
        if (m_socket) m_socket->send({false, "tic"});
        keepAlive();
    });
}

void TradeStream::onOrders(const json::Value& args, std::string_view payload)
{
    const auto alive = m_generation;
    const int generation = *alive;
    for (const auto& item : args.items()) {
        const auto order = readLiveOrder(item);
        if (!order) {
            quarantine(payload, order.error());
            continue;
        }
        const auto merged = m_orders.merge(*order);
        if (merged)
            tellNews(order->orderId);
        else if (merged.error().code == "ibkr.unknown_order")
            m_incomplete();
        else
            quarantine(payload, merged.error());
        if (*alive != generation) return; // whoever was told has ended us
    }
}

void TradeStream::tellNews(const std::string& orderId)
{
    if (!m_running) return;
    for (auto& update : m_orders.news(orderId, m_core.clock().now())) m_events(std::move(update));
}

void TradeStream::onExecutions(const json::Value& args, std::string_view payload)
{
    const auto alive = m_generation;
    const int generation = *alive;
    if (!m_listening) listening();
    for (const auto& item : args.items()) {
        if (*alive != generation) return;
        auto execution = readExecution(item, m_settings.account, m_core.clock().now());
        if (!execution) {
            quarantine(payload, execution.error());
            continue;
        }
        const auto fill = m_orders.fillOf(std::move(*execution));
        if (!fill) {
            quarantine(payload, fill.error());
            continue;
        }
        if (fill->venueOrderId.empty()) m_incomplete();
        m_events(m_orders.executed(*fill));
    }
}

void TradeStream::quarantine(std::string_view payload, Error error)
{
    constexpr std::size_t kTextMax = 4096;
    ++m_malformedCount;
    m_events(Malformed{std::string(payload.substr(0, kTextMax)), std::move(error)});
}

void TradeStream::onClosed(const std::string& reason)
{
    ++*m_generation;
    m_handshake.cancel();
    m_tic.cancel();
    m_socket.reset();
    m_listening = false;
    if (!m_running) return;
    m_lastError = Error{ErrorKind::Unavailable, "broker.stream_down", reason, {}};
    m_lastErrorAt = m_core.clock().now();
    ++m_failures;
    const auto wait = std::max(kReconnectMin, resilience::fullJitter(kReconnect, m_failures, m_random));
    m_nextAttempt = m_core.clock().now() + wait;
    m_reconnect = m_core.after(wait, [this] { connect(); });
    m_events(ConnectionChange{false, reason, m_nextAttempt});
}

} // namespace qd::brokers::ibkr
