#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "services/vault/master_key.h"

namespace qd::vault {

/// The master keys in use. Any thread; a key that was dropped lives on while somebody works with it.
class KeyRing {
public:
    using Key = std::shared_ptr<const MasterKey>;

    /// Nothing changes if the id is there.
    void add(MasterKey key);
    void drop(std::string_view id);
    /// Null if it is not there.
    Key find(std::string_view id) const;

private:
    mutable std::mutex m_mutex;
    std::vector<Key> m_keys; ///< very few
};

} // namespace qd::vault
