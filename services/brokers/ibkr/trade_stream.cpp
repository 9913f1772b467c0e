#include "services/brokers/ibkr/trade_stream.h"

#include <utility>

#include "services/brokers/ibkr/session_socket.h"

namespace qd::brokers::ibkr {

TradeStream::TradeStream(const IbkrSettings& settings, SessionKeeper& session, OrderTracker& orders,
                         wire::WebSocketClient& sockets, runtime::Executor& core,
                         runtime::Random& random, std::function<void()> incomplete)
    : m_settings(settings), m_session(session), m_orders(orders), m_core(core),
      m_incomplete(std::move(incomplete)), m_line(terms(), sockets, core, random)
{
}

StreamLine::Terms TradeStream::terms()
{
    const auto connect = [this](const StreamLine::Attempt& attempt) {
        m_session.verify([this, attempt](const Result<void>& result) {
            if (!attempt.isCurrent()) return;
            if (!result) return attempt.fail(result.error().detail);
            m_subscribed = false;
            attempt.open(socketOptions(m_settings, m_session));
        });
    };
    return {
        .connect = connect,
        .message = [this](std::string_view payload) { onMessage(payload); },
        .changed = [this](ConnectionChange change) { onChanged(std::move(change)); },
        .silent = "IBKR did not confirm the stream within 10 s",
        .silentFarewell = "leaving",
    };
}

void TradeStream::start(std::function<void(BrokerEvent)> events)
{
    m_events = std::move(events);
    m_line.start();
}

void TradeStream::stop()
{
    m_tic.cancel();
    m_line.stop();
}

void TradeStream::sessionIsBack()
{
    if (m_line.isRunning() && m_line.nextAttempt() > m_core.clock().now()) m_line.start();
}

void TradeStream::restart(const std::string& reason)
{
    m_line.leave(reason, "leaving");
}

void TradeStream::onChanged(ConnectionChange change)
{
    if (change.connected)
        keepAlive();
    else
        m_tic.cancel();
    m_events(std::move(change));
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
    if (root["message"].stringOr({}) == "waiting for session")
        m_line.sendText("{\"session\":" + json::quote(m_session.sessionId()) + "}");
}

/// Executions confirm that they are followed, orders do not: the former stand for both.
void TradeStream::subscribe()
{
    if (std::exchange(m_subscribed, true)) return;
    m_line.sendText("sor+{}");
    m_line.sendText(R"(str+{"realtimeUpdatesOnly":true})");
}

void TradeStream::keepAlive()
{
    m_tic = m_core.after(kTicEvery, [this] {
        m_line.sendText("tic");
        keepAlive();
    });
}

void TradeStream::onOrders(const json::Value& args, std::string_view payload)
{
    const auto attempt = m_line.attempt();
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
        if (!attempt.isCurrent()) return; // whoever was told has ended us
    }
}

void TradeStream::tellNews(const std::string& orderId)
{
    if (!m_line.isRunning()) return;
    for (auto& update : m_orders.news(orderId, m_core.clock().now())) m_events(std::move(update));
}

void TradeStream::onExecutions(const json::Value& args, std::string_view payload)
{
    const auto attempt = m_line.attempt();
    if (!m_line.isListening()) m_line.listening("listening to orders and executions");
    for (const auto& item : args.items()) {
        if (!attempt.isCurrent()) return;
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
    m_events(m_line.malformed(payload, std::move(error)));
}

} // namespace qd::brokers::ibkr
