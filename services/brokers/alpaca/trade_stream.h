#pragma once

#include <functional>
#include <memory>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/brokers/broker.h"
#include "services/json/json.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers::alpaca {

/// Alpaca's `trade_updates` stream, kept up: connect, authenticate, listen; reconnect with full
/// jitter. It has no sequence numbers and no replay, so every (re)connection is announced and the
/// owner must reconcile. Core executor.
class TradeStream {
public:
    TradeStream(const AlpacaSettings& settings, wire::WebSocketClient& sockets,
                runtime::Executor& core, runtime::Random& random);
    ~TradeStream();

    void start(std::function<void(BrokerEvent)> events);
    void stop();
    bool isListening() const { return m_listening; }
    Timestamp nextAttempt() const { return m_nextAttempt; }
    std::uint64_t malformedCount() const { return m_malformedCount; }
    /// The venue refused our key on the stream.
    bool isUnauthorized() const { return m_unauthorized; }
    /// Why the stream ended last; no code if it never did.
    const Error& lastError() const { return m_lastError; }
    Timestamp lastErrorAt() const { return m_lastErrorAt; }

private:
    void connect();
    void onMessage(std::string_view payload);
    void onUpdate(const json::Value& data, std::string_view payload);
    void onClosed(const std::string& reason);
    void quarantine(std::string_view payload, Error error);

    const AlpacaSettings& m_settings;
    wire::WebSocketClient& m_sockets;
    runtime::Executor& m_core;
    runtime::Random& m_random;
    std::function<void(BrokerEvent)> m_events;
    std::shared_ptr<wire::WebSocket> m_socket;
    std::shared_ptr<int> m_generation; ///< events of an earlier socket are dropped
    runtime::Timer m_reconnect, m_handshake;
    Timestamp m_nextAttempt, m_lastErrorAt;
    Error m_lastError;
    int m_failures = 0; ///< in a row
    bool m_running = false, m_listening = false, m_unauthorized = false;
    std::uint64_t m_malformedCount = 0;
};

/// One `trade_updates` message's data → an OrderUpdate. Required members missing or a word unknown:
/// Invalid "alpaca.schema".
Result<OrderUpdate> readTradeUpdate(const json::Value& data, const AccountId& account,
                                    Timestamp receiveTime);

} // namespace qd::brokers::alpaca
