#pragma once

#include <map>
#include <string>
#include <utility>

#include "services/sandbox/alpaca/alpaca_venue.h"

namespace qd::sandbox::alpaca {

/// The drills' hands on the venue, on a listener of its own without authentication (loopback):
/// faults, the market, foreign orders, positions, accounts, streams. The table of requests is in
/// services/sandbox/README.md. Same executor as the venue.
class AdminApi final : public wire::Service {
public:
    explicit AdminApi(AlpacaVenue& venue) : m_venue(venue) {}

    /// Requests below `/name` go to the controls of a further protocol, which outlive this.
    void mount(std::string name, wire::Service& controls) { m_mounted[std::move(name)] = &controls; }

    void handle(wire::HttpRequest request, Respond respond) override;
    /// Refuses: there is nothing to upgrade to.
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

private:
    wire::HttpResponse answer(const wire::HttpRequest& request, const wire::Target& target,
                              const json::Value& body);
    wire::HttpResponse answerFaults(const wire::HttpRequest& request, const wire::Target& target,
                                    const json::Value& body);
    wire::HttpResponse addKey(const json::Value& body);
    wire::HttpResponse answerMarket(const std::string& subject, const json::Value& body);
    wire::HttpResponse setPrice(const json::Value& body);
    wire::HttpResponse answerAccounts(const std::string& subject, const json::Value& body);
    wire::HttpResponse adjustPosition(const json::Value& body);
    wire::HttpResponse state();
    void apply(const Fault& fault);
    void undo(const Fault& fault);
    void undoEnded();
    AccountId accountOf(const json::Value& body) const;
    std::optional<exchange::InstrumentIndex> instrumentOf(const json::Value& body) const;

    AlpacaVenue& m_venue;
    std::map<std::string, wire::Service*> m_mounted;
    /// Faults that change the venue as long as they last, and the timers that end them.
    std::map<std::int64_t, Fault> m_lasting;
    std::map<std::int64_t, runtime::Timer> m_ends;
};

} // namespace qd::sandbox::alpaca
