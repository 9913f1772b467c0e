#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "services/mail/message.h"
#include "services/observability/log.h"
#include "services/runtime/executor.h"

namespace qd::mail {

struct SmtpSettings {
    std::string url; ///< "smtp://host:587" (STARTTLS) or "smtps://host:465"
    bool mustEncrypt = true;
    std::string user; ///< empty: without signing in
    runtime::Secret password;
    EmailAddress from;
    std::string caFile; ///< authorities to trust, and no others; empty: the machine's
    std::chrono::milliseconds deadline{20'000}; ///< for one mail, from the look-up to the last answer
};

/// The address of a mail server, and whether it must be spoken to in secret: always, unless it is on
/// this machine's loopback. Fails with: Invalid "mail.smtp_url", field "mail.smtp_url".
Result<SmtpSettings> parseServer(const std::string& url);

/// Hands mails to a mail server, one at a time, on `jobs`. One try each: the outbox tries again.
/// Neither texts nor addresses are logged. Core executor; what is under way when it ends is broken
/// off within a second and not answered. `jobs` outlives it.
class SmtpMailer final : public identity::Mailer {
public:
    SmtpMailer(SmtpSettings settings, runtime::Executor& core, runtime::Executor& jobs,
               observability::Logger log);
    ~SmtpMailer() override;

    /// Fails with: Unavailable "mail.not_sent" (the detail says at which step).
    void send(identity::Mail mail, std::function<void(Result<void>)> then) override;

private:
    const std::shared_ptr<const SmtpSettings> m_settings;
    runtime::Executor& m_core;
    runtime::Executor& m_jobs;
    const observability::Logger m_log;
    std::shared_ptr<std::atomic<bool>> m_isOver = std::make_shared<std::atomic<bool>>(false);
};

} // namespace qd::mail
