#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/wire/network.h"

namespace qd::wire {

using namespace std::chrono_literals;

/// How long a test waits for what must happen; it goes on as soon as it has.
constexpr std::chrono::milliseconds kPatience{10'000};

/// A value that another thread will bring.
template <typename T>
class Eventually {
public:
    void set(T value)
    {
        const std::lock_guard lock(m_mutex);
        m_value = std::move(value);
        m_changed.notify_all();
    }
    std::optional<T> wait(std::chrono::milliseconds patience = kPatience)
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait_for(lock, patience, [this] { return m_value.has_value(); });
        return m_value;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::optional<T> m_value;
};

WebSocketOptions webSocketTo(std::string url);

/// Does `condition` become true in time?
bool becomesTrue(const std::function<bool()>& condition, std::chrono::milliseconds patience = kPatience);

/// Answers by path: /echo sends the body back, /empty 204, /hold answers when told, /drop never,
/// /big?bytes=N, anything else "hello". Upgrades on /ws echo messages; elsewhere 404.
class EchoService final : public Service {
public:
    void handle(HttpRequest request, Respond respond) override;
    tl::expected<WebSocketEvents, HttpResponse> upgrade(const HttpRequest& request) override;

    void releaseHeld();
    std::vector<HttpRequest> seen() const;
    std::vector<CloseReason> closed() const;
    std::atomic<int> held{0};

private:
    mutable std::mutex m_mutex;
    std::vector<HttpRequest> m_seen;
    std::vector<Respond> m_held;
    std::vector<CloseReason> m_closed;
};

/// A blocking raw socket: the rude client.
class RawClient {
public:
    explicit RawClient(std::uint16_t port);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    /// How much could be sent before the peer closed or stopped reading for a while.
    std::size_t send(std::string_view bytes);
    /// Reads until `enough(received)`, the peer's end of file or reset, or patience ends.
    std::string receive(const std::function<bool(const std::string&)>& enough,
                        std::chrono::milliseconds patience = kPatience);
    std::string receiveUntilClosed(std::chrono::milliseconds patience = kPatience);
    bool isClosed() const { return m_closed; }
    /// Ends with a reset instead of a goodbye.
    void reset();
    int descriptor() const { return m_fd; }

private:
    int m_fd = -1;
    bool m_closed = false;
};

/// Asks for a WebSocket at /ws and expects to get it.
void upgrade(RawClient& client);

/// A blocking raw server for one connection at a time: the rude peer of the clients.
class RawServer {
public:
    RawServer();
    ~RawServer();
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    std::uint16_t port() const { return m_port; }
    /// Accepts one connection; −1 if none came in time.
    int accept(std::chrono::milliseconds patience = kPatience);
    static std::string readUntil(int fd, std::string_view end);
    static void write(int fd, std::string_view bytes);
    static void closeWithReset(int fd);

private:
    int m_fd = -1;
    std::uint16_t m_port = 0;
};

/// A server with the echo service, and clients, on one network.
class Loopback {
public:
    explicit Loopback(ServerOptions options = {}, bool ownExecutor = false,
                      HttpClientOptions clientOptions = {});
    ~Loopback();

    std::string url(const std::string& path, const std::string& scheme = "http") const;
    Result<HttpResponse> send(HttpRequest request);
    Result<HttpResponse> get(const std::string& path);
    Server& server() { return *m_server; }
    EchoService& service() { return m_service; }
    HttpClient& client() { return *m_client; }
    WebSocketClient& webSockets() { return *m_webSockets; }
    Network& network() { return m_network; }
    runtime::Executor& executor() { return *m_executor; }
    void dropServer() { m_server.reset(); }

private:
    Network m_network;
    EchoService m_service;
    std::unique_ptr<runtime::Executor> m_executor;
    std::unique_ptr<Server> m_server;
    std::unique_ptr<HttpClient> m_client;
    std::unique_ptr<WebSocketClient> m_webSockets;
    bool m_secure;
};

/// A client's WebSocket whose events are recorded.
class RecordedSocket {
public:
    void connect(WebSocketClient& client, WebSocketOptions options);
    std::shared_ptr<WebSocket> waitOpen();
    bool waitMessages(std::size_t count);
    std::optional<CloseReason> waitClosed() { return m_state->closed.wait(); }
    std::vector<WebSocketMessage> messages() const;
    int closedCount() const { return m_state->closedCount; }
    std::shared_ptr<WebSocket> handle() const { return m_handle; }

private:
    struct State {
        Eventually<std::shared_ptr<WebSocket>> opened;
        Eventually<CloseReason> closed;
        std::atomic<int> closedCount{0};
        mutable std::mutex mutex;
        std::vector<WebSocketMessage> messages;
    };
    std::shared_ptr<State> m_state = std::make_shared<State>();
    std::shared_ptr<WebSocket> m_handle;
};

} // namespace qd::wire
