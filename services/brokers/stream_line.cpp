#include "services/brokers/stream_line.h"

#include <algorithm>
#include <utility>

namespace qd::brokers {

namespace {

constexpr int kNormalClosure = 1000; ///< RFC 6455 §7.4.1

} // namespace

void StreamLine::Attempt::open(wire::WebSocketOptions options) const
{
    if (isCurrent()) m_line->open(std::move(options));
}

void StreamLine::Attempt::fail(const std::string& reason) const
{
    if (isCurrent()) m_line->ended(reason);
}

StreamLine::StreamLine(Terms terms, wire::WebSocketClient& sockets, runtime::Executor& executor,
                       runtime::Random& random)
    : m_terms(std::make_shared<const Terms>(std::move(terms))),
      m_sockets(sockets),
      m_executor(executor),
      m_random(random)
{
}

StreamLine::~StreamLine()
{
    // One that was stopped may be destroyed on another thread, while that of its executor still
    // looks whether a late event is of its time.
    if (m_isRunning) stop();
}

void StreamLine::start()
{
    stop();
    m_isRunning = true;
    m_failures = 0;
    connect();
}

void StreamLine::stop()
{
    m_isRunning = m_isListening = false;
    ++*m_latest;
    m_reconnect.cancel();
    m_handshake.cancel();
    if (const auto socket = std::exchange(m_socket, nullptr))
        socket->close({kNormalClosure, "stopping"});
}

void StreamLine::connect()
{
    ++*m_latest;
    const auto terms = m_terms;
    terms->connect(attempt());
}

void StreamLine::open(wire::WebSocketOptions options)
{
    QD_ASSERT(!m_socket);
    const auto current = attempt();
    m_handshake = m_executor.after(kHandshakeMax,
                                   [this] { abandon(m_terms->silent, m_terms->silentFarewell); });
    auto socket = m_sockets.connect(std::move(options), eventsOf(current));
    if (current.isCurrent()) m_socket = std::move(socket);
}

wire::WebSocketEvents StreamLine::eventsOf(const Attempt& current)
{
    wire::WebSocketEvents events;
    events.onOpen = [this, current](std::shared_ptr<wire::WebSocket> socket) {
        if (!current.isCurrent()) return;
        m_socket = std::move(socket);
        const auto terms = m_terms;
        terms->opened();
    };
    events.onMessage = [this, current](wire::WebSocketMessage message) {
        if (!current.isCurrent()) return;
        const auto terms = m_terms;
        terms->hideSecrets(message.payload);
        terms->message(message.payload);
    };
    events.onClosed = [this, current](wire::CloseReason reason) {
        if (!current.isCurrent()) return;
        m_terms->hideSecrets(reason.text);
        ended(reason.text.empty() ? "closed with code " + std::to_string(reason.code)
                                  : reason.text);
    };
    return events;
}

void StreamLine::listening(const std::string& what)
{
    m_handshake.cancel();
    m_failures = 0;
    m_nextAttempt = {};
    m_isListening = true;
    const auto terms = m_terms;
    terms->changed({true, what, {}});
}

void StreamLine::leave(const std::string& reason, const std::string& farewell)
{
    if (m_socket) abandon(reason, farewell);
}

void StreamLine::abandon(const std::string& reason, const std::string& farewell)
{
    ++*m_latest; // what the closing tells is no news
    if (const auto socket = std::exchange(m_socket, nullptr))
        socket->close({kNormalClosure, farewell});
    ended(reason);
}

void StreamLine::ended(const std::string& reason)
{
    ++*m_latest;
    m_handshake.cancel();
    m_socket.reset();
    m_isListening = false;
    if (!m_isRunning) return;
    const auto now = m_executor.clock().now();
    m_lastError = Error{ErrorKind::Unavailable, "broker.stream_down", reason, {}};
    m_lastErrorAt = now;
    ++m_failures;
    const auto wait =
        std::max(kReconnectMin, resilience::fullJitter(kReconnect, m_failures, m_random));
    m_nextAttempt = now + wait;
    m_reconnect = m_executor.after(wait, [this] { connect(); });
    const auto terms = m_terms;
    terms->changed({false, reason, m_nextAttempt});
}

bool StreamLine::send(wire::WebSocketMessage message)
{
    return m_socket && m_socket->send(std::move(message));
}

Malformed StreamLine::malformed(std::string_view payload, Error error)
{
    ++m_malformedCount;
    return Malformed{std::string(payload.substr(0, kKeptBytesMax)), std::move(error)};
}

} // namespace qd::brokers
