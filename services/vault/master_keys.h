#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/vault/master_key.h"

namespace qd::vault {

/// Where the master keys come from: never from the database that they protect. Used by the vault off
/// its core, one call at a time: most sources are files, and some ask somebody.
class MasterKeys {
public:
    virtual ~MasterKeys() = default;
    /// All keys, one or two. Fails with: NotFound "vault.key_missing" (there are none yet or any
    /// more), Denied "vault.key_exposed" (others can read them), Unavailable "vault.key_unreadable",
    /// Corrupt "vault.key_syntax". The detail names the place and what to do, never a key.
    virtual Result<std::vector<MasterKey>> load() = 0;
    /// Keep one more; lasts when it returns. Nothing changes if the id is there. Fails with Invalid
    /// "vault.keys_read_only" where keys are only handed in, Conflict "vault.keys_full".
    virtual Result<void> add(const MasterKey& key) = 0;
    /// Nothing changes if the id is not there. Fails with Invalid "vault.keys_read_only".
    virtual Result<void> remove(const std::string& id) = 0;
    /// For the log and for errors: "the key file /…/vault.key".
    virtual std::string describe() const = 0;
};

/// A private file, mode 0600, which the vault makes on its first start and rewrites in rotations.
/// Belongs on another disk than the database's backups: who has both has the secrets.
std::unique_ptr<MasterKeys> keysInFile(std::string path);

inline constexpr const char* kCredentialName = "quarterdeck-vault-key";

/// A systemd credential (kCredentialName in `folder`, which is $CREDENTIALS_DIRECTORY).
/// Read only: to rotate, hand in both keys, start, rotate, and take the old one out.
std::unique_ptr<MasterKeys> keysInCredential(std::string folder);

/// What the parent process hands over by descriptor `fd`. A pipe: what is written to it, up to its end;
/// read once, at the first `load`, within a few seconds, and closed. Read only. A socket: keys that the
/// parent holds and changes when it is asked to (held_keys.h).
std::unique_ptr<MasterKeys> keysFromDescriptor(int fd);

} // namespace qd::vault
