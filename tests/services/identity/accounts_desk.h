#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/identity/accounts.h"
#include "tests/services/identity/identity_world.h"

namespace qd::test {

/// Hands over what it is given, or refuses, and remembers it.
class CapturedMail final : public identity::Mailer {
public:
    void send(identity::Mail mail, std::function<void(Result<void>)> then) override;
    /// The token of the last mail of this kind to this address; empty if there was none.
    std::string tokenTo(const std::string& address, identity::MailKind kind) const;
    std::size_t count(identity::MailKind kind) const;

    std::vector<identity::Mail> mails;
    Result<void> answer;
};

/// The whole of identity as a program has it, on a real database in virtual time, and somebody who
/// asks it.
class AccountsDesk {
public:
    explicit AccountsDesk(identity::ThrottleSettings settings = {},
                          identity::HashCost cost = {64, 1, 1});

    template <typename T>
    using Outcome = tl::expected<T, identity::Refused>;

    Outcome<User> createFirst(const std::string& email = "owner@example.org");
    Outcome<void> signUp(const std::string& email, const std::string& password = kPassword);
    Outcome<void> verify(const std::string& token);
    Outcome<void> requestReset(const std::string& email);
    Outcome<void> reset(const std::string& token, const std::string& password);
    struct Attempt {
        std::string email;
        std::string password = kPassword;
        std::string code = {};
        std::string proof = {};
        std::string deviceKey = {};
        std::string address = "203.0.113.9";
    };
    Outcome<identity::SignedIn> signIn(const Attempt& attempt);
    Outcome<void> stepUp(const identity::Tokens& tokens, const Attempt& attempt);
    Outcome<void> changePassword(const identity::Tokens& tokens, const std::string& old,
                                 const std::string& fresh);
    Result<Roles> changeRole(const UserId& user, Role role, bool isGrant);
    Result<void> setDisabled(const UserId& user, bool disabled);
    User find(const UserId& user);

    /// Signs up, takes the mail, verifies, and signs in.
    identity::SignedIn join(const std::string& email);
    /// Enrols and confirms an authenticator; the recovery codes.
    std::vector<std::string> enrol(const identity::SignedIn& in);
    std::string codeNow(const UserId& user);
    void deliverMail();
    bool isGood(const identity::Tokens& tokens);
    identity::Access accessOf(const identity::Tokens& tokens);

    /// What has been spent so far: hashes begun, units of work written.
    struct Work {
        std::uint64_t hashes = 0, works = 0;
        friend bool operator==(const Work&, const Work&) = default;
    };
    Work spent() const;
    std::uint64_t hashWork() const { return m_hasher->work(); } ///< KiB, since the last start
    void restart(identity::HashCost cost = {64, 1, 1});

    static constexpr const char* kPassword = "seven quiet lanterns drift";
    IdentityWorld desk;
    CapturedMail mail;
    std::unique_ptr<identity::Throttle> throttle;
    std::unique_ptr<identity::ProofGate> proofs;
    std::unique_ptr<identity::HashQueue> hashes;
    std::unique_ptr<identity::Sessions> sessions;
    std::unique_ptr<identity::Accounts> accounts;
    std::unique_ptr<identity::MailRound> round;

private:
    void start(identity::HashCost cost);
    static identity::Visitor visitor(const Attempt& attempt);
    static identity::Visitor visitor();
    static identity::SignIn signInOf(const Attempt& attempt);
    const identity::ThrottleSettings m_throttle;
    std::shared_ptr<const identity::PasswordHasher> m_hasher;
};

template <typename T>
std::string codeOf(const tl::expected<T, identity::Refused>& outcome)
{
    return outcome ? "" : outcome.error().error.code;
}

/// Passwords are guessed without rates in the way.
inline identity::ThrottleSettings withoutRates()
{
    identity::ThrottleSettings settings;
    settings.perNetwork.burst = 1'000;
    settings.global.burst = 10'000;
    settings.proofTries = 4 * ProofChallenge::kParts; // solved in no time
    return settings;
}

} // namespace qd::test
