#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/sandbox/settings.h"
#include "services/runtime/executor.h"
#include "services/sandbox/alpaca/admin_api.h"
#include "services/sandbox/ibkr/controls.h"
#include "services/sandbox/oauth/controls.h"
#include "services/sandbox/proxy/fault_proxy.h"
#include "services/sandbox/proxy/proxy_api.h"
#include "services/sandbox/tradier/tradier_venue.h"
#include "services/wire/network.h"

namespace qd::app {

/// The world in a box, plugged together: the venue, its drill controls and the fault proxy, each
/// behind a listener of its own. Everything of the venue runs on one executor.
class Sandbox {
public:
    /// Fails with: Unavailable "wire.bind", and as the market and the credentials file do.
    static Result<std::unique_ptr<Sandbox>> start(const runtime::Config& config);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    /// Where everything is, as one line of JSON without secrets.
    std::string readyLine() const;

private:
    Sandbox();
    Result<void> open(const runtime::Config& config);
    Result<void> openArchive(const runtime::Config& config);
    Result<void> openVenue(const runtime::Config& config);
    void openIbkr();
    Result<void> openConsent(const runtime::Config& config);
    Result<void> keepConsents();
    Result<void> writeCredentials(const runtime::Config& config, sandbox::alpaca::ApiKey& key);
    Result<std::unique_ptr<wire::Server>> listen(const std::string& where, wire::Service& service,
                                                 wire::ServerOptions options);

    wire::Network m_network;
    std::unique_ptr<runtime::Executor> m_executor;
    std::unique_ptr<runtime::Random> m_marketRandom, m_proxyRandom;
    std::unique_ptr<sandbox::VenueArchive> m_archive; ///< null: nothing is kept
    std::string m_world;
    std::unique_ptr<sandbox::alpaca::AlpacaVenue> m_venue;
    std::unique_ptr<sandbox::alpaca::AdminApi> m_admin;
    std::unique_ptr<sandbox::tradier::TradierVenue> m_tradier;
    std::unique_ptr<sandbox::ibkr::IbkrVenue> m_ibkr;
    std::unique_ptr<sandbox::ibkr::Controls> m_ibkrControls;
    std::optional<sandbox::oauth::GrantArchive> m_grants; ///< with m_archive
    std::unique_ptr<sandbox::oauth::AuthorizationServer> m_consent;
    std::unique_ptr<sandbox::oauth::Controls> m_consentControls;
    std::unique_ptr<sandbox::FaultProxy> m_proxy;
    std::unique_ptr<sandbox::ProxyApi> m_proxyApi;
    std::unique_ptr<wire::Server> m_venueServer, m_adminServer, m_proxyServer, m_tradierServer, m_ibkrServer;
    std::string m_host, m_adminHost, m_proxyHost, m_tradierHost, m_tradierAccount, m_credentialsFile;
    std::string m_ibkrHost, m_ibkrAccount;
    bool m_ibkrIsSecure = false;
    std::unique_ptr<wire::Server> m_consentServer;
    std::string m_consentHost;
};

} // namespace qd::app
