#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "services/wire/network.h"

namespace qd::ctl {

/// An address of return as the backend tells it, taken apart.
struct ReturnAddress {
    std::string host;      ///< "127.0.0.1" or "::1"
    std::string path;      ///< "/callback"
    std::uint16_t port = 0; ///< 0: any free one
    /// Nothing if it is not http to this machine by its number: nobody can listen there.
    static std::optional<ReturnAddress> parse(const std::string& redirectUri);
};

/// Waits on this machine for the browser that a broker sends back (RFC 8252 §7.3): one path, one
/// answer, a plain page. Whose answer it is only the backend can tell. Sockets run on a thread of
/// its own; any thread may ask what came.
class Loopback final : private wire::Service {
public:
    /// Fails with: Unavailable "wire.bind".
    static Result<std::unique_ptr<Loopback>> listen(const ReturnAddress& address);
    ~Loopback() override;
    Loopback(const Loopback&) = delete;
    Loopback& operator=(const Loopback&) = delete;

    std::uint16_t port() const { return m_server->port(); }
    /// What followed "?", once a browser has brought it.
    std::optional<std::string> arrived() const;

private:
    explicit Loopback(ReturnAddress address);
    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;
    wire::HttpResponse answer(const wire::HttpRequest& request);

    const ReturnAddress m_address;
    std::string m_authority; ///< what `Host` must be: other names may be made to point here
    mutable std::mutex m_mutex;
    std::optional<std::string> m_arrived;
    wire::Network m_network;
    std::unique_ptr<runtime::Executor> m_executor;
    std::unique_ptr<wire::Server> m_server;
};

/// Asks the desktop to show an address; silent if it cannot: the address has been printed.
void openInBrowser(const std::string& url);

} // namespace qd::ctl
