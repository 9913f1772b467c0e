#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/sandbox/alpaca/credentials.h"
#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/alpaca/stream_session.h"
#include "services/sandbox/update_faults.h"

namespace qd::sandbox::alpaca {

/// The trade_updates stream at /stream: JSON in binary frames, as paper trading sends it, or
/// MessagePack where the upgrade request asks for it. No sequence numbers and no replay: what is
/// sent while nobody listens is gone. One thread.
class TradeStream {
public:
    static constexpr Duration kAuthenticateWithin = std::chrono::seconds(10);
    static constexpr std::size_t kQueueBytesMax = 512 << 10;
    static constexpr std::size_t kSessionsMax = 1000;

    TradeStream(Desk& desk, const KeyRing& keys);

    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    accept(const wire::HttpRequest& request);
    /// Send an update to the account's listeners, as the faults in force will have it.
    void publish(const exchange::OrderUpdate& update);
    /// As it is, whatever faults are in force: they strike it elsewhere.
    void publishFaithfully(const exchange::OrderUpdate& update);
    /// Close sessions: of one key, or all when `keyId` is empty.
    void disconnect(std::string_view keyId);

private:
    struct Session {
        std::shared_ptr<wire::WebSocket> socket;
        Codec codec = Codec::Json;
        std::string keyId;
        AccountId account;
        bool authenticated = false, listening = false;
        runtime::Timer deadline;
    };
    using SessionId = std::int64_t;

    void onOpen(SessionId id, std::shared_ptr<wire::WebSocket> socket);
    void onMessage(SessionId id, const wire::WebSocketMessage& message);
    void authenticate(Session& session, const json::Value& data);
    void listen(Session& session, const json::Value& data);
    void send(Session& session, std::string json);
    void sendAuthorization(Session& session, std::string_view status, std::string_view action);
    void deliver(const AccountId& account, const std::string& json);
    bool isTold(const exchange::OrderUpdate& update) const;
    std::string updateJson(const exchange::OrderUpdate& update);

    Desk& m_desk;
    const KeyRing& m_keys;
    std::map<SessionId, Session> m_sessions;
    SessionId m_nextSession = 1;
    /// Sockets may outlive the venue; their events then find it gone.
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    UpdateFaults m_faults;
};

} // namespace qd::sandbox::alpaca
