#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/storage/database.h"
#include "services/vault/envelope.h"

namespace qd::vault {

/// The set "vault": after the storage room's.
storage::MigrationSet vaultMigrations();

/// One row of `vault_secrets`.
struct Record {
    SecretName name;
    std::int64_t version = 0; ///< 1, 2, 3 …, going on after a removal; each has its event
    Envelope envelope;
    Timestamp created;  ///< of the first version
    Timestamp changed;  ///< when the secret was last another one
    Timestamp resealed; ///< when its data key or master key last was another one
    SealedView view() const { return {version, envelope.wrapped, envelope.sealed}; }
};

/// One row of `vault_keys`.
struct KeyRecord {
    std::string id;
    bool isActive = false; ///< new secrets are wrapped under it; else it is being rotated out
    Timestamp created;
    std::string canary;
};

/// What the log last said of a secret or a master key.
struct LastChange {
    std::string kind;
    std::int64_t version = 0;
    std::int64_t sequence = 0;
};

inline constexpr std::string_view kPut = "vault.put";
inline constexpr std::string_view kRotated = "vault.rotated";
inline constexpr std::string_view kRemoved = "vault.removed";
inline constexpr std::string_view kKeyAdded = "vault.key_added";
inline constexpr std::string_view kUsed = "vault.used";
inline constexpr std::string_view kDenied = "vault.denied";

/// Subjects of events. Under `subjectOf` stand changes only, so that the newest names the version.
std::string subjectOf(std::string_view secretId);
std::string useSubjectOf(std::string_view secretId);
std::string keySubjectOf(std::string_view keyId);

/// Fills `row` with the secret's row and what the log says of it, from one snapshot of the database.
/// The row stays where it lies: valid until `row` returns. False: there is neither.
struct StoredView {
    bool hasRow = false;
    std::string_view owner, purpose, masterKey;
    SealedView sealed;
    bool hasChange = false;
    std::string_view lastKind;
    std::int64_t lastVersion = 0;
};
Result<bool> viewSecret(storage::Database& database, const std::string& id,
                        const std::function<void(const StoredView&)>& row);

/// Is the row what the log says it is? Corrupt "vault.rolled_back": an older version, or a removed
/// secret, was put back; "vault.row_missing": it was taken out behind the vault's back. NotFound
/// "vault.not_found".
Result<void> checkAgainstLog(const std::string& id, const StoredView& stored);

Result<std::optional<Record>> findRecord(storage::Database& database, const std::string& id);
Result<std::optional<LastChange>> lastChange(storage::Database& database, const std::string& subject);
Result<void> storeRecord(storage::Database& database, const Record& record);
/// Another wrap of the same version.
Result<void> storeWrap(storage::Database& database, const std::string& id, std::string_view masterKey,
                       std::string_view wrapped, Timestamp now);
/// Overwrites the data key before the row goes: without it the sealed bytes that a backup or an old
/// page may still hold stay shut.
Result<void> shredRecord(storage::Database& database, const std::string& id);
/// Those with an id behind `after`, in order of id.
Result<std::vector<Record>> recordsUnder(storage::Database& database, std::string_view masterKey,
                                         std::string_view after, std::size_t limit);
/// All of them, without wrapped and sealed bytes.
Result<std::vector<Record>> allRecords(storage::Database& database);
Result<std::int64_t> countUnder(storage::Database& database, std::string_view masterKey);
Result<std::int64_t> countRecords(storage::Database& database);
/// A master key that rows name and `vault_keys` does not; empty if there is none.
Result<std::string> unknownMasterKey(storage::Database& database);
/// Ids of secrets whose newest change is no removal.
Result<std::vector<std::string>> idsInLog(storage::Database& database);

Result<std::vector<KeyRecord>> keyRecords(storage::Database& database);
Result<void> storeKey(storage::Database& database, const KeyRecord& key);
Result<void> retireKey(storage::Database& database, std::string_view id);
Result<void> shredKey(storage::Database& database, std::string_view id);

/// While it lives, what this connection deletes is overwritten with zeros.
class Shredding {
public:
    explicit Shredding(storage::Database& database);
    ~Shredding();
    Shredding(const Shredding&) = delete;
    Shredding& operator=(const Shredding&) = delete;

private:
    storage::Database& m_database;
    bool m_wasOn; ///< SQLite can be built so that it always does; then it stays so
};

} // namespace qd::vault
