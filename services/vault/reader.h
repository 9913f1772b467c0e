#pragma once

#include <functional>
#include <optional>
#include <string>

#include "services/storage/database.h"
#include "services/vault/key_ring.h"
#include "services/vault/records.h"

namespace qd::vault {

/// Called before the store is asked for a secret; an error is the store's answer. For drills.
using ReadFault = std::function<Result<void>()>;

/// Reads secrets from the database on a connection of its own: one query, two openings. One thread.
class Reader {
public:
    Reader(std::string databasePath, std::shared_ptr<const KeyRing> ring, ReadFault fault);

    /// Fails with: NotFound "vault.not_found", Denied "vault.denied" (another owner or purpose),
    /// Corrupt "vault.altered", "vault.rolled_back", "vault.row_missing", "vault.key_missing", or what
    /// the storage room fails with. The connection is opened again after the store failed.
    Result<runtime::Secret> read(const SecretName& name);

private:
    Result<runtime::Secret> readFrom(storage::Database& database, const SecretName& name);
    Result<runtime::Secret> openStored(const SecretName& name, const StoredView& stored);

    const std::string m_path;
    const std::shared_ptr<const KeyRing> m_ring;
    const ReadFault m_fault;
    Cipher m_cipher;
    std::optional<storage::Database> m_database;
};

} // namespace qd::vault
