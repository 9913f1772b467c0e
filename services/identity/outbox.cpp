#include "services/identity/outbox.h"

#include <algorithm>
#include <array>

#include "services/identity/encoding.h"
#include "services/identity/queries.h"
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
Result<void> storeMailToken(storage::Transaction& transaction, const MailDraft& draft,
                            const TokenKey& key)
{
    if (!carriesToken(draft.kind)) return {};
    return execute(transaction.database(),
                   "INSERT INTO identity_mail_tokens(hash, purpose, user, expires) VALUES(?,?,?,?)",
                   fingerprint(key.mailToken(draft.id).revealForUse()), toString(draft.kind),
                   draft.user.text(), draft.now + kMailTokenLife);
}

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

Result<void> postMail(storage::Transaction& transaction, const MailDraft& draft,
                      const TokenKey& key, const By& by)
{
    auto& database = transaction.database();
    const auto lately =
        numberOf(database, "SELECT count(*) FROM identity_outbox WHERE user = ? AND created > ?",
                 draft.user.text(), draft.now - std::chrono::hours(1));
    if (!lately) return tl::unexpected(lately.error());
    const auto subject = subjectOf(draft.user);
    if (*lately >= kMailsAnHour)
        return noteMail(transaction, "mail.withheld", draft.id, toString(draft.kind), subject, by);
    const auto waiting = numberOf(database, "SELECT count(*) FROM identity_outbox WHERE sent = 0");
    if (!waiting) return tl::unexpected(waiting.error());
    if (*waiting >= kOutboxMax)
        return fail(ErrorKind::Unavailable, "identity.outbox_full", "too many mails wait to be sent");
    return storeMailToken(transaction, draft, key)
        .and_then([&] {
            return execute(database,
                           "INSERT INTO identity_outbox(id, user, kind, created, due, attempts, sent)"
                           " VALUES(?1, ?2, ?3, ?4, ?4, 0, 0)",
                           draft.id, draft.user.text(), toString(draft.kind), draft.now);
        })
        .and_then([&] {
            return noteMail(transaction, "mail.queued", draft.id, toString(draft.kind), subject, by);
        });
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
        });
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
    const auto due = std::make_shared<std::vector<Due>>();
    m_writer.submit(
        [due, now = m_core.clock().now()](storage::Transaction& transaction) {
            due->clear();
            return forEachRow(
                transaction.database(),
                "SELECT o.id, o.kind, u.email, coalesce(p.display_name, ''), o.created, o.attempts"
                " FROM identity_outbox AS o JOIN identity_users AS u ON u.id = o.user"
                " LEFT JOIN identity_profiles AS p ON p.user = o.user"
                " WHERE o.sent = 0 AND o.due <= ? ORDER BY o.due, o.id LIMIT ?",
                [&](const storage::Statement& row) {
                    due->push_back({std::string(row.text(0)), std::string(row.text(1)),
                                    std::string(row.text(2)), std::string(row.text(3)),
                                    Timestamp::fromNanos(row.integer(4)),
                                    static_cast<int>(row.integer(5))});
                },
                now, kAtOnce);
        },
        m_core,
        [this, due, alive = std::weak_ptr<bool>(m_alive)](const Result<std::int64_t>& outcome) {
            if (alive.expired()) return;
            m_underWay = 0;
            if (outcome) deliver(*due);
        });
}

Mail MailRound::mailOf(const Due& due) const
{
    Mail mail;
    mail.id = due.id;
    mail.kind = parseMailKind(due.kind).value_or(MailKind::PasswordChanged);
    mail.to = EmailAddress::parse(due.email).value_or(EmailAddress{});
    mail.name = DisplayName::parse(due.name).value_or(DisplayName{});
    if (carriesToken(mail.kind)) mail.token = m_key->mailToken(due.id);
    mail.createdAt = due.created;
    return mail;
}

void MailRound::deliver(const std::vector<Due>& due)
{
    m_underWay = due.size();
    for (const Due& each : due)
        m_mailer.send(mailOf(each),
                      [this, each, alive = std::weak_ptr<bool>(m_alive)](const Result<void>& done) {
                          if (!alive.expired()) settle(each, done.has_value());
                      });
}

void MailRound::settle(const Due& due, bool isSent)
{
    ++(isSent ? m_sent : m_failed);
    const Timestamp now = m_core.clock().now();
    const auto kind = parseMailKind(due.kind);
    const bool isStale = kind && carriesToken(*kind) && now - due.created >= kMailTokenLife;
    const bool isOver = !isSent && (due.attempts + 1 >= kTriesMax || isStale);
    const Timestamp next = now + std::chrono::minutes(1 << std::min(due.attempts, kTriesMax));
    m_writer.submit(
        [due, isSent, isOver, next](storage::Transaction& transaction) -> Result<void> {
            const auto stored = execute(
                transaction.database(),
                "UPDATE identity_outbox SET sent = ?, attempts = attempts + 1, due = ? WHERE id = ?",
                isSent || isOver ? 1 : 0, next, due.id);
            if (!stored || (!isSent && !isOver)) return stored;
            return noteMail(transaction, isSent ? "mail.sent" : "mail.dropped", due.id, due.kind,
                            "mail/" + due.id, {"system:identity", {}});
        },
        m_core, [this, alive = std::weak_ptr<bool>(m_alive)](const Result<std::int64_t>&) {
            // If it was not stored the mail goes out once more: at least once.
            if (!alive.expired()) --m_underWay;
        });
}

} // namespace qd::identity
