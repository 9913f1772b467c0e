#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <QObject>

#include "services/client/key_store.h"

namespace qd::client {

/// Where the master keys of a backend of one's own are between two starts: in the desktop's keyring, an
/// entry a database, named in "<database>.vault.keyring" beside it; or, where there is no keyring, in the
/// backend's own file "<database>.vault.key". A file moves into the keyring once and goes when the keyring
/// has given the same back. Fails closed: a key that is known to be in the keyring is waited for, and
/// no other one made. GUI thread.
class VaultKeys final : public QObject {
    Q_OBJECT
public:
    /// A database in the backend's data folder.
    struct Place {
        QString folder, database;
    };
    struct Found {
        bool isInKeyring = false; ///< else the backend keeps them in its file
        std::string name;         ///< of the entry
        runtime::Secret keys;     ///< empty: none yet
    };

    /// `keyring` outlives it; fails as SecretServiceStore does.
    explicit VaultKeys(KeyStore& keyring) : m_keyring(keyring) {}

    /// Unavailable "client.vault_key": they are not to be had now; the detail says why and what to do,
    /// for people.
    void find(const Place& place, std::function<void(Result<Found>)> then);
    /// In the place of those before, under the name that was found.
    void keep(const Place& place, const std::string& name, std::shared_ptr<runtime::Secret> keys,
              KeyStore::Done done);
    /// The database is no more: nor is its key.
    void forget(const Place& place);

private:
    struct Search; ///< what is known of the place while the keyring is asked
    using Then = std::function<void(Result<Found>)>;

    void judge(const Search& search, Result<runtime::Secret> inKeyring, const Then& then);
    void judgeFailure(const Search& search, const Error& error, const Then& then);
    void judgeBoth(const Search& search, runtime::Secret inKeyring, const Then& then);
    void takeOver(const Search& search, const Then& then);

    KeyStore& m_keyring;
};

} // namespace qd::client
