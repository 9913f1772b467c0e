#include <algorithm>

#include "services/identity/accounts.h"
#include "services/identity/encoding.h"
#include "services/identity/totp.h"
#include "services/json/json.h"

namespace qd::identity {
namespace {

constexpr std::size_t kTotpNonceBytes = 16;

std::string roleJson(Role role, Roles roles)
{
    json::Writer out;
    out.beginObject()
        .member("role", qd::toString(role))
        .member("roles", roles.toString())
        .endObject();
    return out.take();
}

} // namespace

Result<void> Accounts::requireStepUp(const Access& access) const
{
    if (m_the.sessions.isSteppedUp(access)) return {};
    return fail(ErrorKind::Denied, "identity.step_up_needed", "prove again who you are first");
}

void Accounts::enrolTotp(const Access& access, std::function<void(Result<runtime::Secret>)> then)
{
    if (auto allowed = requireStepUp(access); !allowed)
        return then(tl::unexpected(allowed.error()));
    const std::string nonce = toHexText(randomBytes(m_the.check.random, kTotpNonceBytes));
    const auto email = std::make_shared<std::string>();
    submit(
        [user = access.user, nonce, email, key = m_the.check.key](storage::Transaction& transaction) -> Result<void> {
            const auto account = accountOf(transaction.database(), *key, user);
            if (!account) return tl::unexpected(account.error());
            *email = account->user.email.text();
            return storeTotp(transaction, user, nonce).and_then([&] {
                return note(transaction, "account.totp_begun", subjectOf(user), byUser(user), "{}");
            });
        },
        [this, user = access.user, nonce, email,
         then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            const auto seed = m_the.check.key->totpSeed(user, nonce);
            then(otpauthUri(seed.revealForUse(), *email));
        });
}

void Accounts::confirmTotp(const Access& access, const runtime::Secret& code,
                           std::function<void(Result<std::vector<runtime::Secret>>)> then)
{
    if (auto allowed = requireStepUp(access); !allowed)
        return then(tl::unexpected(allowed.error()));
    const auto codes =
        std::make_shared<std::vector<runtime::Secret>>(newRecoveryCodes(m_the.check.random));
    std::vector<std::string> hashes;
    for (const auto& each : *codes) hashes.push_back(recoveryFingerprint(each.revealForUse()));
    const auto typed = std::make_shared<runtime::Secret>(code.clone());
    submit(
        [user = access.user, typed, hashes = std::move(hashes), key = m_the.check.key,
         now = now()](storage::Transaction& transaction) -> Result<void> {
            const auto account = accountOf(transaction.database(), *key, user);
            if (!account) return tl::unexpected(account.error());
            if (account->totpNonce.empty() || account->user.secondFactor != SecondFactor::None)
                return fail(ErrorKind::Conflict, "identity.totp_not_begun",
                            "no authenticator waits to be confirmed");
            const auto seed = key->totpSeed(user, account->totpNonce);
            const auto step = matchTotp(seed.revealForUse(), typed->revealForUse(), now,
                                        account->totpLastStep);
            if (!step)
                return fail(ErrorKind::Invalid, "identity.wrong_code",
                            "the code is not this authenticator's", "code");
            return storeConfirmedTotp(transaction, user, *step, hashes).and_then([&] {
                return note(transaction, "account.totp_confirmed", subjectOf(user), byUser(user),
                            "{}");
            });
        },
        [codes, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            then(std::move(*codes));
        });
}

void Accounts::removeTotp(const Access& access, std::function<void(Result<void>)> then)
{
    if (auto allowed = requireStepUp(access); !allowed) return then(std::move(allowed));
    submit(
        [user = access.user](storage::Transaction& transaction) {
            return deleteTotp(transaction, user).and_then([&] {
                return note(transaction, "account.totp_removed", subjectOf(user), byUser(user), "{}");
            });
        },
        [then = std::move(then)](const Result<std::int64_t>& outcome) {
            then(outcome.map([](std::int64_t) {}));
        });
}

void Accounts::grant(const UserId& user, Role role, const By& by,
                     std::function<void(Result<Roles>)> then)
{
    changeRoles(user, role, /*isGrant=*/true, by, std::move(then));
}

void Accounts::revoke(const UserId& user, Role role, const By& by,
                      std::function<void(Result<Roles>)> then)
{
    changeRoles(user, role, /*isGrant=*/false, by, std::move(then));
}

void Accounts::changeRoles(const UserId& user, Role role, bool isGrant, const By& by,
                           std::function<void(Result<Roles>)> then)
{
    const auto roles = std::make_shared<Roles>();
    submit(
        [user, role, isGrant, by, roles, key = m_the.check.key](storage::Transaction& transaction) -> Result<void> {
            const auto account = accountOf(transaction.database(), *key, user);
            if (!account) return tl::unexpected(account.error());
            const Roles before = account->user.roles;
            *roles = isGrant ? before.with(role) : before.without(role);
            if (*roles == before) return {};
            return storeRoles(transaction, user, *roles).and_then([&] {
                return note(transaction, isGrant ? "account.role_granted" : "account.role_revoked",
                            subjectOf(user), by, roleJson(role, *roles));
            });
        },
        [this, user, roles, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            m_the.sessions.rolesChanged(user, *roles);
            then(*roles);
        });
}

void Accounts::setDisabled(const UserId& user, bool disabled, const By& by,
                           std::function<void(Result<void>)> then)
{
    const auto ended = std::make_shared<std::vector<SessionId>>();
    submit(
        [user, disabled, by, ended, key = m_the.check.key](storage::Transaction& transaction) -> Result<void> {
            ended->clear();
            const auto account = accountOf(transaction.database(), *key, user);
            if (!account) return tl::unexpected(account.error());
            if (account->user.disabled == disabled) return {};
            if (auto stored = storeDisabled(transaction, user, disabled); !stored) return stored;
            if (disabled) {
                auto sessions = endSessions(transaction, {user, {}, {}, "disabled"}, by);
                if (!sessions) return tl::unexpected(sessions.error());
                *ended = std::move(*sessions);
            }
            return note(transaction, disabled ? "account.disabled" : "account.enabled",
                        subjectOf(user), by, "{}");
        },
        [this, ended, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            m_the.sessions.ended(*ended);
            then({});
        });
}

void Accounts::list(const UserId& after, std::size_t limit,
                    std::function<void(Result<std::vector<User>>)> then)
{
    const auto users = std::make_shared<std::vector<User>>();
    submit(
        [after, limit = std::min(limit, kListMax), key = m_the.check.key,
         users](storage::Transaction& transaction) -> Result<void> {
            auto read = listAccounts(transaction.database(), *key, after, limit);
            if (!read) return tl::unexpected(read.error());
            *users = std::move(*read);
            return {};
        },
        [users, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            then(std::move(*users));
        });
}

void Accounts::findByAddress(const EmailAddress& email, std::function<void(Result<User>)> then)
{
    const auto found = std::make_shared<User>();
    submit(
        [emailKey = email.key(), found, key = m_the.check.key](storage::Transaction& transaction) -> Result<void> {
            auto account = findAccount(transaction.database(), *key, emailKey);
            if (!account) return tl::unexpected(account.error());
            if (!*account)
                return fail(ErrorKind::NotFound, "identity.no_account", "there is no such account");
            *found = std::move((*account)->user);
            return {};
        },
        [found, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            then(std::move(*found));
        });
}

void Accounts::find(const UserId& user, std::function<void(Result<User>)> then)
{
    const auto found = std::make_shared<User>();
    submit(
        [user, found, key = m_the.check.key](storage::Transaction& transaction) -> Result<void> {
            auto account = accountOf(transaction.database(), *key, user);
            if (!account) return tl::unexpected(account.error());
            *found = std::move(account->user);
            return {};
        },
        [found, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            then(std::move(*found));
        });
}

} // namespace qd::identity
