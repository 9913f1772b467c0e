#pragma once

#include <functional>
#include <string>

#include "services/brokers/ibkr/order_tracker.h"
#include "services/brokers/ibkr/session_keeper.h"
#include "services/brokers/stream_line.h"

namespace qd::brokers::ibkr {

/// IBKR's stream of orders (`sor`) and executions (`str`), kept up: the session verified, connected,
/// subscribed. It has no replay, so every (re)connection is announced and the owner must reconcile. Core
/// executor; what it is given outlives it.
class TradeStream {
public:
    /// The gateway ends a silent session.
    static constexpr Duration kTicEvery = std::chrono::seconds(60);

    /// `incomplete` is called when a message tells of an order that is not known: the list has to be asked.
    TradeStream(const IbkrSettings& settings, SessionKeeper& session, OrderTracker& orders,
                wire::WebSocketClient& sockets, runtime::Executor& core, runtime::Random& random,
                std::function<void()> incomplete);

    void start(std::function<void(BrokerEvent)> events);
    void stop();
    /// The session is back: what waits for its next attempt need not wait.
    void sessionIsBack();
    /// Close and connect again: the session has ended.
    void restart(const std::string& reason);
    /// What became known of orders whose messages were not understood; to be told now.
    void tellNews(const std::string& orderId);

    const StreamLine& line() const { return m_line; }

private:
    StreamLine::Terms terms();
    void onMessage(std::string_view payload);
    void subscribe();
    void onChanged(ConnectionChange change);
    void onOrders(const json::Value& args, std::string_view payload);
    void onExecutions(const json::Value& args, std::string_view payload);
    void keepAlive();
    void quarantine(std::string_view payload, Error error);

    const IbkrSettings& m_settings;
    SessionKeeper& m_session;
    OrderTracker& m_orders;
    runtime::Executor& m_core;
    std::function<void()> m_incomplete;
    std::function<void(BrokerEvent)> m_events;
    runtime::Timer m_tic;
    bool m_subscribed = false;
    StreamLine m_line;
};

} // namespace qd::brokers::ibkr
