#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "models/base/timestamp.h"
#include "services/vault/secret_name.h"
#include "services/runtime/secret.h"

namespace qd::vault {

/// Opened secrets, a bounded number; the one that was not asked for the longest makes room. One
/// thread.
class SecretCache {
public:
    struct Entry {
        SecretName name;
        runtime::Secret secret;
        Duration openedAt{}; ///< steady
        std::uint64_t used = 0;
    };

    explicit SecretCache(std::size_t sizeMax) : m_sizeMax(sizeMax) {}

    /// Null if it is not there; counts as a use.
    const Entry* find(const std::string& id);
    void keep(const SecretName& name, const runtime::Secret& secret, Duration now);
    void forget(const std::string& id) { m_entries.erase(id); }
    void clear() { m_entries.clear(); }
    std::size_t size() const { return m_entries.size(); }

private:
    const std::size_t m_sizeMax;
    std::uint64_t m_uses = 0;
    std::unordered_map<std::string, Entry> m_entries;
};

} // namespace qd::vault
