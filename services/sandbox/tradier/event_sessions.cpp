#include "services/sandbox/tradier/event_sessions.h"

#include <utility>
#include <vector>

namespace qd::sandbox::tradier {

EventSessions::EventSessions(alpaca::Desk& desk, const alpaca::KeyRing& keys, Wanted wanted, Gone gone)
    : m_desk(desk), m_keys(keys), m_wanted(std::move(wanted)), m_gone(std::move(gone))
{
}

wire::HttpResponse EventSessions::make(const ApiRequest& request, const std::string& keyId,
                                       const std::string& url)
{
    const Duration now = m_desk.executor.clock().steady();
    std::erase_if(m_sessions, [&](const auto& entry) {
        return !entry.second.opened && now - entry.second.madeAt >= kValidFor;
    });
    if (m_sessions.size() >= kSessionsMax)
        return textAnswer(500, "Too many sessions");
    const std::string id = m_desk.random.uuidV4();
    m_sessions[id] = {keyId, request.account, now, false};
    Node stream;
    stream.add("url", Node::text(url));
    stream.add("sessionid", Node::text(id));
    return documentAnswer(request, "stream", stream);
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse> EventSessions::accept()
{
    if (m_listeners.size() >= kSocketsMax)
        return tl::unexpected(textAnswer(503, "Too many connections"));
    const SocketId id = m_nextSocket++;
    m_listeners[id] = {};
    wire::WebSocketEvents events;
    const std::weak_ptr<bool> alive = m_alive;
    events.onOpen = [this, id, alive](std::shared_ptr<wire::WebSocket> socket) {
        if (alive.expired())
            return;
        if (const auto found = m_listeners.find(id); found != m_listeners.end())
            found->second.socket = std::move(socket);
    };
    events.onMessage = [this, id, alive](const wire::WebSocketMessage& message) {
        if (!alive.expired())
            onMessage(id, message);
    };
    events.onClosed = [this, id, alive](const wire::CloseReason&) {
        if (alive.expired())
            return;
        if (const auto found = m_listeners.find(id); found != m_listeners.end()) {
            m_sessions.erase(found->second.sessionId);
            m_listeners.erase(found);
        }
        m_gone(id);
    };
    return events;
}

void EventSessions::onMessage(SocketId id, const wire::WebSocketMessage& message)
{
    if (!m_listeners.contains(id))
        return;
    const auto document = json::Document::parse(message.payload);
    const json::Value root = document ? document->root() : json::Value();
    const std::string sessionId(root["sessionid"].stringOr(""));
    if (!root.isObject() || sessionId.empty())
        return complain(id, "Invalid payload");
    if (m_listeners[id].sessionId != sessionId && !open(id, sessionId))
        return complain(id, "Session not found");
    const Listener listener = m_listeners[id];
    m_wanted(id, listener, root);
}

bool EventSessions::open(SocketId id, const std::string& sessionId)
{
    const auto found = m_sessions.find(sessionId);
    if (found == m_sessions.end() || found->second.opened)
        return false;
    Session& session = found->second;
    if (m_desk.executor.clock().steady() - session.madeAt >= kValidFor)
        return false;
    session.opened = true;
    Listener& listener = m_listeners[id];
    listener.sessionId = sessionId;
    listener.keyId = session.keyId;
    listener.account = session.account;
    closeOthers(id, session.keyId);
    return true;
}

/// A key has one session at a time: the newest.
void EventSessions::closeOthers(SocketId id, const std::string& keyId)
{
    std::vector<std::shared_ptr<wire::WebSocket>> closing;
    for (const auto& [other, listener] : m_listeners)
        if (other != id && listener.keyId == keyId && listener.socket)
            closing.push_back(listener.socket);
    for (const auto& socket : closing)
        socket->close({1008, "another session was opened"});
}

void EventSessions::complain(SocketId id, std::string_view why)
{
    const auto socket = m_listeners[id].socket;
    if (!socket)
        return;
    socket->send({false, R"({"error":)" + json::quote(why) + "}"}); // a refusal changes nothing: it closes
    socket->close({1008, std::string(why)});
}

void EventSessions::send(SocketId id, const std::string& text)
{
    const auto found = m_listeners.find(id);
    if (found == m_listeners.end() || !found->second.socket || !found->second.socket->isOpen())
        return;
    const auto socket = found->second.socket; // closing forgets the listener
    if (socket->queuedBytes() > kQueueBytesMax || !socket->send({false, text}))
        socket->close({1008, "slow client"});
}

void EventSessions::disconnect(std::string_view keyId)
{
    std::vector<std::shared_ptr<wire::WebSocket>> closing;
    for (const auto& [id, listener] : m_listeners)
        if (listener.socket && (keyId.empty() || listener.keyId == keyId))
            closing.push_back(listener.socket);
    for (const auto& socket : closing)
        socket->close({1001, "going away"});
}

} // namespace qd::sandbox::tradier
