#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

namespace qd::vault {

/// A key that wraps the data keys of secrets.
struct MasterKey {
    std::string id;      ///< 16 hex digits, drawn with the key; public
    runtime::Secret key; ///< 32 bytes
    MasterKey clone() const { return {id, key.clone()}; }
};

/// Live at once: one that new secrets are wrapped under, and during a rotation the one before it.
inline constexpr std::size_t kMasterKeysMax = 2;
/// No file or stream of keys is longer.
inline constexpr std::size_t kKeyTextBytesMax = 4'096;

MasterKey makeMasterKey(runtime::Random& random);

/// The text in which keys are handed over:
///   quarterdeck-vault-key v1
///   <id> <base64 of the 32 bytes>
/// one line a key, 1 … kMasterKeysMax, each line ended by a newline, no two of one id. Nothing else is
/// taken, so that a text has one meaning and a meaning one text.
runtime::Secret formatMasterKeys(const std::vector<MasterKey>& keys);
/// Corrupt "vault.key_syntax"; the detail names the line and never quotes it.
Result<std::vector<MasterKey>> parseMasterKeys(std::string_view text);

} // namespace qd::vault
