#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/accounts/user.h"
#include "services/identity/record.h"
#include "services/identity/token_key.h"

namespace qd::identity {

/// An account as sign-in needs it. Never a secret: the hash is one-way, the nonce may be seen.
struct AccountRecord {
    User user;
    std::string password;          ///< a PHC text
    std::string totpNonce;         ///< empty: never enrolled
    std::int64_t totpLastStep = 0; ///< of the last code that was taken
    bool hasRecoveryCode = false;  ///< the one that was asked with is one of its
};

/// All of these run in the caller's transaction, on the writer's executor.

/// Names and addresses are sealed with `key`. `recoveryHash`: of a recovery code to look for; empty
/// for none.
Result<std::optional<AccountRecord>> findAccount(storage::Database& database, const TokenKey& key,
                                                 const std::string& emailKey,
                                                 const std::string& recoveryHash = {});
Result<std::optional<AccountRecord>> findAccountById(storage::Database& database,
                                                     const TokenKey& key, const UserId& user,
                                                     const std::string& recoveryHash = {});
/// As `findAccountById`; NotFound "identity.no_account" if there is none.
Result<AccountRecord> accountOf(storage::Database& database, const TokenKey& key,
                                const UserId& user);
Result<std::int64_t> countAccounts(storage::Database& database);
/// In the order they were made, those after `after` (empty: from the first), at most `limit`.
Result<std::vector<User>> listAccounts(storage::Database& database, const TokenKey& key,
                                       const UserId& after, std::size_t limit);

/// The account and its profile. Fails with: Conflict "storage.constraint" (the address is taken).
Result<void> insertAccount(storage::Transaction& transaction, const TokenKey& key, const User& user,
                           const std::string& password);
Result<void> storePassword(storage::Transaction& transaction, const UserId& user,
                           const std::string& password);
Result<void> storeVerified(storage::Transaction& transaction, const UserId& user);
/// Fail with: Conflict "identity.last_admin" rather than leave nobody who may do everything.
Result<void> storeRoles(storage::Transaction& transaction, const UserId& user, Roles roles);
Result<void> storeDisabled(storage::Transaction& transaction, const UserId& user, bool disabled);
/// Accounts that nobody ever verified and that were made then or before, at most `limit`. Appends an
/// "account.removed" for each.
Result<void> deleteUnverified(storage::Transaction& transaction, Timestamp created,
                              std::size_t limit);

/// A new authenticator, in the place of one that was not confirmed. Conflict "identity.totp_enrolled".
Result<void> storeTotp(storage::Transaction& transaction, const UserId& user,
                       const std::string& nonce);
Result<void> storeConfirmedTotp(storage::Transaction& transaction, const UserId& user,
                                std::int64_t step, const std::vector<std::string>& recoveryHashes);
Result<void> deleteTotp(storage::Transaction& transaction, const UserId& user);
/// False: that step, or a later one, was taken already.
Result<bool> spendTotpStep(storage::Transaction& transaction, const UserId& user,
                           std::int64_t step);
/// False: it is not (any more) one of its.
Result<bool> spendRecoveryCode(storage::Transaction& transaction, const UserId& user,
                               const std::string& hash);

} // namespace qd::identity
