#pragma once

#include <memory>
#include <string>

#include "services/brokers/oauth/connections.h"
#include "services/gateway/api.h"

namespace qd::gateway {

/// `/v1/connections`: the caller's own connections to brokers, by consent in a browser. The method
/// is said in each request and each answer; none stands in for another. Never a token. Core
/// executor; everything given outlives the API.
class ConnectionsApi {
public:
    explicit ConnectionsApi(brokers::oauth::Connections& connections) : m_connections(connections)
    {
    }
    ~ConnectionsApi() { *m_alive = false; }
    ConnectionsApi(const ConnectionsApi&) = delete;
    ConnectionsApi& operator=(const ConnectionsApi&) = delete;

    void addTo(Api& api);

private:
    void list(const CallPtr& call);
    void available(const CallPtr& call) const;
    void begin(const CallPtr& call);
    void finish(const CallPtr& call);
    void disconnect(const CallPtr& call);

    brokers::oauth::Connections& m_connections;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::gateway
