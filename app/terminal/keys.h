#pragma once

#include <memory>

#include "app/terminal/options.h"
#include "services/client/secret_service_store.h"

namespace qd {

/// Where this terminal keeps its secrets: the desktop's keyring, or private files with --no-keyring and
/// where there is none.
class TerminalKeys {
public:
    explicit TerminalKeys(const Options& options);

    /// What people stay signed in by.
    client::KeyStore& ofPeople() { return *m_ofPeople; }
    /// For the vault of a backend of one's own; null: it keeps a file.
    client::KeyStore* ofVault() { return m_usesKeyring ? &m_keyring : nullptr; }

private:
    const bool m_usesKeyring;
    client::SecretServiceStore m_keyring;
    std::unique_ptr<client::KeyStore> m_ofPeople;
};

} // namespace qd
