#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/accounts/user.h"
#include "services/identity/record.h"
#include "services/identity/token_key.h"
#include "services/runtime/executor.h"

namespace qd::identity {

enum class MailKind {
    VerifyEmail,       ///< carries a token
    ResetPassword,     ///< carries a token
    AlreadyRegistered, ///< somebody signed up with an address that has an account
    PasswordChanged,
};
/// "verify_email", "reset_password", "already_registered", "password_changed".
std::string_view toString(MailKind kind);

/// One mail to be written and sent; its words are made where it is sent.
struct Mail {
    std::string id; ///< a UUIDv4: the same mail has the same id at every try
    MailKind kind = MailKind::VerifyEmail;
    EmailAddress to;
    DisplayName name;
    runtime::Secret token; ///< empty where the kind carries none
    Timestamp createdAt;
};

/// Sends mail. Core executor; `then` is called there, once, when it was handed over or was not.
class Mailer {
public:
    virtual ~Mailer() = default;
    virtual void send(Mail mail, std::function<void(Result<void>)> then) = 0;
};

/// A mail that is about to be put into the outbox. `id` is drawn on core.
struct MailDraft {
    std::string id;
    UserId user;
    MailKind kind = MailKind::VerifyEmail;
    Timestamp now;
};

inline constexpr Duration kMailTokenLife = std::chrono::minutes(30);
inline constexpr int kMailsAnHour = 5;              ///< to one person; more are left out in silence
inline constexpr std::int64_t kOutboxMax = 10'000;  ///< that wait

/// Does a mail wait that is due? On any connection, also one that only reads.
Result<bool> isMailDue(storage::Database& database, Timestamp now);
/// How many wait, due or not.
Result<std::int64_t> mailsWaiting(storage::Database& database);

/// These run in the caller's transaction, on the writer's executor.

/// Append "mail.queued", or "mail.withheld" beyond `kMailsAnHour`. A token goes with the kinds that
/// carry one. Fails with: Unavailable "identity.outbox_full". Whichever kind and outcome: at one cost.
Result<void> postMail(storage::Transaction& transaction, const MailDraft& draft,
                      const TokenKey& key, const By& by);
/// The same for an address that nobody has here: "mail.withheld" and nothing else, at the same cost.
Result<void> postMailToNobody(storage::Transaction& transaction, const MailDraft& draft,
                              const TokenKey& key, const By& by);
/// Whose token it is, if it is still good for this.
Result<std::optional<UserId>> findMailToken(storage::Database& database, std::string_view token,
                                            MailKind purpose, Timestamp now);
/// As above, and it, and all others of its user for this, are spent.
Result<std::optional<UserId>> spendMailToken(storage::Transaction& transaction,
                                             std::string_view token, MailKind purpose,
                                             Timestamp now);
/// What was handed over to the Mailer, the newest first, at most `limit`; with tokens while they may
/// be good.
Result<std::vector<Mail>> handedOver(storage::Database& database, const TokenKey& key,
                                     std::size_t limit);
inline constexpr std::int64_t kHandedOverMax = 10'000; ///< are kept

/// Tokens that have expired, and mails that were sent more than a day ago or are too many.
Result<void> sweepMail(storage::Transaction& transaction, Timestamp now);

/// Takes mails out of the outbox and gives them to a Mailer: at least once each, oldest first, again
/// after 1, 2, 4 … minutes when that failed, and given up ("mail.dropped") after 8 tries or when its
/// token has expired. Core executor.
class MailRound {
public:
    static constexpr int kAtOnce = 20;
    static constexpr int kTriesMax = 8;

    /// All outlive it.
    MailRound(storage::Writer& writer, runtime::Executor& core, std::shared_ptr<const TokenKey> key,
              Mailer& mailer);
    ~MailRound();
    MailRound(const MailRound&) = delete;
    MailRound& operator=(const MailRound&) = delete;

    /// One round: when `isMailDue`. Does nothing while the one before is under way.
    void run();
    bool isUnderWay() const { return m_underWay > 0; }
    std::uint64_t sent() const { return m_sent; }
    std::uint64_t failed() const { return m_failed; }

private:
    struct Due {
        std::string id;
        MailKind kind;
        Timestamp created;
        int attempts = 0;
    };
    void deliver(std::vector<Mail> mails, const std::vector<Due>& due);
    void settle(const Due& due, bool isSent);

    storage::Writer& m_writer;
    runtime::Executor& m_core;
    const std::shared_ptr<const TokenKey> m_key;
    Mailer& m_mailer;
    std::size_t m_underWay = 0;
    std::uint64_t m_sent = 0, m_failed = 0;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::identity
