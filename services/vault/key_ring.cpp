#include "services/vault/key_ring.h"

namespace qd::vault {

void KeyRing::add(MasterKey key)
{
    const std::lock_guard lock(m_mutex);
    for (const Key& known : m_keys) {
        if (known->id == key.id) return;
    }
    m_keys.push_back(std::make_shared<const MasterKey>(std::move(key)));
}

void KeyRing::drop(std::string_view id)
{
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_keys, [&](const Key& key) { return key->id == id; });
}

KeyRing::Key KeyRing::find(std::string_view id) const
{
    const std::lock_guard lock(m_mutex);
    for (const Key& key : m_keys) {
        if (key->id == id) return key;
    }
    return nullptr;
}

} // namespace qd::vault
