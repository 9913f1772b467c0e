#include "services/identity/account_records.h"

#include <fmt/format.h>

#include "services/identity/queries.h"
#include "services/identity/sealed_places.h"

namespace qd::identity {
namespace {

constexpr std::string_view kAccountSelect =
    "SELECT u.id, u.email, coalesce(p.display_name, ''), u.roles, u.verified, u.disabled, u.created,"
    " u.password, t.nonce, t.confirmed, t.last_step"
    " FROM identity_users AS u LEFT JOIN identity_profiles AS p ON p.user = u.id"
    " LEFT JOIN identity_totp AS t ON t.user = u.id ";

AccountRecord accountRecordOf(const storage::Statement& row, const TokenKey& key)
{
    AccountRecord record;
    User& user = record.user;
    user.id = UserId(std::string(row.text(0)));
    user.email = EmailAddress::parse(key.open(kEmailPlace, user.id, row.text(1))).value_or(EmailAddress{});
    user.displayName =
        DisplayName::parse(key.open(kNamePlace, user.id, row.text(2))).value_or(DisplayName{});
    user.roles = Roles::parse(row.text(3)).value_or(Roles{});
    user.emailVerified = row.integer(4) != 0;
    user.disabled = row.integer(5) != 0;
    user.createdAt = Timestamp::fromNanos(row.integer(6));
    record.password = row.text(7);
    record.totpNonce = row.text(8);
    const bool isConfirmed = row.integer(9) != 0;
    user.secondFactor = isConfirmed ? SecondFactor::Totp : SecondFactor::None;
    record.totpLastStep = row.integer(10);
    return record;
}

/// What reading an account opens, of texts that do not open.
void openForNobody(const TokenKey& key)
{
    static const std::string sealed(48, 'A');
    const UserId nobody("00000000-0000-4000-8000-000000000000");
    static_cast<void>(EmailAddress::parse(key.open(kEmailPlace, nobody, sealed)));
    static_cast<void>(DisplayName::parse(key.open(kNamePlace, nobody, sealed)));
}

Result<std::optional<AccountRecord>> findWhere(storage::Database& database, const TokenKey& key,
                                               std::string_view condition, const std::string& value,
                                               const std::string& recoveryHash)
{
    std::optional<AccountRecord> found;
    const auto read = forEachRow(
        database, fmt::format("{}{}", kAccountSelect, condition),
        [&](const storage::Statement& row) { found = accountRecordOf(row, key); }, value);
    if (!read) return tl::unexpected(read.error());
    // Opened and asked for nobody too, so that both look alike.
    if (!found) openForNobody(key);
    const auto codes =
        numberOf(database, "SELECT count(*) FROM identity_recovery WHERE user = ? AND hash = ?",
                 found ? found->user.id.text() : std::string(), recoveryHash);
    if (!codes) return tl::unexpected(codes.error());
    if (found) found->hasRecoveryCode = *codes > 0;
    return found;
}

/// After a change, in its transaction: is there still somebody who may do everything?
Result<void> requireAdmin(storage::Transaction& transaction)
{
    const auto admins = numberOf(transaction.database(),
                                 "SELECT count(*) FROM identity_users WHERE disabled = 0 AND"
                                 " verified = 1 AND instr(',' || roles || ',', ',admin,') > 0");
    if (!admins) return tl::unexpected(admins.error());
    if (*admins > 0) return {};
    return fail(ErrorKind::Conflict, "identity.last_admin",
                "this is the last administrator; make another one first");
}

Result<bool> hasChanged(storage::Transaction& transaction, const Result<void>& done)
{
    if (!done) return tl::unexpected(done.error());
    return transaction.database().changes() > 0;
}

} // namespace

Result<std::optional<AccountRecord>> findAccount(storage::Database& database, const TokenKey& key,
                                                 const std::string& emailKey,
                                                 const std::string& recoveryHash)
{
    return findWhere(database, key, "WHERE u.email_key = ?", key.addressIndex(emailKey), recoveryHash);
}

Result<std::optional<AccountRecord>> findAccountById(storage::Database& database,
                                                     const TokenKey& key, const UserId& user,
                                                     const std::string& recoveryHash)
{
    return findWhere(database, key, "WHERE u.id = ?", user.text(), recoveryHash);
}

Result<AccountRecord> accountOf(storage::Database& database, const TokenKey& key, const UserId& user)
{
    auto found = findAccountById(database, key, user);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return fail(ErrorKind::NotFound, "identity.no_account", "there is no such account");
    return std::move(**found);
}

Result<std::int64_t> countAccounts(storage::Database& database)
{
    return numberOf(database, "SELECT count(*) FROM identity_users");
}

Result<std::vector<User>> listAccounts(storage::Database& database, const TokenKey& key,
                                       const UserId& after, std::size_t limit)
{
    std::vector<User> users;
    const auto read = forEachRow(
        database,
        fmt::format("{}WHERE ?1 = '' OR (u.created, u.id) >"
                    " (SELECT created, id FROM identity_users WHERE id = ?1)"
                    " ORDER BY u.created, u.id LIMIT ?2",
                    kAccountSelect),
        [&](const storage::Statement& row) { users.push_back(accountRecordOf(row, key).user); },
        after.text(),
        static_cast<std::int64_t>(limit));
    if (!read) return tl::unexpected(read.error());
    return users;
}

Result<void> insertAccount(storage::Transaction& transaction, const TokenKey& key, const User& user,
                           const std::string& password)
{
    auto& database = transaction.database();
    return execute(database,
                   "INSERT INTO identity_users(id, email_key, email, roles, password, verified,"
                   " disabled, created) VALUES(?,?,?,?,?,?,?,?)",
                   user.id.text(), key.addressIndex(user.email.key()),
                   key.seal(kEmailPlace, user.id, user.email.text()), user.roles.toString(),
                   password, user.emailVerified ? 1 : 0, user.disabled ? 1 : 0, user.createdAt)
        .and_then([&] {
            return execute(database,
                           "INSERT INTO identity_profiles(user, display_name) VALUES(?,?)",
                           user.id.text(), key.seal(kNamePlace, user.id, user.displayName.text()));
        });
}

Result<void> storePassword(storage::Transaction& transaction, const UserId& user,
                           const std::string& password)
{
    return execute(transaction.database(), "UPDATE identity_users SET password = ? WHERE id = ?",
                   password, user.text());
}

Result<void> storeVerified(storage::Transaction& transaction, const UserId& user)
{
    return execute(transaction.database(), "UPDATE identity_users SET verified = 1 WHERE id = ?",
                   user.text());
}

Result<void> storeRoles(storage::Transaction& transaction, const UserId& user, Roles roles)
{
    return execute(transaction.database(), "UPDATE identity_users SET roles = ? WHERE id = ?",
                   roles.toString(), user.text())
        .and_then([&] { return requireAdmin(transaction); });
}

Result<void> storeDisabled(storage::Transaction& transaction, const UserId& user, bool disabled)
{
    return execute(transaction.database(), "UPDATE identity_users SET disabled = ? WHERE id = ?",
                   disabled ? 1 : 0, user.text())
        .and_then([&] { return requireAdmin(transaction); });
}

Result<void> deleteUnverified(storage::Transaction& transaction, Timestamp created,
                              std::size_t limit)
{
    std::vector<UserId> users;
    const auto read = forEachRow(
        transaction.database(),
        "SELECT id FROM identity_users WHERE verified = 0 AND created <= ? LIMIT ?",
        [&](const storage::Statement& row) { users.emplace_back(std::string(row.text(0))); },
        created, static_cast<std::int64_t>(limit));
    if (!read) return read;
    for (const UserId& user : users) {
        const auto done =
            execute(transaction.database(), "DELETE FROM identity_users WHERE id = ?", user.text())
                .and_then([&] {
                    return note(transaction, "account.removed", subjectOf(user),
                                {"system:identity", {}}, R"({"reason":"never_verified"})");
                });
        if (!done) return done;
    }
    return {};
}

Result<void> storeTotp(storage::Transaction& transaction, const UserId& user,
                       const std::string& nonce)
{
    const auto stored = hasChanged(
        transaction, execute(transaction.database(),
                             "INSERT INTO identity_totp(user, nonce, confirmed, last_step)"
                             " VALUES(?1, ?2, 0, 0) ON CONFLICT(user) DO UPDATE SET nonce = ?2"
                             " WHERE confirmed = 0",
                             user.text(), nonce));
    if (!stored) return tl::unexpected(stored.error());
    if (*stored) return {};
    return fail(ErrorKind::Conflict, "identity.totp_enrolled",
                "an authenticator is enrolled already; remove it first");
}

Result<void> storeConfirmedTotp(storage::Transaction& transaction, const UserId& user,
                                std::int64_t step, const std::vector<std::string>& recoveryHashes)
{
    auto& database = transaction.database();
    auto done = execute(database,
                        "UPDATE identity_totp SET confirmed = 1, last_step = ? WHERE user = ?", step,
                        user.text())
                    .and_then([&] {
                        return execute(database, "DELETE FROM identity_recovery WHERE user = ?",
                                       user.text());
                    });
    for (const std::string& hash : recoveryHashes) {
        if (!done) return done;
        done = execute(database, "INSERT INTO identity_recovery(user, hash) VALUES(?,?)",
                       user.text(), hash);
    }
    return done;
}

Result<void> deleteTotp(storage::Transaction& transaction, const UserId& user)
{
    auto& database = transaction.database();
    return execute(database, "DELETE FROM identity_totp WHERE user = ?", user.text()).and_then([&] {
        return execute(database, "DELETE FROM identity_recovery WHERE user = ?", user.text());
    });
}

Result<bool> spendTotpStep(storage::Transaction& transaction, const UserId& user,
                           std::int64_t step)
{
    return hasChanged(transaction, execute(transaction.database(),
                                           "UPDATE identity_totp SET last_step = ?1"
                                           " WHERE user = ?2 AND last_step < ?1",
                                           step, user.text()));
}

Result<bool> spendRecoveryCode(storage::Transaction& transaction, const UserId& user,
                               const std::string& hash)
{
    return hasChanged(transaction,
                      execute(transaction.database(),
                              "DELETE FROM identity_recovery WHERE user = ? AND hash = ?",
                              user.text(), hash));
}

} // namespace qd::identity
