#pragma once

#include <memory>
#include <vector>

#include "services/brokers/kept_key.h"
#include "services/gateway/api.h"
#include "services/gateway/health.h"
#include "services/vault/vault.h"

namespace qd::gateway {

/// `/v1/vault`: what is in the vault and how old it is, never a value; rotation; and bringing in a
/// broker's key from where it lies outside. For administrators. Core executor; everything given
/// outlives the API.
class VaultApi {
public:
    /// A rotation is waited for so long; then its progress is the answer (202).
    static constexpr Duration kAnswerWithin = std::chrono::seconds(2);

    VaultApi(vault::Vault& vault, runtime::Executor& core, std::vector<brokers::KeptKey*> keys);

    void addTo(Api& api);
    /// The component "vault".
    void addTo(Health& health) const;

private:
    /// New data keys for all secrets, one after the other.
    struct Renewal {
        std::vector<vault::SecretName> left;
        std::int64_t done = 0, total = 0;
        bool isUnderWay = false;
    };

    std::string stateJson() const;
    ComponentHealth vaultHealth() const;
    void rotate(const CallPtr& call);
    void renewOne(const CallPtr& call, std::string_view id);
    void renewAll(const CallPtr& call);
    void renewNext(const vault::By& by, const vault::Vault::Then& then);
    void bringIn(const CallPtr& call);
    vault::Vault::Then answerWith(const CallPtr& call);

    vault::Vault& m_vault;
    runtime::Executor& m_core;
    const std::vector<brokers::KeptKey*> m_keys;
    Renewal m_renewal;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::gateway
