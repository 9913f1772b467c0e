#include "services/identity/outbox.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "services/identity/encoding.h"
#include "services/identity/queries.h"
#include "services/identity/sealed_places.h"
#include "services/json/json.h"

namespace qd::identity {
namespace {

constexpr std::array kMailKinds{MailKind::VerifyEmail, MailKind::ResetPassword,
                                MailKind::AlreadyRegistered, MailKind::PasswordChanged};

bool carriesToken(MailKind kind)
{
    return kind == MailKind::VerifyEmail || kind == MailKind::ResetPassword;
}

std::optional<MailKind> parseMailKind(std::string_view text)
{
    for (const MailKind kind : kMailKinds)
        if (text == toString(kind)) return kind;
    return {};
}

Result<void> noteMail(storage::Transaction& transaction, std::string_view event,
                      const std::string& mailId, std::string_view kind, std::string subject,
                      const By& by)
{
    json::Writer out;
    out.beginObject().member("mail", mailId).member("kind", kind).endObject();
    return note(transaction, event, std::move(subject), by, out.take());
}

/// The user's earlier tokens for the same stay good: a mail may arrive late and be used first.
Result<void> storeMailToken(storage::Database& database, const MailDraft& draft, const TokenKey& key)
{
    const auto store = [&] {
        return execute(
            database,
            "INSERT INTO identity_mail_tokens(hash, purpose, user, expires) VALUES(?,?,?,?)",
            fingerprint(key.mailToken(draft.id).revealForUse()), toString(draft.kind),
            draft.user.text(), draft.now + kMailTokenLife);
    };
    return doAsIf(database, carriesToken(draft.kind), store);
}

Result<void> storeMail(storage::Database& database, const MailDraft& draft, const TokenKey& key)
{
    return storeMailToken(database, draft, key).and_then([&] {
        return execute(database,
                       "INSERT INTO identity_outbox(id, user, kind, created, due, attempts, sent)"
                       " VALUES(?1, ?2, ?3, ?4, ?4, 0, 0)",
                       draft.id, draft.user.text(), toString(draft.kind), draft.now);
    });
}

/// How many mails were put into the outbox for them within the hour. Fails when it is full.
Result<std::int64_t> lateMails(storage::Database& database, const MailDraft& draft)
{
    const auto waiting = mailsWaiting(database);
    if (!waiting) return waiting;
    if (*waiting >= kOutboxMax)
        return fail(ErrorKind::Unavailable, "identity.outbox_full", "too many mails wait to be sent");
    return numberOf(database, "SELECT count(*) FROM identity_outbox WHERE user = ? AND created > ?",
                    draft.user.text(), draft.now - std::chrono::hours(1));
}

/// Rows must belong to an account, also those that are taken back.
Result<UserId> anybody(storage::Database& database)
{
    UserId user;
    const auto found = forEachRow(
        database, "SELECT id FROM identity_users LIMIT 1",
        [&](const storage::Statement& row) { user = UserId(std::string(row.text(0))); });
    if (!found) return tl::unexpected(found.error());
    return user;
}

/// `isToNobody`: then nothing of it is meant.
Result<void> post(storage::Transaction& transaction, const MailDraft& draft, bool isToNobody,
                  const TokenKey& key, const By& by)
{
    auto& database = transaction.database();
    const auto lately = lateMails(database, draft);
    if (!lately) return tl::unexpected(lately.error());
    const auto stand = anybody(database);
    if (!stand) return tl::unexpected(stand.error());
    MailDraft stored = draft;
    if (isToNobody) stored.user = *stand;
    const bool isMeant = !isToNobody && *lately < kMailsAnHour;
    const auto done = doAsIf(database, isMeant, [&] { return storeMail(database, stored, key); });
    return done.and_then([&] {
        return noteMail(transaction, isMeant ? "mail.queued" : "mail.withheld", draft.id,
                        toString(draft.kind),
                        isToNobody ? std::string("user/unknown") : subjectOf(draft.user), by);
    });
}

Mail mailOf(const storage::Statement& row, const TokenKey& key)
{
    Mail mail;
    mail.id = row.text(0);
    mail.kind = parseMailKind(row.text(1)).value_or(MailKind::PasswordChanged);
    const UserId user(std::string(row.text(6)));
    mail.to = EmailAddress::parse(key.open(kEmailPlace, user, row.text(2))).value_or(EmailAddress{});
    mail.name = DisplayName::parse(key.open(kNamePlace, user, row.text(3))).value_or(DisplayName{});
    mail.createdAt = Timestamp::fromNanos(row.integer(4));
    if (carriesToken(mail.kind)) mail.token = key.mailToken(mail.id);
    return mail;
}

constexpr std::string_view kMailSelect =
    "SELECT o.id, o.kind, u.email, coalesce(p.display_name, ''), o.created, o.attempts, u.id"
    " FROM identity_outbox AS o JOIN identity_users AS u ON u.id = o.user"
    " LEFT JOIN identity_profiles AS p ON p.user = o.user ";

} // namespace

std::string_view toString(MailKind kind)
{
    switch (kind) {
    case MailKind::VerifyEmail: return "verify_email";
    case MailKind::ResetPassword: return "reset_password";
    case MailKind::AlreadyRegistered: return "already_registered";
    case MailKind::PasswordChanged: return "password_changed";
    }
    return "unknown";
}

Result<bool> isMailDue(storage::Database& database, Timestamp now)
{
    const auto due = numberOf(
        database, "SELECT EXISTS(SELECT 1 FROM identity_outbox WHERE sent = 0 AND due <= ?)", now);
    if (!due) return tl::unexpected(due.error());
    return *due > 0;
}

Result<std::int64_t> mailsWaiting(storage::Database& database)
{
    return numberOf(database, "SELECT count(*) FROM identity_outbox WHERE sent = 0");
}

Result<void> postMail(storage::Transaction& transaction, const MailDraft& draft,
                      const TokenKey& key, const By& by)
{
    return post(transaction, draft, /*isToNobody=*/false, key, by);
}

Result<void> postMailToNobody(storage::Transaction& transaction, const MailDraft& draft,
                              const TokenKey& key, const By& by)
{
    return post(transaction, draft, /*isToNobody=*/true, key, by);
}

Result<std::optional<UserId>> findMailToken(storage::Database& database, std::string_view token,
                                            MailKind purpose, Timestamp now)
{
    std::optional<UserId> user;
    const auto read = forEachRow(
        database,
        "SELECT user FROM identity_mail_tokens WHERE hash = ? AND purpose = ? AND expires > ?",
        [&](const storage::Statement& row) { user = UserId(std::string(row.text(0))); },
        fingerprint(token), toString(purpose), now);
    if (!read) return tl::unexpected(read.error());
    return user;
}

Result<std::optional<UserId>> spendMailToken(storage::Transaction& transaction,
                                             std::string_view token, MailKind purpose,
                                             Timestamp now)
{
    auto user = findMailToken(transaction.database(), token, purpose, now);
    if (!user || !*user) return user;
    const auto spent = execute(transaction.database(),
                               "DELETE FROM identity_mail_tokens WHERE user = ? AND purpose = ?",
                               (*user)->text(), toString(purpose));
    if (!spent) return tl::unexpected(spent.error());
    return user;
}

Result<void> sweepMail(storage::Transaction& transaction, Timestamp now)
{
    return execute(transaction.database(), "DELETE FROM identity_mail_tokens WHERE expires <= ?", now)
        .and_then([&] {
            return execute(transaction.database(),
                           "DELETE FROM identity_outbox WHERE sent = 1 AND created <= ?",
                           now - std::chrono::hours(24));
        })
        .and_then([&] {
            return execute(transaction.database(),
                           "DELETE FROM identity_outbox WHERE sent = 1 AND id IN (SELECT id FROM"
                           " identity_outbox WHERE sent = 1 ORDER BY created DESC LIMIT -1 OFFSET ?)",
                           kHandedOverMax);
        });
}

Result<std::vector<Mail>> handedOver(storage::Database& database, const TokenKey& key,
                                     std::size_t limit)
{
    std::vector<Mail> mails;
    const auto read = forEachRow(
        database, fmt::format("{}WHERE o.sent = 1 ORDER BY o.created DESC, o.id LIMIT ?", kMailSelect),
        [&](const storage::Statement& row) {
            mails.push_back(mailOf(row, key));
        },
        static_cast<std::int64_t>(limit));
    if (!read) return tl::unexpected(read.error());
    return mails;
}

MailRound::MailRound(storage::Writer& writer, runtime::Executor& core,
                     std::shared_ptr<const TokenKey> key, Mailer& mailer)
    : m_writer(writer), m_core(core), m_key(std::move(key)), m_mailer(mailer)
{
}

MailRound::~MailRound() = default;

void MailRound::run()
{
    if (m_underWay > 0) return;
    m_underWay = 1;
    struct Found {
        std::vector<Mail> mails;
        std::vector<Due> due;
    };
    const auto found = std::make_shared<Found>();
    m_writer.submit(
        [found, key = m_key, now = m_core.clock().now()](storage::Transaction& transaction) {
            *found = {};
            return forEachRow(
                transaction.database(),
                fmt::format("{}WHERE o.sent = 0 AND o.due <= ? ORDER BY o.due, o.id LIMIT ?",
                            kMailSelect),
                [&](const storage::Statement& row) {
                    Mail mail = mailOf(row, *key);
                    found->due.push_back(
                        {mail.id, mail.kind, mail.createdAt, static_cast<int>(row.integer(5))});
                    found->mails.push_back(std::move(mail));
                },
                now, kAtOnce);
        },
        m_core,
        [this, found, alive = std::weak_ptr<bool>(m_alive)](const Result<std::int64_t>& outcome) {
            if (alive.expired()) return;
            m_underWay = 0;
            if (outcome) deliver(std::move(found->mails), found->due);
        });
}

void MailRound::deliver(std::vector<Mail> mails, const std::vector<Due>& due)
{
    m_underWay = due.size();
    for (std::size_t i = 0; i < due.size(); ++i)
        m_mailer.send(std::move(mails[i]),
                      [this, each = due[i],
                       alive = std::weak_ptr<bool>(m_alive)](const Result<void>& done) {
                          if (!alive.expired()) settle(each, done.has_value());
                      });
}

void MailRound::settle(const Due& due, bool isSent)
{
    ++(isSent ? m_sent : m_failed);
    const Timestamp now = m_core.clock().now();
    const bool isStale = carriesToken(due.kind) && now - due.created >= kMailTokenLife;
    const bool isOver = !isSent && (due.attempts + 1 >= kTriesMax || isStale);
    const Timestamp next = now + std::chrono::minutes(1 << std::min(due.attempts, kTriesMax));
    m_writer.submit(
        [due, isSent, isOver, next](storage::Transaction& transaction) -> Result<void> {
            const auto stored = execute(
                transaction.database(),
                "UPDATE identity_outbox SET sent = ?, attempts = attempts + 1, due = ? WHERE id = ?",
                isSent || isOver ? 1 : 0, next, due.id);
            if (!stored || (!isSent && !isOver)) return stored;
            return noteMail(transaction, isSent ? "mail.sent" : "mail.dropped", due.id,
                            toString(due.kind), "mail/" + due.id, {"system:identity", {}});
        },
        m_core, [this, alive = std::weak_ptr<bool>(m_alive)](const Result<std::int64_t>&) {
            // If it was not stored the mail goes out once more: at least once.
            if (!alive.expired()) --m_underWay;
        });
}

} // namespace qd::identity
