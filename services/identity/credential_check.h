#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/accounts/password_strength.h"
#include "models/accounts/proof_of_work.h"
#include "services/identity/account_records.h"
#include "services/identity/hash_queue.h"
#include "services/identity/password_hash.h"
#include "services/identity/proof_gate.h"
#include "services/identity/throttle.h"
#include "services/identity/token_key.h"
#include "services/observability/log.h"

namespace qd::identity {

/// Why nothing was done, and what would help.
struct Refused {
    Error error;
    Duration retryAfter{};                    ///< > 0: ask again after that
    std::optional<ProofChallenge> challenge; ///< come back with its solution
    std::optional<PasswordVerdict> verdict = {}; ///< what is weak about the new password
};
/// The same answer for a wrong password and for no such account.
Refused refusedFor(Refusal refusal);
Refused refusedWith(Error error);
/// Unavailable "identity.wait".
Refused refusedUntil(Duration retryAfter);

/// What somebody typed to prove who they are.
struct Typed {
    std::string emailKey;         ///< of the account; empty: `user`'s
    UserId user;                  ///< somebody who is signed in
    runtime::Secret password;
    bool asksCode = true;         ///< where there is a second factor it is asked for
    runtime::Secret code;         ///< a one-time or a recovery code; may be empty
    std::string proof;            ///< `Proof::text`; may be empty
    std::string route;            ///< what proofs are bound to: "sign-in"
    std::string network;
    runtime::Secret deviceKey;    ///< may be empty
};

/// What came of it: to be recorded in one transaction with what follows from it.
struct Judgement {
    std::optional<Refusal> refusal; ///< none: it is them
    std::optional<AccountRecord> account;
    bool isKnownDevice = false;
    std::vector<Throttle::Counter> counters;
    std::optional<std::int64_t> totpStep; ///< the code's
    std::string recoveryHash;             ///< or the recovery code's
    std::string rehashed;                 ///< the password hashed as new ones are; empty: it is

    /// False: the code was taken a moment ago by somebody else; nothing but the counters is stored.
    Result<bool> record(storage::Transaction& transaction) const;
};

/// Checks passwords and codes: throttle, proof of work, the account, one hash, the code, in this
/// order. An account that does not exist costs the same work as one that does: one read and one hash,
/// with a dummy, also where the account's own hash is an older, cheaper one. Each try is counted before
/// it is judged, and settled once.
/// Core executor; what is under way when it ends is not answered.
class CredentialCheck {
public:
    /// All outlive it; `hasher` is also shared with the job threads.
    struct Dependencies {
        storage::Writer& writer;
        runtime::Executor& core;
        runtime::Random& random; ///< fit for secrets
        std::shared_ptr<const TokenKey> key;
        std::shared_ptr<const PasswordHasher> hasher;
        HashQueue& hashes;
        Throttle& throttle;
        ProofGate& proofs;
        observability::Logger log = {};
    };
    using Then = std::function<void(tl::expected<Judgement, Refused>)>;

    explicit CredentialCheck(Dependencies dependencies);
    ~CredentialCheck();
    CredentialCheck(const CredentialCheck&) = delete;
    CredentialCheck& operator=(const CredentialCheck&) = delete;

    void check(Typed typed, Then then);

private:
    struct Trial;
    using Step = std::shared_ptr<Trial>;

    void begin(const Step& trial);
    void checkProof(const Step& trial);
    void ask(const Step& trial);
    /// Then goes on with `next`.
    void lookUp(const Step& trial, void (CredentialCheck::*next)(const Step&));
    void hash(const Step& trial);
    void judge(const Step& trial);
    void judgeCode(const Step& trial);
    void refuse(const Step& trial, Refused refused);
    void finish(const Step& trial, std::optional<Refusal> refusal, Throttle::Outcome outcome);
    Refused answerOf(const Throttle::Answer& answer, const Step& trial);

    const Dependencies m_the;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::identity
