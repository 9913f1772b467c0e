#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "services/wire/http.h"

namespace qd::wire {

/// The sockets of this process: one event loop on `threads` named threads. Everything below is made
/// from it and runs on it. Destroy last.
class Network {
public:
    explicit Network(int threads = 1, std::string name = "io");
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    /// An executor on the loop whose tasks never overlap (a strand).
    std::unique_ptr<runtime::Executor> makeExecutor();
    void stop();

    struct State; ///< Asio lives behind it
    State& state() { return *m_state; }

private:
    std::unique_ptr<State> m_state;
};

/// Whose certificate is not trusted, or is another host's, is not spoken to: Unavailable
/// "wire.untrusted" in place of "wire.connect".
struct TlsClientOptions {
    bool verifyPeer = true;
    std::string caFile; ///< PEM; empty = the system's
};

struct HttpClientOptions {
    int connectionsPerHostMax = 32;
    int queuedPerHostMax = 1024;
    std::size_t headerBytesMax = 16 << 10;
    std::size_t bodyBytesMax = 16 << 20;
    std::chrono::milliseconds connectTimeout{5'000};
    std::chrono::milliseconds idleTimeout{30'000}; ///< kept-alive connections
    TlsClientOptions tls;
};

/// Keep-alive pooled HTTP/1.1 client. Callbacks come on `executor`.
/// An idempotent request on a kept-alive connection that turns out dead is sent again once on a
/// fresh one; a POST or PATCH is not: its outcome is unknown unless nothing was written.
std::unique_ptr<HttpClient> makeHttpClient(Network& network, runtime::Executor& executor,
                                           HttpClientOptions options = {});

std::unique_ptr<WebSocketClient> makeWebSocketClient(Network& network, runtime::Executor& executor,
                                                     TlsClientOptions tls = {});

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; ///< 0 = any free one
    std::string certificateFile, keyFile; ///< PEM; both set = TLS
    int connectionsMax = 16'000;
    int connectionsPerAddressMax = 16'000;
    std::size_t headerBytesMax = 16 << 10;
    std::size_t bodyBytesMax = 1 << 20;
    std::size_t webSocketMessageBytesMax = 1 << 20;
    std::size_t webSocketQueueBytesMax = 1 << 20;
    std::chrono::milliseconds headerTimeout{10'000}, bodyTimeout{10'000}, idleTimeout{75'000};
    std::chrono::milliseconds handshakeTimeout{5'000}, webSocketIdleTimeout{60'000};
};

struct ServerStats {
    std::uint64_t accepted = 0, requests = 0, upgrades = 0, refusedConnections = 0, timeouts = 0,
                  protocolErrors = 0;
    std::int64_t openConnections = 0, openWebSockets = 0;
};

/// HTTP/1.1 and WebSocket server. Limits and deadlines on everything; over a limit it answers 431,
/// 413, 408, 400 or closes with 1009 and counts it.
class Server {
public:
    virtual ~Server() = default; ///< stops accepting, closes what is open
    virtual std::uint16_t port() const = 0;
    virtual ServerStats stats() const = 0;
    /// Stop accepting; answers under way may finish within `grace`.
    virtual void stop(std::chrono::milliseconds grace) = 0;
};

/// Binds and listens at once. `service` is called on `executor` and must outlive the server.
/// Fails with: Unavailable "wire.bind" (address in use …), Invalid "wire.tls" (bad certificate).
Result<std::unique_ptr<Server>> makeServer(Network& network, runtime::Executor& executor,
                                           Service& service, ServerOptions options);

} // namespace qd::wire
