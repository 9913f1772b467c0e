#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <QObject>
#include <QTimer>

#include "services/client/caller.h"
#include "services/client/key_store.h"
#include "services/client/people_facts.h"
#include "services/client/proof_solver.h"

namespace qd::client {

/// Who sits at this terminal, as far as the backend is concerned, and the tokens that prove it.
///
///   Nobody ──signIn──► SignedIn ──signOut, or the session ended──► Nobody
///   Owner: the file with the owner's token was there; every role, no account, nothing to renew
///
/// The access token is in memory only, and renewed when a fifth of its time is left. The refresh
/// token is good once; its successor goes into the key store before anything else happens. What the
/// backend refuses because a token ran out is renewed and repeated; because it wants to be sure who
/// sits here, is asked for (`stepUpWanted`) and repeated. A session that is no more ends here too
/// (`signedOut` with the reason). A backend that cannot be reached ends nothing: it is tried again.
///
/// GUI thread. It is the `Rescue` of its caller.
class Identity final : public QObject {
    Q_OBJECT
public:
    enum class State { Nobody, Owner, SignedIn };
    /// What a proof of identity is waiting for.
    enum class Stage { Idle, Asking, Solving };

    struct Settings {
        std::string keyName = "session"; ///< which backend this is, in the key store
        std::string device = "terminal"; ///< what the list of sessions calls this machine
        std::chrono::milliseconds retryMin{1'000}, retryMax{30'000};
        int proofRoundsMax = 3; ///< a backend that always wants another puzzle is left alone
    };
    using Done = std::function<void(Answer<bool>)>;

    /// Both outlive it.
    Identity(Caller& caller, KeyStore& keys, Settings settings, QObject* parent = nullptr);
    ~Identity() override;

    /// Of the installation: the token of the file is the caller's already.
    void beOwner();
    /// With what was kept at the last start; `done(false)`: somebody has to sign in.
    void resume(std::function<void(bool isSignedIn)> done);

    State state() const { return m_state; }
    const WhoFacts& who() const { return m_who; }
    /// May whoever sits here do what asks for this role?
    bool may(Role role) const;
    Stage stage() const { return m_stage; }
    /// Where the refresh token is kept, for people.
    QString keysAre() const { return m_keys.whereItIs(); }

    /// One at a time; puzzles are solved meanwhile. Answers once; what the backend refused as its
    /// Problem ("identity.code_needed" …).
    void signIn(Credentials credentials, QObject* owner, Done done);
    /// Prove it once more: everything that waits for it goes on.
    void stepUp(Credentials credentials, QObject* owner, Done done);
    void changePassword(Credentials current, runtime::Secret password, QObject* owner, Done done);
    /// The proof that is being worked on; its answer never comes.
    void cancelProof();
    /// What waits for a step-up is refused after all.
    void refuseStepUps();
    int stepUpsWaiting() const { return int(m_stepUps.size()); }

    /// At once here; the backend is told if it can be.
    void signOut();
    /// Ask the backend who we are: roles may have changed, the session may be no more.
    void lookAgain();
    /// The stream ended or came back, which may have been for our sake.
    void takeLink(const LinkFacts& link);

Q_SIGNALS:
    /// Who, or what they may do.
    void whoChanged();
    /// What they may do is known by then.
    void signedIn();
    /// Empty: they asked for it.
    void signedOut(const QString& why);
    void stageChanged(qd::client::Identity::Stage stage);
    /// Some calls wait until somebody proves who they are: `stepUp`, or `refuseStepUps`.
    void stepUpWanted();
    void keysProblemMet(const QString& what);

private:
    /// The body of a call that may need a proof.
    using BodyOf = std::function<std::string(const std::string& proof)>;
    struct Proving {
        ApiCall call; ///< without its body
        BodyOf body;
        QPointer<QObject> owner;
        Caller::TextReply reply;
        int rounds = 0;
    };

    bool rescue(const Problem& problem, Caller::Remedy remedy);
    void prove(ApiCall call, BodyOf body, QObject* owner, Caller::TextReply reply);
    void tryProof(const std::string& proof);
    void takeProofAnswer(Answer<std::string> answer);
    void setStage(Stage stage);
    void open(SignedInFacts facts);
    void takeTokens(TokenFacts tokens);
    void keep(const char* which, const runtime::Secret& value);
    std::string keyOf(const char* which) const;
    void renew(Caller::Remedy remedy);
    void takeRenewal(const Answer<std::string>& answer);
    void settleRenewals(bool helped);
    void end(const QString& why);
    void setWho(WhoFacts who);

    Caller& m_caller;
    KeyStore& m_keys;
    const Settings m_settings;
    State m_state = State::Nobody;
    Stage m_stage = Stage::Idle;
    WhoFacts m_who;
    runtime::Secret m_refresh, m_deviceKey;
    std::shared_ptr<Proving> m_proving;
    std::vector<Caller::Remedy> m_renewals, m_stepUps;
    std::function<void(bool)> m_resumed;
    bool m_isRenewing = false;
    bool m_isLooking = false;
    bool m_isEntering = false; ///< let in by what was kept: who it is has yet to be told
    std::optional<LinkState> m_link;
    std::chrono::milliseconds m_retryAfter;
    QTimer m_renewTimer;
    ProofSolver m_solver;
};

} // namespace qd::client
