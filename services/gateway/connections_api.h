#pragma once

#include <memory>
#include <string>
#include <utility>

#include "services/brokers/oauth/connections.h"
#include "services/gateway/api.h"
#include "services/gateway/health.h"

namespace qd::gateway {

/// `/v1/connections`: the caller's own connections to brokers, by consent in a browser. The method
/// is said in each request and each answer; none stands in for another. Never a token. Core
/// executor; everything given outlives the API.
class ConnectionsApi {
public:
    /// At which broker this backend trades, and how that lets it in.
    struct Desk {
        std::string owner; ///< whose connection it goes by: "user:owner"; empty: by none
        BrokerId broker;
        bool isLive = false; ///< with real money: beginning and ending ask for a step-up
        LinkMethod method = LinkMethod::OAuth;
    };
    ConnectionsApi(brokers::oauth::Connections& connections, Desk desk)
        : m_connections(connections), m_desk(std::move(desk))
    {
    }
    ~ConnectionsApi() { *m_alive = false; }
    ConnectionsApi(const ConnectionsApi&) = delete;
    ConnectionsApi& operator=(const ConnectionsApi&) = delete;

    void addTo(Api& api);
    /// The component "connections".
    void addTo(Health& health) const;

private:
    ComponentHealth connectionsHealth() const;
    void writeConnection(json::Writer& out, const BrokerLink& link) const;
    std::string connectionJson(const BrokerLink& link) const;
    bool isDesk(const BrokerLink& link) const;
    bool isDeskWay(const brokers::oauth::Availability& way) const;
    void list(const CallPtr& call);
    void available(const CallPtr& call) const;
    void begin(const CallPtr& call);
    void finish(const CallPtr& call);
    void disconnect(const CallPtr& call);

    brokers::oauth::Connections& m_connections;
    const Desk m_desk;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::gateway
