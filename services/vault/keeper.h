#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "services/storage/writer.h"
#include "services/vault/key_ring.h"
#include "services/vault/master_keys.h"
#include "services/vault/records.h"

namespace qd::vault {

/// What anyone may know of a secret: everything but the secret.
struct Listing {
    SecretName name;
    std::int64_t version = 0;
    Timestamp created;     ///< of the first version
    Timestamp changed;     ///< when it was last replaced by another one; its age counts from here
    Timestamp resealed;    ///< when its data key or master key was last rotated
    std::string masterKey; ///< id
};

/// What the vault finds at its start.
struct Opening {
    std::vector<Listing> secrets;
    std::string activeKey, retiringKey; ///< ids; the second empty unless a rotation is under way
    Timestamp activeSince;
    /// Secrets that will not open, and why; the others are served.
    std::vector<std::pair<std::string, Error>> damaged;
};

/// Which keys a rotation of the master key goes between.
struct KeyChange {
    std::string from, to;
    Timestamp since; ///< of the new one
    std::int64_t rows = 0; ///< still under the old one
};

/// What the source of the keys is to do before a rotation.
struct KeyPlan {
    std::optional<MasterKey> toAdd;    ///< none where the next key is there already
    std::vector<std::string> toForget; ///< ids that an earlier rotation had no time to take out
};

/// One step of re-wrapping.
struct Rewrapped {
    std::string lastId;          ///< continue behind it; empty: nothing was left
    std::vector<Listing> moved;
    std::vector<std::string> damaged; ///< do not open: they keep the old key alive
};

/// What the vault does inside the writer's transactions; every step is fit to run twice. On the
/// writer's executor, but for its making and what is said to be outside of transactions.
class Keeper {
public:
    Keeper(std::shared_ptr<KeyRing> ring, MasterKeys& source, runtime::Random& random);

    /// Fails closed: Corrupt "vault.key_missing" (rows name a key that is not at hand), "vault.key_wrong"
    /// (a canary does not open), or what the source fails with. Makes the first key if nothing is
    /// stored yet and the source has none.
    Result<Opening> open(storage::Transaction& transaction, Timestamp now);

    struct Change {
        SecretName name;
        By by;
        Timestamp at;
        /// Do it only if the newest version is this one; else Conflict "vault.changed".
        std::optional<std::int64_t> onlyIf = {};
    };
    /// Seals, stores, reads it back and opens it. Denied "vault.denied" if the id is of another
    /// owner or purpose; Unavailable "vault.full".
    Result<Listing> put(storage::Transaction& transaction, const Change& change,
                        const runtime::Secret& secret, std::size_t secretsMax);
    /// NotFound "vault.not_found"; Denied as above.
    Result<void> remove(storage::Transaction& transaction, const Change& change);
    /// The same secret under a new data key, as a new version.
    Result<Listing> renewDataKey(storage::Transaction& transaction, const Change& change);

    /// Nothing is changed yet. Fails with what the source fails with.
    Result<KeyPlan> planRotation(storage::Transaction& transaction);
    /// Outside of transactions: the source may take its time, and orders wait for the writer.
    Result<void> prepareSource(const KeyPlan& plan);
    /// To a key that the source has by now: no row names one that does not last. Continues a rotation
    /// under way.
    Result<KeyChange> beginRotation(storage::Transaction& transaction, const By& by, Timestamp now);
    struct Batch {
        std::string after; ///< id of the last one looked at; empty at first
        std::size_t limit;
        Timestamp at;
    };
    Result<Rewrapped> rewrapSome(storage::Transaction& transaction, const KeyChange& keys,
                                 const Batch& batch);
    /// Drops the old key's row. Conflict "vault.key_in_use" while a secret is under it.
    Result<void> endRotation(storage::Transaction& transaction, const KeyChange& keys, const By& by);
    /// Takes a key that no row names out of the source. Outside of transactions, as above.
    Result<void> forgetKey(const std::string& id);

private:
    Result<KeyRing::Key> activeKey(storage::Database& database) const;
    Result<void> startFirstKey(storage::Transaction& transaction,
                               Result<std::vector<MasterKey>> fromSource, Timestamp now);
    Result<void> takeKeys(const std::vector<KeyRecord>& records,
                          const std::vector<MasterKey>& fromSource);
    Result<void> activate(storage::Transaction& transaction, const MasterKey& key, const By& by,
                          Timestamp now);
    /// Keys in the source that no row names: dropped by a rotation that had no time to take them out,
    /// and what the next one may go to.
    struct Unused {
        std::vector<std::string> retired;
        std::optional<MasterKey> next;
    };
    Result<Unused> unusedKeys(storage::Database& database, const std::vector<KeyRecord>& records,
                              const std::vector<MasterKey>& fromSource) const;
    /// As the next version, under the active key.
    Result<Listing> store(storage::Transaction& transaction, const Change& change,
                          const runtime::Secret& secret, std::string_view kind);

    std::shared_ptr<KeyRing> m_ring;
    MasterKeys& m_source;
    runtime::Random& m_random;
    Cipher m_cipher;
};

/// An event of the vault; `payload` is a JSON object.
storage::Event vaultEvent(std::string_view kind, std::string subject, const By& by,
                          std::string payload);

} // namespace qd::vault
