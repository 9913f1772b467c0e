#pragma once

#include "services/brokers/oauth/tokens.h"
#include "services/vault/vault.h"

namespace qd::brokers::oauth {

/// The vault as a TokenStore: each secret is bound to its owner, and is read back before a put is
/// told as done. Several processes on one database must not remember secrets: `freshFor` zero.
class VaultTokens final : public TokenStore {
public:
    /// `vault` outlives the object.
    explicit VaultTokens(vault::Vault& vault) : m_vault(vault) {}

    void put(const std::string& id, const std::string& owner, runtime::Secret secret,
             Then then) override;
    Result<runtime::Secret> read(const std::string& id, const std::string& owner) override;
    void remove(const std::string& id, const std::string& owner, Then then) override;

private:
    vault::Vault& m_vault;
};

} // namespace qd::brokers::oauth
