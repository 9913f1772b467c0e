#pragma once

#include <string>

#include "services/json/json.h"
#include "services/sandbox/oauth/authorization_server.h"

namespace qd::sandbox::oauth {

/// The drills' hands on the authorization server, without authentication (loopback): its faults,
/// what a user or the broker does on pages of its own, and what it has seen. The table of requests
/// is in services/sandbox/oauth/README.md. Same executor as the server.
class Controls final : public wire::Service {
public:
    explicit Controls(AuthorizationServer& server) : m_server(server) {}

    void handle(wire::HttpRequest request, Respond respond) override;
    /// Refuses: there is nothing to upgrade to.
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

private:
    wire::HttpResponse answer(const std::string& call, const json::Value& body);
    wire::HttpResponse setFaults(const json::Value& body);
    wire::HttpResponse state() const;

    AuthorizationServer& m_server;
};

} // namespace qd::sandbox::oauth
