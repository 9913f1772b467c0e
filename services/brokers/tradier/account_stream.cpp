#include "services/brokers/tradier/account_stream.h"

#include <algorithm>

#include "services/brokers/stream_pace.h"
#include "services/json/json.h"
#include "services/resilience/retry.h"

namespace qd::brokers::tradier {

AccountStream::AccountStream(const TradierSettings& settings, RequestGate& gate,
                             wire::WebSocketClient& sockets, runtime::Executor& core,
                             runtime::Random& random)
    : m_settings(settings), m_gate(gate), m_sockets(sockets), m_core(core), m_random(random),
      m_generation(std::make_shared<int>(0))
{
}

AccountStream::~AccountStream()
{
    stop();
}

void AccountStream::start(Listener listener)
{
    m_listener = std::move(listener);
    m_running = true;
    connect();
}

void AccountStream::stop()
{
    m_running = false;
    m_listening = false;
    ++*m_generation;
    m_reconnect.cancel();
    m_handshake.cancel();
    if (m_socket) m_socket->close({1000, "stopping"});
    m_socket.reset();
}

void AccountStream::connect()
{
    if (!m_running) return;
    const int generation = ++*m_generation;
    const auto current = [shared = m_generation, generation] { return *shared == generation; };
    RequestGate::Request request;
    request.method = "POST";
    request.path = "/v1/accounts/events/session";
    m_gate.send(std::move(request), [this, current](const Result<wire::HttpResponse>& result) {
        if (!current()) return;
        if (!result) return onClosed(describe(result.error()));
        m_unauthorized = result->status == 401;
        const auto document = json::Document::parse(result->body);
        const std::string id(document ? document->root()["stream"]["sessionid"].stringOr({})
                                      : std::string_view());
        if (result->status >= 400 || id.empty())
            return onClosed(m_unauthorized ? "Tradier refused the token; connect the broker again"
                                           : "no session for account events was given");
        open(id);
    });
}

void AccountStream::open(const std::string& sessionId)
{
    const int generation = ++*m_generation;
    const auto current = [shared = m_generation, generation] { return *shared == generation; };
    wire::WebSocketOptions options;
    options.url = m_settings.streamUrl + "/v1/accounts/events";
    options.idleTimeout = m_settings.streamIdleTimeout;
    wire::WebSocketEvents events;
    events.onOpen = [this, current, sessionId](std::shared_ptr<wire::WebSocket> socket) {
        if (!current()) return;
        m_socket = std::move(socket);
        json::Writer out;
        out.beginObject().key("events").beginArray().value("order").endArray();
        out.member("sessionid", sessionId).key("excludeAccounts").beginArray().endArray().endObject();
        m_socket->send({false, out.take()});
    };
    events.onMessage = [this, current](const wire::WebSocketMessage& message) {
        if (current()) onMessage(message.payload);
    };
    events.onClosed = [this, current](const wire::CloseReason& reason) {
        if (current())
            onClosed(reason.text.empty() ? "closed with code " + std::to_string(reason.code) : reason.text);
    };
    m_handshake = m_core.after(kHandshakeMax, [this] {
        if (m_socket) m_socket->close({1000, "no heartbeat"});
        onClosed("the venue sent no heartbeat within 10 s");
    });
    m_socket = m_sockets.connect(std::move(options), std::move(events));
}

void AccountStream::onMessage(std::string_view payload)
{
    if (!m_listening) {
        const auto document = json::Document::parse(payload);
        if (document && document->root().contains("error")) {
            if (m_socket) m_socket->close({1000, "refused"});
            return onClosed("the session was refused: "
                            + std::string(document->root()["error"].stringOr("").substr(0, 200)));
        }
        m_handshake.cancel();
        m_failures = 0;
        m_nextAttempt = {};
        m_listening = true;
        m_listener.changed({true, "listening to account events", {}});
    }
    m_listener.message(payload);
}

void AccountStream::onClosed(const std::string& reason)
{
    ++*m_generation;
    m_handshake.cancel();
    m_socket.reset();
    m_listening = false;
    if (!m_running) return;
    m_lastError = Error{ErrorKind::Unavailable, "broker.stream_down", reason, {}};
    m_lastErrorAt = m_core.clock().now();
    ++m_failures;
    const auto wait = std::max(kReconnectMin, resilience::fullJitter(kReconnect, m_failures, m_random));
    m_nextAttempt = m_core.clock().now() + wait;
    m_reconnect = m_core.after(wait, [this] { connect(); });
    m_listener.changed({false, reason, m_nextAttempt});
}

} // namespace qd::brokers::tradier
