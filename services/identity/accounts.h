#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/identity/credential_check.h"
#include "services/identity/outbox.h"
#include "services/identity/sessions.h"
#include "services/observability/metrics.h"

namespace qd::identity {

/// Where a request comes from.
struct Visitor {
    std::string address;       ///< as the socket says; recorded as its network only
    runtime::Secret deviceKey; ///< what `SignedIn` gave this device before; empty for a new one
    DeviceName device;         ///< what its owner calls it
    std::string traceId;
};

struct NewAccount {
    EmailAddress email;
    DisplayName name;
    runtime::Secret password;
};

struct SignIn {
    EmailAddress email;
    runtime::Secret password;
    runtime::Secret code; ///< of the authenticator, or a recovery code; empty at first
    std::string proof;    ///< the solution of a challenge that was given; empty at first
};

struct SignedIn {
    User user;
    Tokens tokens;
    runtime::Secret deviceKey; ///< to be kept by the device, and brought along from now on
};

struct AccountSettings {
    bool isSignUpOpen = true;
    Roles newcomers{Role::Viewer};                          ///< what who signs up may do
    std::int64_t accountsMax = 100'000;
    Duration verifyWithin = std::chrono::hours(24 * 7);     ///< else the account is removed
};

/// People's accounts: how they come to be, how somebody proves to be one of them, and what
/// administrators change about them.
///
/// - Nobody learns from an answer, its text or the work behind it, whether an address has an account:
///   signing up, asking for a reset and a wrong password answer alike for both. Who has the password
///   is told more (disabled, not verified, code needed).
/// - The first account is made by the owner of the installation alone, and is an administrator. There
///   always is one: the last cannot be disabled, nor lose the role.
/// - Account, profile, mail, counters and event are one transaction. Nothing is told before the disk
///   has it; what failed can be tried again.
/// - Mail is put into the outbox (outbox.h), which belongs to the same MigrationSet "identity".
/// - Every change is an event: "account.created", "account.sign_up_repeated", "account.verified",
///   "account.reset_asked", "account.password_changed", "account.totp_begun", "…_confirmed",
///   "…_removed", "account.recovery_code_used", "account.role_granted", "…_revoked",
///   "account.disabled", "account.enabled", "account.removed"; "session.refused" with its reason,
///   "session.stepped_up", "session.step_up_refused"; those of sessions and mails. Never a password,
///   token, code or full address in them.
///
/// Core executor. `then` is called there, once, unless the Accounts end before. Who may call what
/// with a `By` is the caller's to check (roles, step-up); what takes an `Access` checks step-up here.
/// At the start the caller loads the throttle (`Throttle::load`).
class Accounts {
public:
    /// All outlive it.
    struct Dependencies {
        CredentialCheck::Dependencies check;
        Sessions& sessions;
        observability::Metrics* metrics = nullptr;
    };
    template <typename T>
    using Answer = std::function<void(tl::expected<T, Refused>)>;

    explicit Accounts(Dependencies dependencies, AccountSettings settings = {});
    ~Accounts();
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    /// By the owner of the installation; needs no mail. Fails with: Conflict "identity.not_first";
    /// Invalid "identity.weak_password", field "password".
    void createFirst(NewAccount account, const By& by, Answer<User> then);
    /// By an administrator. With a password the address counts as verified; without one a mail brings
    /// the token to set it with. The first account is the owner's to make (`By` is "user:owner"), as
    /// with `createFirst`. Fails with: Conflict "identity.email_taken", "identity.not_first"; Invalid
    /// "identity.weak_password"; Unavailable "identity.busy", "identity.accounts_full".
    void create(NewAccount account, Roles roles, const By& by, Answer<User> then);
    /// Always the same answer; what follows is in the mail. Fails with: Invalid
    /// "identity.weak_password", Denied "identity.sign_up_closed" (also before there is a first
    /// account), Unavailable "identity.wait", "identity.busy", "identity.accounts_full",
    /// "identity.outbox_full".
    void signUp(NewAccount account, const Visitor& visitor, Answer<void> then);
    /// Fails with: Denied "identity.mail_token" (wrong, used, or older than 30 minutes; signing up
    /// again sends another).
    void verifyEmail(const runtime::Secret& token, const Visitor& visitor, Answer<void> then);
    /// Always the same answer, as signing up. Unavailable as there.
    void requestReset(const EmailAddress& email, const Visitor& visitor, Answer<void> then);
    /// Ends all sessions. Denied "identity.mail_token", Invalid "identity.weak_password".
    void resetPassword(runtime::Secret token, runtime::Secret password, const Visitor& visitor,
                       Answer<void> then);

    /// Denied "identity.wrong_credentials", "identity.code_needed", "identity.wrong_code",
    /// "identity.disabled", "identity.email_unverified", "identity.proof_needed" (with a challenge),
    /// "identity.proof_refused"; Unavailable "identity.wait" (with a time), "identity.busy",
    /// "identity.store", "identity.sessions_full".
    void signIn(SignIn attempt, Visitor visitor, Answer<SignedIn> then);
    /// The same proof once more, for what asks for it. Fails as `signIn`; Denied
    /// "identity.token_refused" if the session ended meanwhile.
    void stepUp(const Access& access, SignIn attempt, Visitor visitor, Answer<void> then);
    /// Ends the other sessions. `attempt` holds the old password. Fails as `signIn`; Invalid
    /// "identity.weak_password".
    void changePassword(const Access& access, SignIn attempt, runtime::Secret password,
                        Visitor visitor, Answer<void> then);

    /// These three ask for a session that is stepped up: Denied "identity.step_up_needed".
    /// The text for the authenticator ("otpauth://…"), told once. Conflict "identity.totp_enrolled".
    void enrolTotp(const Access& access, std::function<void(Result<runtime::Secret>)> then);
    /// With a first code; the recovery codes, told once. Invalid "identity.wrong_code", Conflict
    /// "identity.totp_not_begun".
    void confirmTotp(const Access& access, const runtime::Secret& code,
                     std::function<void(Result<std::vector<runtime::Secret>>)> then);
    void removeTotp(const Access& access, std::function<void(Result<void>)> then);

    /// NotFound "identity.no_account", Conflict "identity.last_admin". What somebody may do changes
    /// for their open sessions too; disabling ends them.
    void grant(const UserId& user, Role role, const By& by, std::function<void(Result<Roles>)> then);
    void revoke(const UserId& user, Role role, const By& by, std::function<void(Result<Roles>)> then);
    void setDisabled(const UserId& user, bool disabled, const By& by,
                     std::function<void(Result<void>)> then);
    /// In the order they were made, those after `after` (empty: from the first); at most `kListMax`.
    void list(const UserId& after, std::size_t limit,
              std::function<void(Result<std::vector<User>>)> then);
    /// NotFound "identity.no_account".
    void findByAddress(const EmailAddress& email, std::function<void(Result<User>)> then);
    void find(const UserId& user, std::function<void(Result<User>)> then);
    static constexpr std::size_t kListMax = 500;

    /// Forget what has expired: every few minutes.
    void sweep();

private:
    using Done = std::function<void(const Result<std::int64_t>&)>;
    using Hashed = std::function<void(tl::expected<std::string, Refused>)>;

    void submit(storage::Writer::Work work, Done done);
    /// Judge a new password and hash it, on a job thread.
    void hashNew(runtime::Secret password, std::vector<std::string> words, Hashed then);
    void store(NewAccount account, const std::string& password, const By& by, Answer<void> then);
    void signedIn(Judgement judgement, Visitor visitor, Answer<SignedIn> then);
    void refuse(const Judgement& judgement, std::string_view event, const Visitor& visitor,
                std::function<void(Refused)> then);
    void storeCreated(const User& user, const std::string& password, const By& by, Answer<User> then);
    void storeReset(runtime::Secret token, const std::string& password, const Visitor& visitor,
                    Answer<void> then);
    void storeChanged(const Access& access, const Judgement& judgement, const std::string& password,
                      const By& by, Answer<void> then);
    void changeRoles(const UserId& user, Role role, bool isGrant, const By& by,
                     std::function<void(Result<Roles>)> then);
    Result<void> requireStepUp(const Access& access) const;
    void count(std::string_view result, std::string_view reason) const;
    Timestamp now() const { return m_the.check.core.clock().now(); }

    const Dependencies m_the;
    const AccountSettings m_settings;
    CredentialCheck m_check;
    bool m_isSweeping = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::identity
