#pragma once

#include "services/vault/cipher.h"
#include "services/vault/master_key.h"
#include "services/vault/secret_name.h"

namespace qd::vault {

/// A secret as it is stored: sealed under a data key of its own, drawn for this one version, which is
/// wrapped (sealed) under a master key. Bound into both, as fields of a BoundContext, are
///   "qd.vault.v1" · owner · purpose · id · version
/// and into the wrap also the master key's id. So an envelope opens only in its own row, for its own
/// owner and purpose, and as the version that it is.
struct Envelope {
    std::string masterKey; ///< id
    std::string wrapped;   ///< the data key: 60 bytes
    std::string sealed;    ///< the secret: its size and 28 bytes
};

inline constexpr std::size_t kWrappedBytes = kNonceBytes + kKeyBytes + kTagBytes;

Envelope sealEnvelope(Cipher& cipher, const MasterKey& key, const SecretName& name,
                      std::int64_t version, const runtime::Secret& secret, runtime::Random& random);

/// What it takes to open one, borrowed: rows are opened where they lie.
struct SealedView {
    std::int64_t version = 0;
    std::string_view wrapped, sealed;
};

/// Corrupt "vault.altered" if anything of it differs from what was sealed.
Result<runtime::Secret> openEnvelope(Cipher& cipher, const MasterKey& key, const SecretName& name,
                                     const SealedView& view);

/// The data key under another master key; the secret is not touched. Corrupt "vault.altered".
Result<std::string> rewrap(Cipher& cipher, const MasterKey& from, const MasterKey& to,
                           const SecretName& name, const SealedView& view, runtime::Random& random);

/// Proof that a key is the one of that id: opens under no other.
std::string sealCanary(Cipher& cipher, const MasterKey& key, runtime::Random& random);
bool opensCanary(Cipher& cipher, const MasterKey& key, std::string_view canary);

} // namespace qd::vault
