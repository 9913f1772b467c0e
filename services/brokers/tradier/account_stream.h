#pragma once

#include <functional>
#include <memory>

#include "services/brokers/tradier/tradier_settings.h"
#include "services/runtime/random.h"

namespace qd::brokers::tradier {

/// Tradier's account events, kept up: make a session, connect within its five minutes, name it, and
/// listen from the first heartbeat on; reconnect with full jitter. There is no replay, so every
/// (re)connection is announced and the owner must reconcile. Core executor.
class AccountStream {
public:
    /// What the owner is told.
    struct Listener {
        std::function<void(std::string_view)> message;
        std::function<void(ConnectionChange)> changed;
    };
    /// What it is given outlives it.
    AccountStream(const TradierSettings& settings, RequestGate& gate, wire::WebSocketClient& sockets,
                  runtime::Executor& core, runtime::Random& random);
    ~AccountStream();

    void start(Listener listener);
    void stop();
    bool isListening() const { return m_listening; }
    bool isUnauthorized() const { return m_unauthorized; }
    Timestamp nextAttempt() const { return m_nextAttempt; }
    /// Why the stream ended last; no code if it never did.
    const Error& lastError() const { return m_lastError; }
    Timestamp lastErrorAt() const { return m_lastErrorAt; }

private:
    void connect();
    void open(const std::string& sessionId);
    void onMessage(std::string_view payload);
    void onClosed(const std::string& reason);

    const TradierSettings& m_settings;
    RequestGate& m_gate;
    wire::WebSocketClient& m_sockets;
    runtime::Executor& m_core;
    runtime::Random& m_random;
    Listener m_listener;
    std::shared_ptr<wire::WebSocket> m_socket;
    std::shared_ptr<int> m_generation; ///< events of an earlier socket are dropped
    runtime::Timer m_reconnect, m_handshake;
    Timestamp m_nextAttempt, m_lastErrorAt;
    Error m_lastError;
    int m_failures = 0; ///< in a row
    bool m_running = false, m_listening = false, m_unauthorized = false;
};

} // namespace qd::brokers::tradier
