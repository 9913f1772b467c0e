#pragma once

#include "services/sandbox/proxy/fault_proxy.h"
#include "services/wire/http.h"

namespace qd::sandbox {

/// Toxiproxy's HTTP API (2.9) over a FaultProxy: /proxies, /proxies/{name}[/toxics[/{toxic}]],
/// /populate, /reset, /version. Toxiproxy clients work unmodified. Called on one executor.
class ProxyApi final : public wire::Service {
public:
    explicit ProxyApi(FaultProxy& proxy);

    void handle(wire::HttpRequest request, Respond respond) override;
    /// Refuses: there is nothing to upgrade to.
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

private:
    wire::HttpResponse answer(const wire::HttpRequest& request);
    wire::HttpResponse answerProxy(const wire::HttpRequest& request, ProxySpec spec);
    wire::HttpResponse answerToxics(const wire::HttpRequest& request, const ProxySpec& spec);
    wire::HttpResponse answerToxic(const wire::HttpRequest& request, const ProxySpec& spec,
                                   const std::string& toxicName);
    wire::HttpResponse list() const;
    wire::HttpResponse create(const json::Value& body);
    wire::HttpResponse populate(const json::Value& body);

    FaultProxy& m_proxy;
};

} // namespace qd::sandbox
