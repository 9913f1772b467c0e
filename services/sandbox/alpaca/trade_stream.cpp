#include "services/sandbox/alpaca/trade_stream.h"

#include <utility>

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/order_json.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

using exchange::OrderEvent;

namespace {

std::string malformedUpdate(std::string_view event)
{
    return R"({"stream":"trade_updates","data":{"event":)" + json::quote(event)
        + R"(,"order":{"id":17,"qty":"a few"}}})";
}

} // namespace

TradeStream::TradeStream(Desk& desk, const KeyRing& keys)
    : m_desk(desk),
      m_keys(keys),
      m_faults(desk, {[this](const exchange::OrderUpdate& update) { return updateJson(update); },
                      malformedUpdate, "frozen",
                      [this](const AccountId& account, const std::string& json) {
                          deliver(account, json);
                      }})
{
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
TradeStream::accept(const wire::HttpRequest& request)
{
    if (m_sessions.size() >= kSessionsMax)
        return tl::unexpected(errorAnswer(503, 50310000, "too many connections"));
    const SessionId id = m_nextSession++;
    Session& session = m_sessions[id];
    session.codec = codecOf(request.headers);
    if (const ApiKey* key = m_keys.check(request.headers)) {
        session.authenticated = true;
        session.keyId = key->keyId;
        session.account = key->account;
    }
    wire::WebSocketEvents events;
    const std::weak_ptr<bool> alive = m_alive;
    events.onOpen = [this, id, alive](std::shared_ptr<wire::WebSocket> socket) {
        if (!alive.expired())
            onOpen(id, std::move(socket));
    };
    events.onMessage = [this, id, alive](const wire::WebSocketMessage& message) {
        if (!alive.expired())
            onMessage(id, message);
    };
    events.onClosed = [this, id, alive](const wire::CloseReason&) {
        if (!alive.expired())
            m_sessions.erase(id);
    };
    return events;
}

void TradeStream::onOpen(SessionId id, std::shared_ptr<wire::WebSocket> socket)
{
    const auto found = m_sessions.find(id);
    if (found == m_sessions.end())
        return;
    Session& session = found->second;
    session.socket = std::move(socket);
    session.deadline = m_desk.executor.after(kAuthenticateWithin, [this, id] {
        const auto late = m_sessions.find(id);
        if (late != m_sessions.end() && !late->second.authenticated)
            late->second.socket->close({1008, "authentication timeout"});
    });
}

void TradeStream::onMessage(SessionId id, const wire::WebSocketMessage& message)
{
    const auto found = m_sessions.find(id);
    if (found == m_sessions.end())
        return;
    Session& session = found->second;
    const auto document = decodeMessage(message);
    const json::Value root = document ? document->root() : json::Value();
    const std::string_view action = root["action"].stringOr("");
    if (action == "authenticate" || action == "auth")
        authenticate(session, root["data"].isObject() ? root["data"] : root);
    else if (action == "listen")
        listen(session, root["data"]);
    else
        send(session, R"({"action":"error","data":{"error_message":"invalid syntax"}})");
}

void TradeStream::authenticate(Session& session, const json::Value& data)
{
    const std::string_view token = data["oauth_token"].stringOr("");
    const ApiKey* key = token.empty()
        ? m_keys.check(data["key_id"].stringOr(data["key"].stringOr("")),
                       data["secret_key"].stringOr(data["secret"].stringOr("")))
        : m_keys.checkToken(token);
    session.authenticated = key != nullptr;
    if (key) {
        session.keyId = key->keyId;
        session.account = key->account;
    }
    sendAuthorization(session, key ? "authorized" : "unauthorized", "authenticate");
}

void TradeStream::sendAuthorization(Session& session, std::string_view status,
                                    std::string_view action)
{
    json::Writer out;
    out.beginObject().member("stream", "authorization").key("data").beginObject();
    out.member("status", status).member("action", action).endObject().endObject();
    send(session, out.take());
}

void TradeStream::listen(Session& session, const json::Value& data)
{
    if (!session.authenticated) {
        sendAuthorization(session, "unauthorized", "listen");
        return;
    }
    session.listening = false;
    for (const json::Value& stream : data["streams"].items())
        session.listening = session.listening || stream.stringOr("") == "trade_updates";
    send(session,
         session.listening ? R"({"stream":"listening","data":{"streams":["trade_updates"]}})"
                           : R"({"stream":"listening","data":{"streams":[]}})");
}

void TradeStream::send(Session& session, std::string json)
{
    if (!session.socket || !session.socket->isOpen())
        return;
    if (session.socket->queuedBytes() > kQueueBytesMax
        || !session.socket->send(encodeMessage(std::move(json), session.codec,
                                               /*binaryJson=*/true, json::TimestampForm::Text)))
        session.socket->close({1008, "slow client"});
}

void TradeStream::disconnect(std::string_view keyId)
{
    // Closing may call onClosed at once, which forgets the session.
    std::vector<std::shared_ptr<wire::WebSocket>> closing;
    for (auto& [id, session] : m_sessions) {
        if (!keyId.empty() && session.keyId != keyId)
            continue;
        session.authenticated = session.listening = false;
        if (session.socket)
            closing.push_back(session.socket);
    }
    for (const auto& socket : closing)
        socket->close({1001, "going away"});
}

void TradeStream::publish(const exchange::OrderUpdate& update)
{
    if (isTold(update))
        m_faults.publish(update);
}

void TradeStream::publishFaithfully(const exchange::OrderUpdate& update)
{
    if (isTold(update))
        deliver(update.order.account, updateJson(update));
}

/// Legs that wait are not announced on this stream.
bool TradeStream::isTold(const exchange::OrderUpdate& update) const
{
    return update.event != OrderEvent::Held && !m_desk.records.isHidden(update.order.id);
}

void TradeStream::deliver(const AccountId& account, const std::string& json)
{
    std::vector<SessionId> listeners;
    for (const auto& [id, session] : m_sessions)
        if (session.listening && session.account == account && session.socket)
            listeners.push_back(id);
    for (const SessionId id : listeners) {
        const auto found = m_sessions.find(id);
        if (found == m_sessions.end())
            continue;
        Session& session = found->second;
        // A message that a drill has cut is no JSON any more: it goes out as it is.
        if (json.back() == '}')
            send(session, json);
        else
            session.socket->send({true, json}); // a refusal would change nothing here
    }
    FaultSubject stream;
    stream.stream = "trade";
    if (const auto fault = m_desk.strike("disconnect", stream))
        disconnect(fault->keyId);
}

std::string TradeStream::updateJson(const exchange::OrderUpdate& update)
{
    json::Writer out;
    out.beginObject().member("stream", "trade_updates").key("data").beginObject();
    out.member("event", toString(update.event))
        .member("execution_id",
                update.execution ? update.execution->id.text() : m_desk.random.uuidV4())
        .member("timestamp", rfc3339(update.at));
    if (update.execution)
        out.member("price", update.execution->price)
            .member("qty", update.execution->quantity)
            .member("position_qty", update.positionQuantity);
    out.key("order");
    writeOrder(out, update.order, m_desk.records, Legs::Nested);
    out.endObject().endObject();
    return out.take();
}

} // namespace qd::sandbox::alpaca
