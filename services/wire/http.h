#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/runtime/executor.h"

namespace qd::wire {

struct Header {
    std::string name;
    std::string value;
};

/// Header fields in order; names compare without case (RFC 9110 §5.1).
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<Header> fields) : m_fields(fields) {}
    void set(std::string_view name, std::string value);
    void add(std::string name, std::string value);
    /// The first value; empty if there is none.
    std::string_view find(std::string_view name) const;
    bool contains(std::string_view name) const;
    const std::vector<Header>& all() const { return m_fields; }

private:
    std::vector<Header> m_fields;
};

struct HttpRequest {
    std::string method = "GET";
    /// Client: absolute URL "https://host:port/path?query". Server: origin form "/path?query".
    std::string target;
    Headers headers;
    std::string body;
    /// Client: from `send` to the last byte of the answer.
    std::chrono::milliseconds timeout{10'000};
    std::string peerAddress; ///< server: "127.0.0.1"
};

struct HttpResponse {
    int status = 200;
    Headers headers;
    std::string body;
};

/// Path and decoded query of a server-side target. `segments` are percent-decoded.
struct Target {
    std::string path;
    std::vector<std::string> segments;
    std::vector<Header> query; ///< percent-decoded, in order
    std::string_view queryValue(std::string_view name) const; ///< empty if absent
    bool hasQuery(std::string_view name) const;
    /// Fails with: Invalid "wire.target".
    static Result<Target> parse(std::string_view target);
};

/// `text` with everything but RFC 3986 unreserved characters percent-encoded.
std::string percentEncode(std::string_view text);

/// Sends requests. Implementations: BeastHttpClient (sockets), SimNetwork (tests).
class HttpClient {
public:
    using Callback = std::function<void(Result<HttpResponse>)>;
    virtual ~HttpClient() = default;
    /// Exactly one call of `done`, on the executor the client was made with. Fails with:
    /// Unavailable "wire.connect" (nothing was sent: resolve, connect or TLS failed; may be retried),
    /// Unavailable "wire.overloaded" (the connection pool's queue is full),
    /// OutcomeUnknown "wire.timeout" | "wire.reset" | "wire.protocol" (it may have been acted on).
    /// Any HTTP status is a success here.
    virtual void send(HttpRequest request, Callback done) = 0;
};

struct WebSocketMessage {
    bool binary = false;
    std::string payload;
};

/// Why a WebSocket ended. `code` as in RFC 6455 §7.4; 1006 when the transport just died.
struct CloseReason {
    int code = 1006;
    std::string text;
};

/// One end of an open WebSocket. Its owner keeps the shared_ptr; letting go does not close it.
/// Call on the executor it was made with.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    /// Queue one message. False (and nothing queued) when that would pass the queue's byte limit:
    /// the caller conflates or closes.
    virtual bool send(WebSocketMessage message) = 0;
    /// As `send`, for bytes shared between many sockets (fan-out): not copied.
    virtual bool sendShared(std::shared_ptr<const std::string> payload, bool binary) = 0;
    virtual std::size_t queuedBytes() const = 0;
    virtual void close(CloseReason reason) = 0;
    virtual bool isOpen() const = 0;
};

/// What a WebSocket's owner is told, on its executor. `onClosed` comes exactly once, last.
struct WebSocketEvents {
    std::function<void(std::shared_ptr<WebSocket>)> onOpen;
    std::function<void(WebSocketMessage)> onMessage;
    std::function<void(CloseReason)> onClosed;
};

struct WebSocketOptions {
    std::string url; ///< "wss://host:port/path"
    Headers headers;
    std::chrono::milliseconds connectTimeout{10'000};
    /// A ping is sent after half of it without traffic; the socket closes after all of it.
    std::chrono::milliseconds idleTimeout{30'000};
    std::size_t messageBytesMax = 4 << 20;
    std::size_t queueBytesMax = 4 << 20;
};

/// Opens WebSockets. Implementations: BeastWebSocketClient, SimNetwork.
class WebSocketClient {
public:
    virtual ~WebSocketClient() = default;
    /// `onOpen` or `onClosed` (code 1006 and the reason) follows. The returned handle cancels the
    /// attempt or the socket when it is closed.
    virtual std::shared_ptr<WebSocket> connect(WebSocketOptions options, WebSocketEvents events) = 0;
};

/// Answers requests and upgrades. Implemented by the gateway and by each sandbox venue; called on
/// the server's executor.
class Service {
public:
    using Respond = std::function<void(HttpResponse)>;
    virtual ~Service() = default;
    /// Call `respond` once, now or later, from any thread.
    virtual void handle(HttpRequest request, Respond respond) = 0;
    /// A WebSocket upgrade request: the events of the accepted socket, or the refusal to send
    /// (as an HttpResponse with status ≥ 400).
    virtual tl::expected<WebSocketEvents, HttpResponse> upgrade(const HttpRequest& request) = 0;
};

} // namespace qd::wire
