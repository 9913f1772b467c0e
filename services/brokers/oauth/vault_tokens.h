#pragma once

#include <functional>
#include <utility>

#include "services/brokers/oauth/tokens.h"
#include "services/vault/vault.h"

namespace qd::brokers::oauth {

/// The vault as a TokenStore: each secret is bound to its owner, and is read back before a put is
/// told as done. What another process stored is seen at once by `readStored`, and within the vault's
/// `freshFor` by `read`.
class VaultTokens final : public TokenStore {
public:
    /// A drill's: asked before each put; what it fails with is the put's error.
    using PutFault = std::function<Result<void>()>;

    /// `vault` outlives the object.
    explicit VaultTokens(vault::Vault& vault, PutFault putFault = {})
        : m_vault(vault), m_putFault(std::move(putFault))
    {
    }

    void put(const std::string& id, const std::string& owner, runtime::Secret secret,
             Then then) override;
    Result<runtime::Secret> read(const std::string& id, const std::string& owner) override;
    Result<runtime::Secret> readStored(const std::string& id, const std::string& owner) override;
    void remove(const std::string& id, const std::string& owner, Then then) override;

private:
    vault::Vault& m_vault;
    PutFault m_putFault;
};

} // namespace qd::brokers::oauth
