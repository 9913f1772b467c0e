#include "services/brokers/oauth/vault_tokens.h"

namespace qd::brokers::oauth {
namespace {

const vault::By kBroker{"system:oauth", {}};

vault::SecretName secretName(const std::string& id, const std::string& owner)
{
    return {id, owner, "broker-token"};
}

} // namespace

void VaultTokens::put(const std::string& id, const std::string& owner, runtime::Secret secret,
                      Then then)
{
    if (m_putFault)
        if (auto broken = m_putFault(); !broken) return then(std::move(broken));
    m_vault.put(secretName(id, owner), std::move(secret), kBroker, std::move(then));
}

Result<runtime::Secret> VaultTokens::read(const std::string& id, const std::string& owner)
{
    return m_vault.read(secretName(id, owner), kBroker);
}

Result<runtime::Secret> VaultTokens::readStored(const std::string& id, const std::string& owner)
{
    return m_vault.readStored(secretName(id, owner), kBroker);
}

void VaultTokens::remove(const std::string& id, const std::string& owner, Then then)
{
    m_vault.remove(secretName(id, owner), kBroker, [then = std::move(then)](Result<void> removed) {
        if (!removed && removed.error().kind == ErrorKind::NotFound) return then({});
        then(std::move(removed));
    });
}

} // namespace qd::brokers::oauth
