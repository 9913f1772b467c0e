#pragma once

#include "services/sandbox/ibkr/ibkr_venue.h"

namespace qd::sandbox::ibkr {

/// The drills' hands on the gateway, without authentication (loopback): the
/// session at the gateway and its penalty box. Faults and the rest are the venue's own controls.
/// The table of requests is in services/sandbox/README.md. Same executor as the venue.
class Controls final : public wire::Service {
public:
    explicit Controls(IbkrVenue& venue) : m_venue(venue) {}

    void handle(wire::HttpRequest request, Respond respond) override;
    /// Refuses: there is nothing to upgrade to.
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

private:
    wire::HttpResponse changeSession(std::string_view action);

    IbkrVenue& m_venue;
};

} // namespace qd::sandbox::ibkr
