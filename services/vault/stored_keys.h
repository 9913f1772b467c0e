#pragma once

#include "services/vault/master_keys.h"

namespace qd::vault {

/// A source that is changed by storing all its keys anew.
class StoredKeys : public MasterKeys {
public:
    Result<void> add(const MasterKey& key) final;
    Result<void> remove(const std::string& id) final;

private:
    /// In the place of all keys before; they last when it returns.
    virtual Result<void> store(const std::vector<MasterKey>& keys) = 0;
};

} // namespace qd::vault
