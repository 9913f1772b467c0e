#pragma once

#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd::vault {

/// Which secret: its place in the vault, whose it is and what it is for. All three are bound into
/// its encryption: a secret that is moved to another owner or purpose does not open.
/// Each 1 … 128 characters of a-z A-Z 0-9 . _ : @ / -
struct SecretName {
    std::string id;      ///< unique in the vault: "alpaca/paper/key"
    std::string owner;   ///< "system" or an account: "user:owner"
    std::string purpose; ///< a small set, a label of the metrics: "broker-key"
    friend bool operator==(const SecretName&, const SecretName&) = default;
};

/// Invalid "vault.name", with the field.
Result<void> check(const SecretName& name);

/// Who asks, as it stands in the log.
struct By {
    std::string actor = "system"; ///< "user:owner", "broker:alpaca"
    std::string traceId = {};     ///< 32 hex digits; empty if none
};

} // namespace qd::vault
