#include "services/vault/reader.h"

#include <fmt/format.h>

namespace qd::vault {

Reader::Reader(std::string databasePath, std::shared_ptr<const KeyRing> ring, ReadFault fault)
    : m_path(std::move(databasePath)), m_ring(std::move(ring)), m_fault(std::move(fault))
{
}

Result<runtime::Secret> Reader::read(const SecretName& name)
{
    if (m_fault) {
        if (const auto reached = m_fault(); !reached) return tl::unexpected(reached.error());
    }
    if (!m_database) {
        auto opened = storage::Database::openReadOnly(m_path);
        if (!opened) return tl::unexpected(opened.error());
        m_database.emplace(std::move(*opened));
    }
    auto secret = readFrom(*m_database, name);
    if (!secret && secret.error().code.starts_with("storage.")) m_database.reset();
    return secret;
}

Result<runtime::Secret> Reader::readFrom(storage::Database& database, const SecretName& name)
{
    Result<runtime::Secret> secret;
    const auto viewed = viewSecret(database, name.id, [&](const StoredView& stored) {
        secret = openStored(name, stored);
    });
    if (!viewed) return tl::unexpected(viewed.error());
    if (!*viewed)
        return fail(ErrorKind::NotFound, "vault.not_found",
                    fmt::format("there is no secret \"{}\"", name.id));
    return secret;
}

Result<runtime::Secret> Reader::openStored(const SecretName& name, const StoredView& stored)
{
    if (auto fits = checkAgainstLog(name.id, stored); !fits) return tl::unexpected(fits.error());
    if (stored.owner != name.owner || stored.purpose != name.purpose)
        return fail(ErrorKind::Denied, "vault.denied",
                    fmt::format("the secret \"{}\" is not {}'s for {}", name.id, name.owner,
                                name.purpose));
    const auto key = m_ring->find(stored.masterKey);
    if (!key)
        return fail(ErrorKind::Corrupt, "vault.key_missing",
                    fmt::format("the secret \"{}\" is under the master key {}, which is not at hand",
                                name.id, stored.masterKey));
    return openEnvelope(m_cipher, *key, name, stored.sealed);
}

} // namespace qd::vault
