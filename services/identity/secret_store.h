#pragma once

#include <functional>
#include <string>

#include "models/base/result.h"
#include "services/runtime/secret.h"

namespace qd::identity {

/// Where this room keeps what must not lie in its tables: "identity/pepper/1",
/// "identity/session-key", "identity/totp/<user>". The vault behind a small adapter. Core executor.
class SecretStore {
public:
    using Then = std::function<void(Result<void>)>;
    virtual ~SecretStore() = default;
    /// Fails with: NotFound; Unavailable and everything else: what it guards is refused.
    virtual Result<runtime::Secret> read(const std::string& name) = 0;
    /// New, or in the place of the one before. `then` comes on core, once it is on disk.
    virtual void put(const std::string& name, runtime::Secret secret, Then then) = 0;
    /// Not being there is no error.
    virtual void remove(const std::string& name, Then then) = 0;
};

} // namespace qd::identity
