#include "services/identity/credential_check.h"

#include "services/identity/encoding.h"
#include "services/identity/totp.h"

namespace qd::identity {

using Outcome = Throttle::Outcome;

/// One check on its way. Belongs to core, but for `matches` and `rehashed` while the hash runs.
struct CredentialCheck::Trial {
    Typed typed;
    Then then;
    std::string account; ///< hash of the address
    Attempt attempt;
    std::optional<Throttle::Reservation> reservation;
    Judgement judgement;
    bool isLookedUp = false;
    bool matches = false;
};

Refused refusedFor(Refusal refusal)
{
    const auto denied = [](std::string code, std::string detail, std::string field = {}) {
        return refusedWith(
            {ErrorKind::Denied, std::move(code), std::move(detail), std::move(field)});
    };
    switch (refusal) {
    case Refusal::UnknownAccount:
    case Refusal::WrongPassword:
        return denied("identity.wrong_credentials", "the address or the password is wrong");
    case Refusal::CodeMissing:
        return denied("identity.code_needed", "the authenticator's code is needed too", "code");
    case Refusal::WrongCode:
        return denied("identity.wrong_code", "the code is wrong, or was used already", "code");
    case Refusal::Disabled: return denied("identity.disabled", "the account is disabled");
    case Refusal::EmailUnverified:
        return denied("identity.email_unverified", "the address is not verified yet: see the mail");
    case Refusal::Proof:
        return denied("identity.proof_refused", "the proof of work is not a good one", "proof");
    case Refusal::Busy:
        return refusedWith({ErrorKind::Unavailable, "identity.busy", "too many sign-ins at once", {}});
    case Refusal::Store: break;
    }
    return refusedWith({ErrorKind::Unavailable, "identity.store", "accounts cannot be read", {}});
}

Refused refusedWith(Error error)
{
    return {std::move(error), {}, {}};
}

Refused refusedUntil(Duration retryAfter)
{
    return {{ErrorKind::Unavailable, "identity.wait", "too many tries: wait, then try again", {}},
            retryAfter,
            {}};
}

Result<bool> Judgement::record(storage::Transaction& transaction) const
{
    if (auto stored = Throttle::store(transaction, counters); !stored)
        return tl::unexpected(stored.error());
    if (refusal || !account) return true;
    const UserId& user = account->user.id;
    if (totpStep || !recoveryHash.empty()) {
        const auto spent = totpStep ? spendTotpStep(transaction, user, *totpStep)
                                    : spendRecoveryCode(transaction, user, recoveryHash);
        if (!spent || !*spent) return spent;
        if (!totpStep) {
            const auto noted = note(transaction, "account.recovery_code_used", subjectOf(user),
                                    byUser(user), "{}");
            if (!noted) return tl::unexpected(noted.error());
        }
    }
    if (rehashed.empty()) return true;
    const auto stored = storePassword(transaction, user, rehashed);
    if (!stored) return tl::unexpected(stored.error());
    return true;
}

CredentialCheck::CredentialCheck(Dependencies dependencies) : m_the(std::move(dependencies)) {}

CredentialCheck::~CredentialCheck() = default;

void CredentialCheck::check(Typed typed, Then then)
{
    const auto trial = std::make_shared<Trial>();
    trial->typed = std::move(typed);
    trial->then = std::move(then);
    if (trial->typed.emailKey.empty())
        lookUp(trial, &CredentialCheck::begin);
    else
        begin(trial);
}

void CredentialCheck::begin(const Step& trial)
{
    Typed& typed = trial->typed;
    if (typed.emailKey.empty()) {
        if (!trial->judgement.account) return refuse(trial, refusedFor(Refusal::Disabled));
        typed.emailKey = trial->judgement.account->user.email.key();
    }
    trial->account = fingerprint(typed.emailKey);
    const auto deviceKey = typed.deviceKey.revealForUse();
    const bool isKnown = m_the.key->isDeviceOf(typed.emailKey, deviceKey);
    trial->judgement.isKnownDevice = isKnown;
    trial->attempt = {Factor::Password, trial->account, typed.network,
                      isKnown ? fingerprint(deviceKey) : std::string(), 0};
    if (typed.proof.empty())
        ask(trial);
    else
        checkProof(trial);
}

void CredentialCheck::checkProof(const Step& trial)
{
    const auto proof = Proof::parse(trial->typed.proof);
    if (!proof) return refuse(trial, refusedWith(proof.error()));
    // Spent before it is solved: the same wrong one does not cost a job twice.
    const auto spent = m_the.proofs.spend(
        *proof, {trial->typed.route, trial->typed.network, trial->account}, m_the.core.clock().now());
    if (!spent) return refuse(trial, refusedWith(spent.error()));
    const auto solved = std::make_shared<bool>(false);
    m_the.hashes.run([proof = *proof, solved] { *solved = isSolved(proof); },
                     resilience::Priority::Background,
                     [this, trial, solved, tries = proof->challenge.tries,
                      alive = std::weak_ptr<bool>(m_alive)](const Result<void>& done) {
                         if (alive.expired()) return;
                         if (!done) return refuse(trial, refusedFor(Refusal::Busy));
                         if (!*solved) return refuse(trial, refusedFor(Refusal::Proof));
                         trial->attempt.proofTries = tries;
                         ask(trial);
                     });
}

Refused CredentialCheck::answerOf(const Throttle::Answer& answer, const Step& trial)
{
    if (answer.proofTries == 0) return refusedUntil(answer.retryAfter);
    Refused refused{{ErrorKind::Denied, "identity.proof_needed", "a proof of work is needed", "proof"},
                    {},
                    {}};
    refused.challenge =
        m_the.proofs.make({trial->typed.route, trial->typed.network, trial->account},
                          answer.proofTries, m_the.core.clock().now());
    return refused;
}

void CredentialCheck::ask(const Step& trial)
{
    auto answer = m_the.throttle.ask(trial->attempt);
    if (!answer.reservation) return refuse(trial, answerOf(answer, trial));
    trial->reservation = std::move(answer.reservation);
    if (trial->isLookedUp)
        hash(trial);
    else
        lookUp(trial, &CredentialCheck::hash);
}

void CredentialCheck::lookUp(const Step& trial, void (CredentialCheck::*next)(const Step&))
{
    const auto found = std::make_shared<std::optional<AccountRecord>>();
    m_the.writer.submit(
        [found, key = m_the.key, emailKey = trial->typed.emailKey, user = trial->typed.user,
         recovery = recoveryFingerprint(trial->typed.code.revealForUse())](
            storage::Transaction& transaction) -> Result<void> {
            auto& database = transaction.database();
            auto read = emailKey.empty() ? findAccountById(database, *key, user, recovery)
                                         : findAccount(database, *key, emailKey, recovery);
            if (!read) return tl::unexpected(read.error());
            *found = std::move(*read);
            return {};
        },
        m_the.core,
        [this, trial, found, next,
         alive = std::weak_ptr<bool>(m_alive)](const Result<std::int64_t>& outcome) {
            if (alive.expired()) return;
            if (!outcome) {
                m_the.log.error("accounts cannot be read", {{"error", outcome.error()}});
                return refuse(trial, refusedFor(Refusal::Store));
            }
            trial->judgement.account = std::move(*found);
            trial->isLookedUp = true;
            (this->*next)(trial);
        });
}

void CredentialCheck::hash(const Step& trial)
{
    const auto& account = trial->judgement.account;
    auto stored = account ? PasswordHash::parse(account->password)
                          : Result<PasswordHash>(m_the.hasher->dummy());
    if (!stored)
        m_the.log.error("password hash is damaged; a reset replaces it",
                        {{"user", account->user.id.text()}, {"error", stored.error()}});
    const bool isReal = account.has_value() && stored.has_value();
    m_the.hashes.run(
        [trial, isReal, hasher = m_the.hasher, hash = stored.value_or(m_the.hasher->dummy()),
         salt = randomBytes(m_the.random, PasswordHash::kSaltBytes)] {
            const auto password = trial->typed.password.revealForUse();
            trial->matches = hasher->matches(hash, password) && isReal;
            if (trial->matches && hasher->needsRehash(hash))
                trial->judgement.rehashed = hasher->hash(password, salt);
        },
        trial->judgement.isKnownDevice ? resilience::Priority::Urgent
                                       : resilience::Priority::Background,
        [this, trial, alive = std::weak_ptr<bool>(m_alive)](const Result<void>& done) {
            if (alive.expired()) return;
            if (!done) return refuse(trial, refusedFor(Refusal::Busy));
            judge(trial);
        });
}

void CredentialCheck::judge(const Step& trial)
{
    const auto& account = trial->judgement.account;
    if (!trial->matches)
        return finish(trial, account ? Refusal::WrongPassword : Refusal::UnknownAccount,
                      Outcome::Failed);
    // Who has the password may know these.
    if (account->user.disabled) return finish(trial, Refusal::Disabled, Outcome::NotJudged);
    if (!account->user.emailVerified)
        return finish(trial, Refusal::EmailUnverified, Outcome::NotJudged);
    if (account->user.secondFactor == SecondFactor::Totp && trial->typed.asksCode) {
        if (trial->typed.code.empty())
            return finish(trial, Refusal::CodeMissing, Outcome::NotJudged);
        return judgeCode(trial);
    }
    finish(trial, {},
           trial->judgement.isKnownDevice ? Outcome::SucceededOnKnownDevice : Outcome::Succeeded);
}

void CredentialCheck::judgeCode(const Step& trial)
{
    Attempt attempt = trial->attempt;
    attempt.factor = Factor::Code;
    const auto answer = m_the.throttle.ask(attempt);
    if (!answer.reservation) return refuse(trial, answerOf(answer, trial));
    Judgement& judgement = trial->judgement;
    const AccountRecord& account = *judgement.account;
    const auto code = trial->typed.code.revealForUse();
    const auto seed = m_the.key->totpSeed(account.user.id, account.totpNonce);
    judgement.totpStep =
        matchTotp(seed.revealForUse(), code, m_the.core.clock().now(), account.totpLastStep);
    if (!judgement.totpStep && account.hasRecoveryCode)
        judgement.recoveryHash = recoveryFingerprint(code);
    const bool isRight = judgement.totpStep || !judgement.recoveryHash.empty();
    const Outcome success =
        judgement.isKnownDevice ? Outcome::SucceededOnKnownDevice : Outcome::Succeeded;
    judgement.counters =
        m_the.throttle.settle(*answer.reservation, isRight ? success : Outcome::Failed);
    if (isRight) return finish(trial, {}, success);
    finish(trial, Refusal::WrongCode, Outcome::NotJudged);
}

void CredentialCheck::refuse(const Step& trial, Refused refused)
{
    if (trial->reservation) {
        m_the.throttle.settle(*trial->reservation, Outcome::NotJudged);
        trial->reservation.reset();
    }
    trial->then(tl::unexpected(std::move(refused)));
}

void CredentialCheck::finish(const Step& trial, std::optional<Refusal> refusal, Outcome outcome)
{
    Judgement& judgement = trial->judgement;
    judgement.refusal = refusal;
    for (auto& counter : m_the.throttle.settle(*trial->reservation, outcome))
        judgement.counters.push_back(std::move(counter));
    trial->reservation.reset();
    trial->then(std::move(judgement));
}

} // namespace qd::identity
