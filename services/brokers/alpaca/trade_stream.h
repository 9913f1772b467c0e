#pragma once

#include <functional>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/brokers/stream_line.h"
#include "services/json/json.h"

namespace qd::brokers::alpaca {

/// Alpaca's `trade_updates` stream, kept up: connect, authenticate, listen. It has no sequence numbers
/// and no replay, so every (re)connection is announced and the owner must reconcile. Core executor.
class TradeStream {
public:
    TradeStream(const AlpacaSettings& settings, wire::WebSocketClient& sockets,
                runtime::Executor& core, runtime::Random& random);
    void start(std::function<void(BrokerEvent)> events);
    void stop();
    /// There is another key: if the last one was refused, or there was none, it is tried at once. A
    /// stream that is up stays so: it was let in, and a gap would cost a comparison. It is left only
    /// if the token that it was let in with `isDead` and not the one of now.
    void keyChanged(bool isDead);
    const StreamLine& line() const { return m_line; }
    /// The venue refused our key on the stream.
    bool isUnauthorized() const { return m_unauthorized; }

private:
    StreamLine::Terms terms();
    void connect(const StreamLine::Attempt& attempt);
    void authenticate();
    void onMessage(std::string_view payload);
    void onAuthorization(const json::Value& data);
    void askForAnotherToken();
    void onUpdate(const json::Value& data, std::string_view payload);

    const AlpacaSettings& m_settings;
    runtime::Executor& m_core;
    std::function<void(BrokerEvent)> m_events;
    bool m_unauthorized = false;
    runtime::Secret m_letInWith; ///< the token that was shown; empty: a key
    StreamLine m_line;
};

/// One `trade_updates` message's data → an OrderUpdate. Required members missing or a word unknown:
/// Invalid "alpaca.schema".
Result<OrderUpdate> readTradeUpdate(const json::Value& data, const AccountId& account,
                                    Timestamp receiveTime);

} // namespace qd::brokers::alpaca
