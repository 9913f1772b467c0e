#include "services/vault/secret_cache.h"

#include <algorithm>

namespace qd::vault {

const SecretCache::Entry* SecretCache::find(const std::string& id)
{
    const auto found = m_entries.find(id);
    if (found == m_entries.end()) return nullptr;
    found->second.used = ++m_uses;
    return &found->second;
}

void SecretCache::keep(const SecretName& name, const runtime::Secret& secret, Duration now)
{
    if (m_sizeMax == 0) return;
    if (m_entries.size() >= m_sizeMax && !m_entries.contains(name.id))
        m_entries.erase(std::ranges::min_element(
            m_entries, {}, [](const auto& entry) { return entry.second.used; }));
    m_entries[name.id] = {name, secret.clone(), now, ++m_uses};
}

} // namespace qd::vault
