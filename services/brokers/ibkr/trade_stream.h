#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/brokers/broker.h"
#include "services/brokers/ibkr/order_tracker.h"
#include "services/brokers/ibkr/session_keeper.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers::ibkr {

/// IBKR's stream of orders (`sor`) and executions (`str`), kept up: the session verified, connected,
/// subscribed; again with full jitter when it ended. It has no replay, so every (re)connection is
/// announced and the owner must reconcile. Core executor; what it is given outlives it.
class TradeStream {
public:
    /// The gateway ends a silent session.
    static constexpr Duration kTicEvery = std::chrono::seconds(60);

    /// `incomplete` is called when a message tells of an order that is not known: the list has to be asked.
    TradeStream(const IbkrSettings& settings, SessionKeeper& session, OrderTracker& orders,
                wire::WebSocketClient& sockets, runtime::Executor& core, runtime::Random& random,
                std::function<void()> incomplete);
    ~TradeStream();

    void start(std::function<void(BrokerEvent)> events);
    void stop();
    /// Close and connect again: the session has ended.
    void restart(const std::string& reason);
    /// What became known of orders whose messages were not understood; to be told now.
    void tellNews(const std::string& orderId);

    bool isListening() const { return m_listening; }
    Timestamp nextAttempt() const { return m_nextAttempt; }
    std::uint64_t malformedCount() const { return m_malformedCount; }
    const Error& lastError() const { return m_lastError; }
    Timestamp lastErrorAt() const { return m_lastErrorAt; }

private:
    void connect();
    void openSocket();
    void onMessage(std::string_view payload);
    void subscribe();
    void listening();
    void onOrders(const json::Value& args, std::string_view payload);
    void onExecutions(const json::Value& args, std::string_view payload);
    void keepAlive();
    void leave(const std::string& reason);
    void onClosed(const std::string& reason);
    void quarantine(std::string_view payload, Error error);

    const IbkrSettings& m_settings;
    SessionKeeper& m_session;
    OrderTracker& m_orders;
    wire::WebSocketClient& m_sockets;
    runtime::Executor& m_core;
    runtime::Random& m_random;
    std::function<void()> m_incomplete;
    std::function<void(BrokerEvent)> m_events;
    std::shared_ptr<wire::WebSocket> m_socket;
    std::shared_ptr<int> m_generation = std::make_shared<int>(0); ///< of earlier ones nothing is heard
    runtime::Timer m_reconnect, m_handshake, m_tic;
    Timestamp m_nextAttempt, m_lastErrorAt;
    Error m_lastError;
    int m_failures = 0; ///< in a row
    bool m_running = false, m_listening = false, m_subscribed = false;
    std::uint64_t m_malformedCount = 0;
};

} // namespace qd::brokers::ibkr
