#pragma once

#include <functional>
#include <memory>

#include "app/backend/consent_settings.h"
#include "services/brokers/alpaca/alpaca_broker.h"
#include "services/brokers/alpaca/alpaca_feed.h"
#include "services/brokers/oauth/access_keeper.h"
#include "services/brokers/oauth/vault_tokens.h"
#include "services/gateway/connections_api.h"
#include "services/observability/metrics.h"

namespace qd::app {

/// Those who call a broker, as far as a consent lets them in.
struct AccessUser {
    using Renewal = std::function<void(std::function<void(bool)>)>;
    std::function<void(const runtime::Secret*)> use; ///< the token from now on; null: none
    std::function<void(Renewal)> renewBy;            ///< what a refused one is replaced by
};
AccessUser accessUser(brokers::AlpacaBroker& broker, brokers::AlpacaFeed& feed);

/// Users' connections to brokers by consent, plugged together, and the one by which this backend
/// trades if it does by one. Core executor; everything given outlives it.
class BrokerConsent {
public:
    struct Dependencies {
        storage::Writer& writer; ///< its database has oauthMigrations
        vault::Vault& vault;
        wire::HttpClient& http;
        runtime::Executor& core;
        observability::Logger log;
        brokers::oauth::VaultTokens::PutFault putFault = {}; ///< a drill's
    };
    BrokerConsent(const Dependencies& dependencies, const runtime::Config& config);

    void addTo(gateway::Api& api, gateway::Health& health, observability::Metrics& metrics);
    /// With `broker.method = oauth`, and only then: what `user` sends is signed with the access of the
    /// connection.
    void keepInAccess(const AccessUser& user, observability::Metrics& metrics);
    /// Loads the links. A connection that is there is in use when `then` is called; that there is none
    /// yet is no failure.
    void start(std::function<void(Result<void>)> then);

private:
    const Dependencies m_the;
    const LinkMethod m_method;
    const gateway::ConnectionsApi::Desk m_desk;
    const brokers::oauth::Providers m_providers;
    brokers::oauth::VaultTokens m_tokens;
    brokers::oauth::Connections m_connections;
    gateway::ConnectionsApi m_api;
    std::unique_ptr<brokers::oauth::AccessKeeper> m_keeper;
};

} // namespace qd::app
