#include "services/wire/server_connection.h"

#include <algorithm>

#include <boost/asio/dispatch.hpp>
#include <boost/beast/http/error.hpp>

#include "services/wire/web_socket_session.h"

namespace qd::wire {

namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadBytes = 4 << 10, kReadBytesBody = 64 << 10;
constexpr Duration kDrainTimeout = std::chrono::seconds(2);
constexpr std::size_t kDrainBytesMax = 8 << 20;
/// So many of the last places are kept for addresses that hold few connections.
constexpr int kReserveMax = 64, kFewConnections = 4;

/// Guards that a service answers: if it drops `respond`, the client is told. A service may keep it
/// longer than the connection, or the network, lasts.
class Answer {
public:
    explicit Answer(const std::shared_ptr<ServerConnection>& connection) : m_connection(connection) {}
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() { give({500, {}, {}}); }
    void give(HttpResponse response)
    {
        if (m_given.exchange(true)) return;
        if (const auto connection = m_connection.lock()) connection->answer(std::move(response));
    }

private:
    std::weak_ptr<ServerConnection> m_connection; ///< the watch keeps it while it is open
    std::atomic<bool> m_given{false};
};

std::string_view view(boost::beast::string_view text)
{
    return {text.data(), text.size()};
}

} // namespace

bool ServerShared::admit(const std::string& address)
{
    const int reserve = std::min(options.connectionsMax / 50, kReserveMax);
    const std::lock_guard lock(m_mutex);
    const auto found = m_perAddress.find(address);
    const int held = found == m_perAddress.end() ? 0 : found->second;
    const bool crowded = m_open >= options.connectionsMax - reserve && held >= kFewConnections;
    if (m_open >= options.connectionsMax || held >= options.connectionsPerAddressMax || crowded)
        return false;
    ++m_open;
    ++m_perAddress[address];
    return true;
}

void ServerShared::leave(const std::string& address)
{
    const std::lock_guard lock(m_mutex);
    --m_open;
    const auto found = m_perAddress.find(address);
    if (found != m_perAddress.end() && --found->second == 0) m_perAddress.erase(found);
}

ServerConnection::ServerConnection(Socket socket, std::string address,
                                   std::shared_ptr<ServerShared> shared)
    : m_strand(socket.get_executor()),
      m_address(std::move(address)),
      m_shared(std::move(shared)),
      m_transport(std::move(socket)),
      m_input(m_shared->options.headerBytesMax + kReadBytesBody)
{
    ++m_shared->counters.openConnections;
}

ServerConnection::~ServerConnection()
{
    if (m_counted) m_shared->leave(m_address);
    --m_shared->counters.openConnections;
}

std::shared_ptr<ServerConnection> ServerConnection::self()
{
    return std::static_pointer_cast<ServerConnection>(shared_from_this());
}

void ServerConnection::start()
{
    m_shared->watch->add(shared_from_this());
    m_transport.tune();
    if (!m_shared->tls) {
        m_phase = Phase::Head; // the first request must come within the header deadline
        setDeadline(m_shared->options.headerTimeout);
        readMore();
        return;
    }
    setDeadline(m_shared->options.handshakeTimeout);
    m_transport.handshakeAsServer(m_shared->tls, [self = self()](error_code error) {
        if (self->m_phase == Phase::Closed) return;
        if (error) {
            ++self->m_shared->counters.protocolErrors;
            self->finish();
            return;
        }
        self->m_phase = Phase::Head;
        self->setDeadline(self->m_shared->options.headerTimeout);
        self->readMore();
    });
}

void ServerConnection::readMore()
{
    if (m_reading) return;
    const std::size_t room = m_input.max_size() - m_input.size();
    if (room == 0) { // a chunk header without end
        ++m_shared->counters.protocolErrors;
        refuse(400, "a line of the body's framing is too long");
        return;
    }
    m_reading = true;
    const std::size_t wanted = m_phase == Phase::Body ? kReadBytesBody : kReadBytes;
    const auto buffer = m_input.prepare(std::min(room, wanted));
    m_transport.readSome(buffer, [self = self()](error_code error, std::size_t bytes) {
        self->onRead(error, bytes);
    });
}

void ServerConnection::onRead(error_code error, std::size_t bytes)
{
    m_reading = false;
    // While a refusal is being written, what still comes does not matter.
    if (m_phase == Phase::Closed || m_phase == Phase::Writing) return;
    if (m_phase == Phase::Draining) {
        m_drained += bytes;
        if (error || m_drained > kDrainBytesMax)
            finish();
        else
            readMore();
        return;
    }
    if (error) {
        if (m_phase == Phase::Body || m_input.size() > 0) ++m_shared->counters.protocolErrors;
        finish();
        return;
    }
    m_input.commit(bytes);
    parse();
}

void ServerConnection::parse()
{
    if (!m_parser) {
        // RFC 9112 §2.2: empty lines before a request are ignored.
        while (m_input.size() > 0) {
            const char first = *static_cast<const char*>(m_input.data().data());
            if (first != '\r' && first != '\n') break;
            m_input.consume(1);
        }
        if (m_input.size() == 0) {
            readMore();
            return;
        }
        m_parser.emplace();
        m_parser->header_limit(static_cast<std::uint32_t>(m_shared->options.headerBytesMax));
        m_parser->body_limit(m_shared->options.bodyBytesMax);
        if (m_phase == Phase::Idle) {
            m_phase = Phase::Head;
            setDeadline(m_shared->options.headerTimeout);
        }
    }
    while (!m_parser->is_done()) {
        error_code error;
        m_input.consume(m_parser->put(m_input.data(), error));
        if (error == http::error::need_more) {
            readMore();
            return;
        }
        if (error) {
            refuseParse(error);
            return;
        }
        if (m_phase == Phase::Head && m_parser->is_header_done() && !onHead()) return;
        if (m_input.size() == 0 && !m_parser->is_done()) {
            readMore();
            return;
        }
    }
    onRequest();
}

/// The request's head is complete. False if it was answered already.
bool ServerConnection::onHead()
{
    const auto& request = m_parser->get();
    if (request.version() != 11 && request.version() != 10) {
        refuse(505, "expected HTTP/1.0 or HTTP/1.1");
        return false;
    }
    if (request.count(http::field::host) > 1) {
        refuse(400, "more than one Host");
        return false;
    }
    m_phase = Phase::Body;
    setDeadline(m_shared->options.bodyTimeout);
    const std::string_view expect = header("Expect");
    if (expect.empty() || m_parser->is_done()) return true;
    if (!equalsIgnoringCase(expect, "100-continue")) {
        refuse(417, "unknown expectation");
        return false;
    }
    if (m_input.size() > 0) return true; // the body is on its way already
    sayContinue();
    return false;
}

/// Nothing else may be written meanwhile: whoever does not take these few bytes in time is closed.
void ServerConnection::sayContinue()
{
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    m_phase = Phase::Interim;
    m_transport.write({asio::buffer(kContinue)}, [self = self()](error_code error, std::size_t) {
        if (self->m_phase == Phase::Closed) return;
        if (error) {
            self->finish();
            return;
        }
        self->m_phase = Phase::Body;
        self->parse();
    });
}

void ServerConnection::onRequest()
{
    ++m_shared->counters.requests;
    m_phase = Phase::Handling;
    clearDeadline();
    m_keepAlive = m_parser->keep_alive();
    m_headRequest = m_parser->get().method() == http::verb::head;
    HttpRequest request = takeRequest();
    m_parser.reset();
    if (hasToken(request.headers.find("Connection"), "upgrade") &&
        hasToken(request.headers.find("Upgrade"), "websocket")) {
        onUpgrade(std::move(request));
        return;
    }
    auto answer = std::make_shared<Answer>(self());
    auto held = std::make_shared<HttpRequest>(std::move(request));
    m_shared->outlet->deliver([service = m_shared->service, held, answer] {
        service->handle(std::move(*held),
                        [answer](HttpResponse response) { answer->give(std::move(response)); });
    });
}

HttpRequest ServerConnection::takeRequest()
{
    auto& message = m_parser->get();
    HttpRequest request;
    request.method = message.method_string();
    request.target = message.target();
    for (const auto& field : message)
        request.headers.add(std::string(view(field.name_string())), std::string(view(field.value())));
    request.body = std::move(message.body());
    request.peerAddress = m_address;
    return request;
}

std::string_view ServerConnection::header(std::string_view name) const
{
    return view(m_parser->get()[boost::beast::string_view(name.data(), name.size())]);
}

void ServerConnection::onUpgrade(HttpRequest request)
{
    m_webSocketKey = request.headers.find("Sec-WebSocket-Key");
    if (request.method != "GET" || !isValidKey(m_webSocketKey)) {
        ++m_shared->counters.protocolErrors;
        refuse(400, "expected a GET with a Sec-WebSocket-Key of 16 bytes");
        return;
    }
    if (request.headers.find("Sec-WebSocket-Version") != "13") {
        write({426, {{"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}}, {}}, m_keepAlive);
        return;
    }
    auto held = std::make_shared<HttpRequest>(std::move(request));
    m_shared->outlet->deliver([self = self(), held] {
        auto decision = std::make_shared<tl::expected<WebSocketEvents, HttpResponse>>(
            self->m_shared->service->upgrade(*held));
        asio::dispatch(self->m_strand, [self, decision] { self->answerUpgrade(std::move(*decision)); });
    });
}

void ServerConnection::answerUpgrade(tl::expected<WebSocketEvents, HttpResponse> decision)
{
    if (m_phase != Phase::Handling) return;
    if (!decision) {
        write(std::move(decision.error()), m_keepAlive);
        return;
    }
    m_phase = Phase::Writing;
    setDeadline(m_shared->options.handshakeTimeout);
    m_head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: " +
             acceptKeyFor(m_webSocketKey) + "\r\n\r\n";
    auto events = std::make_shared<WebSocketEvents>(std::move(*decision));
    m_transport.write({asio::buffer(m_head)}, [self = self(), events](error_code error, std::size_t) {
        if (self->m_phase == Phase::Closed || error)
            self->finish();
        else
            self->openWebSocket(std::move(*events));
    });
}

/// Hands the transport over; this object ends, its place in the counts goes along.
void ServerConnection::openWebSocket(WebSocketEvents events)
{
    m_phase = Phase::Closed;
    clearDeadline();
    m_counted = false;
    ++m_shared->counters.upgrades;
    ++m_shared->counters.openWebSockets;
    WebSocketSettings settings;
    settings.messageBytesMax = m_shared->options.webSocketMessageBytesMax;
    settings.queueBytesMax = m_shared->options.webSocketQueueBytesMax;
    settings.idleTimeout = m_shared->options.webSocketIdleTimeout;
    settings.onEnded = [shared = m_shared, address = m_address](int code) {
        --shared->counters.openWebSockets;
        if (code == 1002 || code == 1007 || code == 1009) ++shared->counters.protocolErrors;
        shared->leave(address);
    };
    auto session = std::make_shared<WebSocketSession>(m_strand, m_shared->watch, m_shared->outlet,
                                                      std::move(events), std::move(settings));
    const auto* bytes = static_cast<const char*>(m_input.data().data());
    session->open(std::move(m_transport), std::string(bytes, m_input.size()));
    m_shared->watch->remove(*this);
    if (m_shared->stopping) session->retire();
}

void ServerConnection::answer(HttpResponse response)
{
    auto held = std::make_shared<HttpResponse>(std::move(response));
    asio::dispatch(m_strand, [self = self(), held] {
        if (self->m_phase == Phase::Handling) self->write(std::move(*held), self->m_keepAlive);
    });
}

void ServerConnection::write(HttpResponse response, bool keepAlive)
{
    m_phase = Phase::Writing;
    // A reader that takes nothing for that long is given up; large answers are written piecemeal by
    // the kernel, so this bounds the whole answer.
    setDeadline(m_shared->options.idleTimeout);
    keepAlive = keepAlive && !m_shared->stopping;
    m_response = std::move(response);
    m_head = answerHead(m_response, {keepAlive, m_headRequest}, runtime::systemClock().now());
    std::vector<asio::const_buffer> buffers{asio::buffer(m_head)};
    if (!m_headRequest && allowsBody(m_response.status) && !m_response.body.empty())
        buffers.push_back(asio::buffer(m_response.body));
    m_transport.write(std::move(buffers), [self = self(), keepAlive](error_code error, std::size_t) {
        self->onWritten(error, keepAlive);
    });
}

void ServerConnection::onWritten(error_code error, bool keepAlive)
{
    if (m_phase == Phase::Closed) return;
    m_response = {};
    if (error) {
        finish();
        return;
    }
    if (!keepAlive) {
        drainAndClose();
        return;
    }
    m_phase = Phase::Idle;
    setDeadline(m_shared->options.idleTimeout);
    if (m_shared->stopping && m_input.size() == 0) {
        finish();
        return;
    }
    parse();
}

void ServerConnection::refuse(int status, const std::string& why)
{
    m_headRequest = false;
    write({status, {{"Content-Type", "text/plain"}}, why + "\n"}, false);
}

void ServerConnection::refuseParse(const error_code& error)
{
    ++m_shared->counters.protocolErrors;
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        refuse(431, "header fields are over " + std::to_string(m_shared->options.headerBytesMax) + " bytes");
    else if (error == http::error::body_limit)
        refuse(413, "body is over " + std::to_string(m_shared->options.bodyBytesMax) + " bytes");
    else
        refuse(400, error.message());
}

/// Closing at once with unread input would reset the connection, and the peer might never see the
/// answer (RFC 9112 §9.6): so stop sending, then read and drop for a while.
void ServerConnection::drainAndClose()
{
    m_phase = Phase::Draining;
    m_parser.reset();
    m_input.consume(m_input.size());
    setDeadline(kDrainTimeout);
    const bool tls = m_transport.isTls();
    if (tls && m_reading) { // a TLS stream cannot be shut down while it is read
        finish();
        return;
    }
    m_transport.shutdownSend([self = self(), tls](error_code error) {
        if (self->m_phase != Phase::Draining) return;
        if (error || tls)
            self->finish();
        else
            self->readMore();
    });
}

void ServerConnection::onDeadline()
{
    switch (m_phase) {
    case Phase::Head:
        ++m_shared->counters.timeouts;
        // Someone who has begun to ask is told; silence is answered with silence.
        if (m_input.size() > 0) {
            refuse(408, "the request's head did not arrive in time");
            return;
        }
        break;
    case Phase::Body:
        ++m_shared->counters.timeouts;
        refuse(408, "the request's body did not arrive in time");
        return;
    case Phase::Handshake:
    case Phase::Interim:
    case Phase::Writing: ++m_shared->counters.timeouts; break;
    case Phase::Idle:
    case Phase::Handling:
    case Phase::Draining:
    case Phase::Closed: break;
    }
    finish();
}

void ServerConnection::retire()
{
    if (m_phase == Phase::Idle || m_phase == Phase::Handshake ||
        (m_phase == Phase::Head && m_input.size() == 0))
        finish();
}

void ServerConnection::finish()
{
    if (m_phase == Phase::Closed) return;
    m_phase = Phase::Closed;
    clearDeadline();
    m_transport.close();
    m_shared->watch->remove(*this);
}

} // namespace qd::wire
