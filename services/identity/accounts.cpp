#include "services/identity/accounts.h"

#include "models/accounts/password_strength.h"
#include "models/base/network_address.h"
#include "services/identity/encoding.h"
#include "services/identity/queries.h"
#include "services/json/json.h"

namespace qd::identity {
namespace {

constexpr std::size_t kRemovedAtOnce = 200;
constexpr std::string_view kOwner = "user:owner"; ///< the owner of the installation, as in the log

tl::unexpected<Refused> refusedAs(ErrorKind kind, std::string code, std::string detail)
{
    return tl::unexpected(refusedWith({kind, std::move(code), std::move(detail), {}}));
}

tl::unexpected<Refused> mailTokenRefused()
{
    return refusedAs(ErrorKind::Denied, "identity.mail_token",
                     "the link is not good any more: ask for another");
}

Error weakPassword(const PasswordVerdict& verdict)
{
    std::string reasons;
    for (const PasswordReason reason : verdict.reasons)
        reasons += (reasons.empty() ? "" : ", ") + std::string(qd::toString(reason));
    return {ErrorKind::Invalid, "identity.weak_password", "the password is refused: " + reasons,
            "password"};
}

std::vector<std::string> wordsOf(const EmailAddress& email, const DisplayName& name)
{
    return {email.text(), std::string(email.local()), name.text()};
}

std::string accountJson(const User& user, std::string_view network)
{
    json::Writer out;
    out.beginObject()
        .member("roles", user.roles.toString())
        .member("verified", user.emailVerified)
        .member("network", network)
        .endObject();
    return out.take();
}

std::string networkJson(std::string_view network)
{
    json::Writer out;
    out.beginObject().member("network", network).endObject();
    return out.take();
}

By byVisitor(const Visitor& visitor)
{
    return {"anonymous:" + networkOf(visitor.address), visitor.traceId};
}

/// Everything that a sign-up writes, whether there is such an account or not.
struct SigningUp {
    User user;
    std::string password, mailId, network;
    By by;
    std::int64_t accountsMax = 0;
};

/// If `isKnown` of an address that nobody can have, and only as if.
Result<void> insertNewcomer(storage::Transaction& transaction, const SigningUp& up, bool isKnown,
                            const TokenKey& key)
{
    const auto nobodys = EmailAddress::parse(up.mailId + "@nobody.invalid");
    if (!nobodys) return tl::unexpected(nobodys.error());
    User newcomer = up.user;
    if (isKnown) newcomer.email = *nobodys;
    return doAsIf(transaction.database(), !isKnown,
                  [&] { return insertAccount(transaction, key, newcomer, up.password); });
}

Result<void> storeSignUp(storage::Transaction& transaction, const SigningUp& up, const TokenKey& key)
{
    const auto total = countAccounts(transaction.database());
    if (!total) return tl::unexpected(total.error());
    if (*total == 0)
        return fail(ErrorKind::Denied, "identity.sign_up_closed",
                    "the owner makes the first account");
    if (*total >= up.accountsMax)
        return fail(ErrorKind::Unavailable, "identity.accounts_full", "there are too many accounts");
    const auto known = findAccount(transaction.database(), key, up.user.email.key());
    if (!known) return tl::unexpected(known.error());
    const UserId user = *known ? (*known)->user.id : up.user.id;
    const bool isVerified = *known && (*known)->user.emailVerified;
    return insertNewcomer(transaction, up, known->has_value(), key)
        .and_then([&] {
            return note(transaction, *known ? "account.sign_up_repeated" : "account.created",
                        subjectOf(user), up.by, accountJson(up.user, up.network));
        })
        .and_then([&] {
            const auto kind = isVerified ? MailKind::AlreadyRegistered : MailKind::VerifyEmail;
            return postMail(transaction, {up.mailId, user, kind, up.user.createdAt}, key, up.by);
        });
}

} // namespace

Accounts::Accounts(Dependencies dependencies, AccountSettings settings)
    : m_the(std::move(dependencies)), m_settings(settings), m_check(m_the.check)
{
}

Accounts::~Accounts() = default;

void Accounts::submit(storage::Writer::Work work, Done done)
{
    m_the.check.writer.submit(std::move(work), m_the.check.core,
                              [done = std::move(done), alive = std::weak_ptr<bool>(m_alive)](
                                  const Result<std::int64_t>& outcome) {
                                  if (!alive.expired()) done(outcome);
                              });
}

void Accounts::hashNew(runtime::Secret password, std::vector<std::string> words, Hashed then)
{
    struct Hashing {
        runtime::Secret password;
        PasswordVerdict verdict;
        std::string hash;
    };
    const auto hashing = std::make_shared<Hashing>();
    hashing->password = std::move(password);
    m_the.check.hashes.run(
        [hashing, words = std::move(words), hasher = m_the.check.hasher,
         salt = randomBytes(m_the.check.random, PasswordHash::kSaltBytes)] {
            const auto text = hashing->password.revealForUse();
            hashing->verdict = judgePassword(text, words);
            if (hashing->verdict.accepted) hashing->hash = hasher->hash(text, salt);
        },
        resilience::Priority::Background,
        [hashing, then = std::move(then),
         alive = std::weak_ptr<bool>(m_alive)](const Result<void>& done) {
            if (alive.expired()) return;
            if (!done) return then(tl::unexpected(refusedFor(Refusal::Busy)));
            if (!hashing->verdict.accepted) {
                Refused refused = refusedWith(weakPassword(hashing->verdict));
                refused.verdict = std::move(hashing->verdict);
                return then(tl::unexpected(std::move(refused)));
            }
            then(std::move(hashing->hash));
        });
}

void Accounts::createFirst(NewAccount account, const By& by, Answer<User> then)
{
    User user;
    user.id = UserId(m_the.check.random.uuidV4());
    user.email = std::move(account.email);
    user.displayName = std::move(account.name);
    user.roles = {Role::Admin};
    user.emailVerified = true;
    user.createdAt = now();
    auto words = wordsOf(user.email, user.displayName);
    hashNew(std::move(account.password), std::move(words),
            [this, user, by, then = std::move(then)](tl::expected<std::string, Refused> hash) {
                if (!hash) return then(tl::unexpected(std::move(hash.error())));
                submit(
                    [user, by, hash = *hash, key = m_the.check.key](storage::Transaction& transaction) -> Result<void> {
                        const auto total = countAccounts(transaction.database());
                        if (!total) return tl::unexpected(total.error());
                        if (*total > 0)
                            return fail(ErrorKind::Conflict, "identity.not_first",
                                        "there are accounts already: sign up, and let an "
                                        "administrator grant the role");
                        return insertAccount(transaction, *key, user, hash).and_then([&] {
                            return note(transaction, "account.created", subjectOf(user.id), by,
                                        accountJson(user, "local"));
                        });
                    },
                    [user, then](const Result<std::int64_t>& outcome) {
                        if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
                        then(user);
                    });
            });
}

void Accounts::create(NewAccount account, Roles roles, const By& by, Answer<User> then)
{
    User user;
    user.id = UserId(m_the.check.random.uuidV4());
    user.email = std::move(account.email);
    user.displayName = std::move(account.name);
    user.roles = roles;
    user.emailVerified = !account.password.empty();
    user.createdAt = now();
    constexpr std::size_t kUnguessableBytes = 32;
    auto password = user.emailVerified
                        ? std::move(account.password)
                        : runtime::Secret(toHexText(randomBytes(m_the.check.random, kUnguessableBytes)));
    auto words = wordsOf(user.email, user.displayName);
    hashNew(std::move(password), std::move(words),
            [this, user, by, then = std::move(then)](tl::expected<std::string, Refused> hash) {
                if (!hash) return then(tl::unexpected(std::move(hash.error())));
                storeCreated(user, *hash, by, then);
            });
}

void Accounts::storeCreated(const User& user, const std::string& password, const By& by,
                            Answer<User> then)
{
    submit(
        [user, by, password, accountsMax = m_settings.accountsMax, key = m_the.check.key,
         mailId = m_the.check.random.uuidV4()](storage::Transaction& transaction) -> Result<void> {
            const auto total = countAccounts(transaction.database());
            if (!total) return tl::unexpected(total.error());
            const bool mayBeFirst =
                by.actor == kOwner && user.emailVerified && user.roles.contains(Role::Admin);
            if (*total == 0 && !mayBeFirst)
                return fail(ErrorKind::Conflict, "identity.not_first",
                            "the first account is an administrator with a password, made by the "
                            "owner");
            if (*total >= accountsMax)
                return fail(ErrorKind::Unavailable, "identity.accounts_full",
                            "there are too many accounts");
            const auto known = findAccount(transaction.database(), *key, user.email.key());
            if (!known) return tl::unexpected(known.error());
            if (*known)
                return fail(ErrorKind::Conflict, "identity.email_taken",
                            "there is an account with this address");
            const auto stored = insertAccount(transaction, *key, user, password).and_then([&] {
                return note(transaction, "account.created", subjectOf(user.id), by,
                            accountJson(user, "local"));
            });
            if (!stored || user.emailVerified) return stored;
            return postMail(transaction,
                            {mailId, user.id, MailKind::ResetPassword, user.createdAt}, *key, by);
        },
        [user, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
            then(user);
        });
}

void Accounts::signUp(NewAccount account, const Visitor& visitor, Answer<void> then)
{
    if (!m_settings.isSignUpOpen)
        return then(refusedAs(ErrorKind::Denied, "identity.sign_up_closed",
                              "accounts are not made here by signing up"));
    const Duration wait = m_the.check.throttle.askRate(networkOf(visitor.address));
    if (wait > Duration{}) return then(tl::unexpected(refusedUntil(wait)));
    SigningUp up;
    up.user.id = UserId(m_the.check.random.uuidV4());
    up.user.email = std::move(account.email);
    up.user.displayName = std::move(account.name);
    up.user.roles = m_settings.newcomers;
    up.user.createdAt = now();
    up.mailId = m_the.check.random.uuidV4();
    up.network = networkOf(visitor.address);
    up.by = byVisitor(visitor);
    up.accountsMax = m_settings.accountsMax;
    auto words = wordsOf(up.user.email, up.user.displayName);
    hashNew(std::move(account.password), std::move(words),
            [this, up, then = std::move(then)](tl::expected<std::string, Refused> hash) mutable {
                if (!hash) return then(tl::unexpected(std::move(hash.error())));
                up.password = std::move(*hash);
                submit([up, key = m_the.check.key](storage::Transaction& transaction) {
                           return storeSignUp(transaction, up, *key);
                       },
                       [then](const Result<std::int64_t>& outcome) {
                           if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
                           then({});
                       });
            });
}

void Accounts::verifyEmail(const runtime::Secret& token, const Visitor& visitor, Answer<void> then)
{
    const auto network = networkOf(visitor.address);
    const Duration wait = m_the.check.throttle.askRate(network);
    if (wait > Duration{}) return then(tl::unexpected(refusedUntil(wait)));
    const auto user = std::make_shared<std::optional<UserId>>();
    // Works are copyable, Secrets are not: one that is shared.
    const auto shared = std::make_shared<runtime::Secret>(token.clone());
    submit(
        [shared, user, now = now(), network,
         trace = visitor.traceId](storage::Transaction& transaction) -> Result<void> {
            auto spent =
                spendMailToken(transaction, shared->revealForUse(), MailKind::VerifyEmail, now);
            if (!spent) return tl::unexpected(spent.error());
            *user = std::move(*spent);
            if (!*user) return {};
            return storeVerified(transaction, **user).and_then([&] {
                return note(transaction, "account.verified", subjectOf(**user), byUser(**user, trace),
                            networkJson(network));
            });
        },
        [user, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
            if (!*user) return then(mailTokenRefused());
            then({});
        });
}

void Accounts::requestReset(const EmailAddress& email, const Visitor& visitor, Answer<void> then)
{
    const auto network = networkOf(visitor.address);
    const Duration wait = m_the.check.throttle.askRate(network);
    if (wait > Duration{}) return then(tl::unexpected(refusedUntil(wait)));
    submit(
        [emailKey = email.key(), mailId = m_the.check.random.uuidV4(), now = now(), network,
         by = byVisitor(visitor),
         key = m_the.check.key](storage::Transaction& transaction) -> Result<void> {
            const auto account = findAccount(transaction.database(), *key, emailKey);
            if (!account) return tl::unexpected(account.error());
            const auto subject =
                *account ? subjectOf((*account)->user.id) : std::string("user/unknown");
            const auto noted =
                note(transaction, "account.reset_asked", subject, by, networkJson(network));
            if (!noted) return noted;
            if (!*account)
                return postMailToNobody(transaction,
                                        {mailId, UserId(mailId), MailKind::ResetPassword, now}, *key,
                                        by);
            return postMail(transaction,
                            {mailId, (*account)->user.id, MailKind::ResetPassword, now}, *key, by);
        },
        [then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
            then({});
        });
}

void Accounts::resetPassword(runtime::Secret token, runtime::Secret password,
                             const Visitor& visitor, Answer<void> then)
{
    const Duration wait = m_the.check.throttle.askRate(networkOf(visitor.address));
    if (wait > Duration{}) return then(tl::unexpected(refusedUntil(wait)));
    struct Reset {
        runtime::Secret token, password;
        std::optional<User> user;
        Visitor visitor;
    };
    const auto reset = std::make_shared<Reset>();
    reset->token = std::move(token);
    reset->password = std::move(password);
    reset->visitor = {visitor.address, {}, visitor.device, visitor.traceId};
    // Looked at before it is spent: a password that is refused does not cost the link, and a token
    // that was made up does not cost a hash.
    submit(
        [reset, key = m_the.check.key, now = now()](storage::Transaction& transaction) -> Result<void> {
            auto& database = transaction.database();
            const auto user =
                findMailToken(database, reset->token.revealForUse(), MailKind::ResetPassword, now);
            if (!user) return tl::unexpected(user.error());
            reset->user.reset();
            if (!*user) return {};
            auto account = accountOf(database, *key, **user);
            if (!account) return tl::unexpected(account.error());
            reset->user = std::move(account->user);
            return {};
        },
        [this, reset, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
            if (!reset->user) return then(mailTokenRefused());
            hashNew(std::move(reset->password),
                    wordsOf(reset->user->email, reset->user->displayName),
                    [this, reset, then](tl::expected<std::string, Refused> hash) {
                        if (!hash) return then(tl::unexpected(std::move(hash.error())));
                        storeReset(std::move(reset->token), *hash, reset->visitor, then);
                    });
        });
}

void Accounts::storeReset(runtime::Secret token, const std::string& password,
                          const Visitor& visitor, Answer<void> then)
{
    struct Outcome {
        std::optional<UserId> user;
        std::vector<SessionId> ended;
    };
    const auto done = std::make_shared<Outcome>();
    const auto shared = std::make_shared<runtime::Secret>(std::move(token));
    submit(
        [shared, done, password, now = now(), key = m_the.check.key,
         mailId = m_the.check.random.uuidV4(), network = networkOf(visitor.address),
         trace = visitor.traceId](storage::Transaction& transaction) -> Result<void> {
            auto spent =
                spendMailToken(transaction, shared->revealForUse(), MailKind::ResetPassword, now);
            if (!spent) return tl::unexpected(spent.error());
            done->user = *spent;
            if (!done->user) return {};
            const UserId& user = *done->user;
            const By by = byUser(user, trace);
            auto ended = endSessions(transaction, {user, {}, {}, "password_reset"}, by);
            if (!ended) return tl::unexpected(ended.error());
            done->ended = std::move(*ended);
            // The link came by mail: the address is theirs.
            return storePassword(transaction, user, password)
                .and_then([&] { return storeVerified(transaction, user); })
                .and_then([&] {
                    return note(transaction, "account.password_changed", subjectOf(user), by,
                                networkJson(network));
                })
                .and_then([&] {
                    return postMail(transaction, {mailId, user, MailKind::PasswordChanged, now},
                                    *key, by);
                });
        },
        [this, done, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
            if (!done->user) return then(mailTokenRefused());
            m_the.sessions.ended(done->ended);
            then({});
        });
}

void Accounts::sweep()
{
    m_the.check.throttle.sweep();
    m_the.sessions.sweep();
    if (m_isSweeping) return;
    m_isSweeping = true;
    submit(
        [now = now(), oldest = m_the.check.throttle.oldestKept(),
         unverified = m_settings.verifyWithin](storage::Transaction& transaction) {
            return sweepMail(transaction, now)
                .and_then([&] { return Throttle::deleteOlder(transaction, oldest); })
                .and_then([&] {
                    return deleteUnverified(transaction, now - unverified, kRemovedAtOnce);
                });
        },
        [this](const Result<std::int64_t>& outcome) {
            m_isSweeping = false;
            if (!outcome)
                m_the.check.log.warning("what has expired stays stored",
                                        {{"error", outcome.error()}});
        });
}

} // namespace qd::identity
