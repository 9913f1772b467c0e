#include "services/vault/stored_keys.h"

namespace qd::vault {

Result<void> StoredKeys::add(const MasterKey& key)
{
    auto keys = load();
    if (!keys && keys.error().kind != ErrorKind::NotFound) return tl::unexpected(keys.error());
    std::vector<MasterKey> all = keys ? std::move(*keys) : std::vector<MasterKey>();
    for (const MasterKey& known : all) {
        if (known.id == key.id) return {};
    }
    if (all.size() == kMasterKeysMax) {
        return fail(ErrorKind::Conflict, "vault.keys_full",
                    describe() + " holds two keys already; end the rotation under way first");
    }
    all.push_back(key.clone());
    return store(all);
}

Result<void> StoredKeys::remove(const std::string& id)
{
    auto keys = load();
    if (!keys) return tl::unexpected(keys.error());
    const auto removed = std::erase_if(*keys, [&](const MasterKey& key) { return key.id == id; });
    if (removed == 0) return {};
    QD_ASSERT(!keys->empty()); // the active key is never removed
    return store(*keys);
}

} // namespace qd::vault
