#include "tests/services/wire/wire_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include <gtest/gtest.h>

namespace qd::wire {

namespace {

std::chrono::steady_clock::time_point after(std::chrono::milliseconds patience)
{
    return std::chrono::steady_clock::now() + patience;
}

/// Milliseconds left until `deadline`, ≥ 0.
int left(std::chrono::steady_clock::time_point deadline)
{
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, rest.count()));
}

sockaddr_in loopback(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

sockaddr* generic(sockaddr_in& address)
{
    return static_cast<sockaddr*>(static_cast<void*>(&address));
}

void closeByReset(int fd)
{
    const linger hard{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(fd);
}

} // namespace

WebSocketOptions webSocketTo(std::string url)
{
    WebSocketOptions options;
    options.url = std::move(url);
    return options;
}

bool becomesTrue(const std::function<bool()>& condition, std::chrono::milliseconds patience)
{
    const auto deadline = after(patience);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

void EchoService::handle(HttpRequest request, Respond respond)
{
    const auto target = Target::parse(request.target);
    const std::string path = target ? target->path : "";
    {
        const std::lock_guard lock(m_mutex);
        m_seen.push_back(request);
        if (path == "/hold") {
            m_held.push_back(std::move(respond));
            ++held;
            return;
        }
    }
    if (path == "/drop") return;
    if (path == "/empty") return respond({204, {}, "must not be sent"});
    if (path == "/echo") return respond({200, {{"X-Method", request.method}}, std::move(request.body)});
    if (path == "/big")
        return respond({200, {}, std::string(std::stoul(std::string(target->queryValue("bytes"))), 'b')});
    respond({200, {{"Content-Type", "text/plain"}}, "hello"});
}

tl::expected<WebSocketEvents, HttpResponse> EchoService::upgrade(const HttpRequest& request)
{
    if (request.target != "/ws") return tl::unexpected(HttpResponse{404, {}, "no such stream"});
    auto socket = std::make_shared<std::shared_ptr<WebSocket>>();
    WebSocketEvents events;
    events.onOpen = [socket](std::shared_ptr<WebSocket> opened) { *socket = std::move(opened); };
    events.onMessage = [socket](WebSocketMessage message) { (*socket)->send(std::move(message)); };
    events.onClosed = [this, socket](const CloseReason& reason) {
        const std::lock_guard lock(m_mutex);
        m_closed.push_back(reason);
        socket->reset();
    };
    return events;
}

void EchoService::releaseHeld()
{
    std::vector<Respond> held_;
    {
        const std::lock_guard lock(m_mutex);
        held_.swap(m_held);
    }
    for (const Respond& respond : held_) respond({200, {}, "released"});
}

std::vector<HttpRequest> EchoService::seen() const
{
    const std::lock_guard lock(m_mutex);
    return m_seen;
}

std::vector<CloseReason> EchoService::closed() const
{
    const std::lock_guard lock(m_mutex);
    return m_closed;
}

RawClient::RawClient(std::uint16_t port) : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address = loopback(port);
    const int on = 1;
    setsockopt(m_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(m_fd, generic(address), sizeof address) != 0) m_closed = true;
}

RawClient::~RawClient()
{
    if (m_fd >= 0) ::close(m_fd);
}

std::size_t RawClient::send(std::string_view bytes)
{
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        pollfd ready{m_fd, POLLOUT, 0};
        if (::poll(&ready, 1, 3000) <= 0) break;
        const ssize_t n = ::send(m_fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) continue;
        if (n < 0) break;
        sent += static_cast<std::size_t>(n);
    }
    return sent;
}

std::string RawClient::receive(const std::function<bool(const std::string&)>& enough,
                               std::chrono::milliseconds patience)
{
    const auto deadline = after(patience);
    std::string received;
    while (!m_closed && !enough(received)) {
        pollfd ready{m_fd, POLLIN, 0};
        if (::poll(&ready, 1, left(deadline)) <= 0) break;
        char buffer[65536];
        const ssize_t n = ::recv(m_fd, buffer, sizeof buffer, 0);
        if (n <= 0)
            m_closed = true;
        else
            received.append(buffer, static_cast<std::size_t>(n));
    }
    return received;
}

std::string RawClient::receiveUntilClosed(std::chrono::milliseconds patience)
{
    return receive([](const std::string&) { return false; }, patience);
}

void RawClient::reset()
{
    closeByReset(std::exchange(m_fd, -1));
}

RawServer::RawServer() : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address = loopback(0);
    ::bind(m_fd, generic(address), sizeof address);
    ::listen(m_fd, 16);
    socklen_t size = sizeof address;
    ::getsockname(m_fd, generic(address), &size);
    m_port = ntohs(address.sin_port);
}

RawServer::~RawServer()
{
    ::close(m_fd);
}

int RawServer::accept(std::chrono::milliseconds patience)
{
    pollfd ready{m_fd, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return -1;
    return ::accept(m_fd, nullptr, nullptr);
}

std::string RawServer::readUntil(int fd, std::string_view end)
{
    std::string received;
    const auto deadline = after(kPatience);
    while (received.find(end) == std::string::npos) {
        pollfd ready{fd, POLLIN, 0};
        if (::poll(&ready, 1, left(deadline)) <= 0) break;
        char c = 0;
        if (::recv(fd, &c, 1, 0) != 1) break;
        received += c;
    }
    return received;
}

void RawServer::write(int fd, std::string_view bytes)
{
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

void RawServer::closeWithReset(int fd)
{
    closeByReset(fd);
}

Loopback::Loopback(ServerOptions options, bool ownExecutor, HttpClientOptions clientOptions)
    : m_network(1, "wire-test"), m_secure(!options.certificateFile.empty())
{
    if (ownExecutor)
        m_executor = std::make_unique<runtime::ThreadExecutor>("wire-core");
    else
        m_executor = m_network.makeExecutor();
    auto made = makeServer(m_network, *m_executor, m_service, std::move(options));
    if (!made) throw std::runtime_error(describe(made.error()));
    m_server = std::move(*made);
    m_webSockets = makeWebSocketClient(m_network, *m_executor, clientOptions.tls);
    m_client = makeHttpClient(m_network, *m_executor, std::move(clientOptions));
}

Loopback::~Loopback() = default;

std::string Loopback::url(const std::string& path, const std::string& scheme) const
{
    return scheme + (m_secure ? "s" : "") + "://127.0.0.1:" + std::to_string(m_server->port()) + path;
}

Result<HttpResponse> Loopback::send(HttpRequest request)
{
    auto answer = std::make_shared<Eventually<Result<HttpResponse>>>();
    m_client->send(std::move(request), [answer](Result<HttpResponse> result) { answer->set(std::move(result)); });
    auto result = answer->wait();
    if (!result) return fail(ErrorKind::Corrupt, "test.no_answer", "the callback did not come");
    return *result;
}

Result<HttpResponse> Loopback::get(const std::string& path)
{
    HttpRequest request;
    request.target = url(path);
    return send(std::move(request));
}

void RecordedSocket::connect(WebSocketClient& client, WebSocketOptions options)
{
    WebSocketEvents events;
    events.onOpen = [state = m_state](std::shared_ptr<WebSocket> socket) { state->opened.set(std::move(socket)); };
    events.onMessage = [state = m_state](WebSocketMessage message) {
        const std::lock_guard lock(state->mutex);
        state->messages.push_back(std::move(message));
    };
    events.onClosed = [state = m_state](CloseReason reason) {
        ++state->closedCount;
        state->closed.set(std::move(reason));
    };
    m_handle = client.connect(std::move(options), std::move(events));
}

std::shared_ptr<WebSocket> RecordedSocket::waitOpen()
{
    return m_state->opened.wait().value_or(nullptr);
}

bool RecordedSocket::waitMessages(std::size_t count)
{
    return becomesTrue([&] { return messages().size() >= count; });
}

std::vector<WebSocketMessage> RecordedSocket::messages() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->messages;
}

void upgrade(RawClient& client)
{
    client.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const std::string answer = client.receive([](const std::string& text) { return text.ends_with("\r\n\r\n"); });
    ASSERT_NE(answer.find("101 Switching Protocols"), std::string::npos) << answer;
    ASSERT_NE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << answer;
}

} // namespace qd::wire
