#pragma once

#include <memory>
#include <string>

#include "services/brokers/broker.h"
#include "services/brokers/shared_session.h"
#include "services/gateway/api.h"
#include "services/storage/writer.h"

namespace qd::gateway {

/// `/v1/broker/session`: how the broker knows us, and the taking over of a session that another of the
/// user's programs has (IBKR has one a user). Who took it over, and when, is in the log before and after.
/// Core executor; everything given outlives the API.
class BrokerApi {
public:
    struct Dependencies {
        const brokers::Broker& broker;
        brokers::SharedSession* session; ///< null: the broker has none that others could take
        storage::Writer& writer;
        runtime::Executor& core;
        bool live = false; ///< real money: taking over asks for a fresh proof of who is calling
    };
    explicit BrokerApi(Dependencies dependencies) : m_the(dependencies) {}
    ~BrokerApi() { *m_alive = false; }
    BrokerApi(const BrokerApi&) = delete;
    BrokerApi& operator=(const BrokerApi&) = delete;

    void addTo(Api& api);

private:
    std::string stateJson() const;
    void takeOver(const CallPtr& call);
    void onTaken(const CallPtr& call, const Result<void>& taken);
    void record(const char* kind, const CallPtr& call, std::function<void(Result<void>)> then);

    Dependencies m_the;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::gateway
