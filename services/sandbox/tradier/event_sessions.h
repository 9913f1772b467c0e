#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "services/sandbox/alpaca/credentials.h"
#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/tradier/answers.h"

namespace qd::sandbox::tradier {

/// The sessions of one kind of stream: made by POST, opened by a WebSocket within five minutes, one a
/// key at a time. What a client says first, and again whenever it likes, names the session and replaces
/// everything that it wanted before. One thread.
class EventSessions {
public:
    static constexpr Duration kValidFor = std::chrono::minutes(5);
    static constexpr std::size_t kQueueBytesMax = 512 << 10;
    static constexpr std::size_t kSocketsMax = 1000, kSessionsMax = 10'000;

    using SocketId = std::int64_t;
    struct Listener {
        std::shared_ptr<wire::WebSocket> socket;
        std::string sessionId, keyId; ///< empty until it has named its session
        AccountId account;
    };
    /// Called with each message of a client whose session is good.
    using Wanted = std::function<void(SocketId, const Listener&, const json::Value&)>;
    using Gone = std::function<void(SocketId)>;

    EventSessions(alpaca::Desk& desk, const alpaca::KeyRing& keys, Wanted wanted, Gone gone);

    /// POST …/events/session.
    wire::HttpResponse make(const ApiRequest& request, const std::string& keyId, const std::string& url);
    tl::expected<wire::WebSocketEvents, wire::HttpResponse> accept();
    const std::map<SocketId, Listener>& listeners() const { return m_listeners; }
    /// To one that still listens; one that does not read is let go.
    void send(SocketId id, const std::string& text);
    void disconnect(std::string_view keyId);

private:
    struct Session {
        std::string keyId;
        AccountId account;
        Duration madeAt{};
        bool opened = false;
    };

    void onMessage(SocketId id, const wire::WebSocketMessage& message);
    bool open(SocketId id, const std::string& sessionId);
    void closeOthers(SocketId id, const std::string& keyId);
    void complain(SocketId id, std::string_view why);

    alpaca::Desk& m_desk;
    const alpaca::KeyRing& m_keys;
    Wanted m_wanted;
    Gone m_gone;
    std::map<std::string, Session> m_sessions; ///< by id
    std::map<SocketId, Listener> m_listeners;
    SocketId m_nextSocket = 1;
    /// Sockets may outlive the venue; their events then find it gone.
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::sandbox::tradier
