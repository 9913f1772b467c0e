#pragma once

#include <functional>

#include "services/brokers/stream_line.h"
#include "services/brokers/tradier/tradier_settings.h"

namespace qd::brokers::tradier {

/// Tradier's account events, kept up: make a session, connect within its five minutes, name it, and
/// listen from the first heartbeat on. There is no replay, so every (re)connection is announced and the
/// owner must reconcile. Core executor.
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

    void start(Listener listener);
    void stop();
    /// There is another token: if the last one was refused, or there was none, it is tried at once. A
    /// stream that is up stays so, unless the token that it was let in with `isDead`.
    void tokenChanged(bool isDead);
    StreamLine& line() { return m_line; }
    const StreamLine& line() const { return m_line; }
    bool isUnauthorized() const { return m_unauthorized; }

private:
    StreamLine::Terms terms();
    void connect(const StreamLine::Attempt& attempt);
    void onSession(const StreamLine::Attempt& attempt, const Result<wire::HttpResponse>& result);
    void nameSession();
    void onMessage(std::string_view payload);

    const TradierSettings& m_settings;
    RequestGate& m_gate;
    Listener m_listener;
    std::string m_sessionId;
    runtime::Secret m_letInWith; ///< empty while the line is down
    bool m_unauthorized = false;
    StreamLine m_line;
};

} // namespace qd::brokers::tradier
