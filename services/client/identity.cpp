#include "services/client/identity.h"

#include <algorithm>

#include <QMetaMethod>

#include "services/client/people_api.h"
#include "services/client/read_answer.h"

namespace qd::client {

namespace {

constexpr int kUnauthorized = 401, kForbidden = 403;
constexpr std::chrono::milliseconds kRenewalLeast{50};
constexpr const char* kRefreshKey = "refresh";
constexpr const char* kDeviceKey = "device";

std::shared_ptr<SignedInFacts> readSignedIn(FieldReader& read, const json::Value& root)
{
    auto facts = std::make_shared<SignedInFacts>();
    facts->tokens = readTokens(read, root);
    facts->user = readUser(read, root["user"]);
    facts->deviceKey = runtime::Secret(std::string(root["deviceKey"].stringOr({})));
    return facts;
}

std::shared_ptr<TokenFacts> readRenewed(FieldReader& read, const json::Value& root)
{
    return std::make_shared<TokenFacts>(readTokens(read, root));
}

void secretOrNull(json::Writer& out, const char* name, const runtime::Secret& secret)
{
    out.key(name);
    secret.empty() ? out.null() : out.value(secret.revealForUse());
}

void textOrNull(json::Writer& out, const char* name, const std::string& text)
{
    out.key(name);
    text.empty() ? out.null() : out.value(text);
}

bool isTokenRefused(const Problem& problem)
{
    return problem.code == "identity.token_refused" || problem.status == kUnauthorized;
}

Answer<bool> plain(const Answer<std::string>& answer)
{
    if (!answer) return tl::unexpected(answer.error());
    return true;
}

} // namespace

Identity::Identity(Caller& caller, KeyStore& keys, Settings settings, QObject* parent)
    : QObject(parent), m_caller(caller), m_keys(keys), m_settings(std::move(settings)),
      m_retryAfter(m_settings.retryMin)
{
    m_renewTimer.setSingleShot(true);
    connect(&m_renewTimer, &QTimer::timeout, this, [this] { renew({}); });
    m_caller.setRescue([this](const Problem& problem, Caller::Remedy remedy) {
        return rescue(problem, std::move(remedy));
    });
}

Identity::~Identity()
{
    m_caller.setRescue({});
}

bool Identity::may(Role role) const
{
    return m_state != State::Nobody && (m_who.isOwner || includes(m_who.roles, role));
}

void Identity::beOwner()
{
    m_state = State::Owner;
    WhoFacts who;
    who.actor = "user:owner";
    who.isOwner = true;
    who.roles = {Role::Admin};
    setWho(std::move(who));
    Q_EMIT signedIn();
}

void Identity::setWho(WhoFacts who)
{
    m_who = std::move(who);
    Q_EMIT whoChanged();
}

std::string Identity::keyOf(const char* which) const
{
    return m_settings.keyName + '.' + which;
}

void Identity::keep(const char* which, const runtime::Secret& value)
{
    m_keys.write(keyOf(which), value, [this, guard = QPointer(this)](const Result<void>& kept) {
        if (!guard) return;
        if (!kept) Q_EMIT keysProblemMet(QString::fromStdString(kept.error().detail));
    });
}

void Identity::resume(std::function<void(bool isSignedIn)> done)
{
    m_resumed = std::move(done);
    const auto nobody = [this](const QString& problem) {
        if (!problem.isEmpty()) Q_EMIT keysProblemMet(problem);
        if (auto told = std::exchange(m_resumed, {})) told(false);
    };
    // Somebody may sign in by hand while a keyring is being unlocked.
    const auto isWanted = [this, guard = QPointer(this)] {
        return guard && m_state == State::Nobody;
    };
    m_keys.read(keyOf(kDeviceKey), [this, isWanted](Result<runtime::Secret> key) {
        if (isWanted() && key) m_deviceKey = std::move(*key);
    });
    m_keys.read(keyOf(kRefreshKey), [this, isWanted, nobody](Result<runtime::Secret> token) {
        if (!isWanted()) return;
        if (!token) return nobody(QString::fromStdString(token.error().detail));
        if (token->empty()) return nobody({});
        m_refresh = std::move(*token);
        renew({});
    });
}

void Identity::setStage(Stage stage)
{
    if (stage == m_stage) return;
    m_stage = stage;
    Q_EMIT stageChanged(stage);
}

void Identity::prove(ApiCall call, BodyOf body, QObject* owner, Caller::TextReply reply)
{
    cancelProof();
    m_proving = std::make_shared<Proving>(
        Proving{std::move(call), std::move(body), owner, std::move(reply)});
    tryProof({});
}

void Identity::tryProof(const std::string& proof)
{
    setStage(Stage::Asking);
    ApiCall call = m_proving->call;
    call.body = m_proving->body(proof);
    m_caller.call(call, this, [this, of = m_proving](Answer<std::string> answer) {
        if (of == m_proving) takeProofAnswer(std::move(answer));
    });
}

void Identity::takeProofAnswer(Answer<std::string> answer)
{
    const bool isPuzzle = !answer && answer.error().code == "identity.proof_needed" &&
                          !answer.error().challenge.empty();
    if (isPuzzle && m_proving->rounds++ < m_settings.proofRoundsMax) {
        setStage(Stage::Solving);
        m_solver.solve(answer.error().challenge,
                       [this](const Result<std::string>& proof) {
                           if (proof) return tryProof(*proof);
                           takeProofAnswer(tl::unexpected(
                               noAnswer("client.unreadable", describe(proof.error()), false)));
                       });
        return;
    }
    if (!answer && answer.error().code == "identity.proof_refused" &&
        m_proving->rounds++ < m_settings.proofRoundsMax) {
        return tryProof({}); // it had expired: there comes a new one
    }
    const auto proving = std::exchange(m_proving, {});
    setStage(Stage::Idle);
    if (proving->owner) proving->reply(std::move(answer));
}

void Identity::cancelProof()
{
    m_proving.reset();
    m_solver.cancel();
    setStage(Stage::Idle);
}

void Identity::signIn(Credentials credentials, QObject* owner, Done done)
{
    auto shared = std::make_shared<Credentials>(std::move(credentials));
    const BodyOf body = [this, shared](const std::string& proof) {
        json::Writer out;
        out.beginObject().member("email", shared->email);
        out.member("password", shared->password.revealForUse());
        secretOrNull(out, "code", shared->code);
        textOrNull(out, "proof", proof);
        out.member("device", m_settings.device);
        secretOrNull(out, "deviceKey", m_deviceKey);
        return out.endObject().take();
    };
    prove({.verb = "POST", .target = "/v1/session", .isNobodys = true}, body, owner,
          [this, done = std::move(done)](const Answer<std::string>& text) {
              auto facts = readAnswer(text, readSignedIn);
              if (!facts) return done(tl::unexpected(facts.error()));
              open(std::move(**facts));
              done(true);
          });
}

void Identity::open(SignedInFacts facts)
{
    m_state = State::SignedIn;
    m_isEntering = false;
    m_deviceKey = std::move(facts.deviceKey);
    keep(kDeviceKey, m_deviceKey);
    takeTokens(std::move(facts.tokens));
    if (auto told = std::exchange(m_resumed, {})) told(true);
    WhoFacts who;
    who.actor = "user:" + facts.user.id.text();
    who.roles = facts.user.roles;
    who.user = std::move(facts.user);
    setWho(std::move(who));
    Q_EMIT signedIn();
    lookAgain(); // which session this is, and its end
}

void Identity::takeTokens(TokenFacts tokens)
{
    m_refresh = std::move(tokens.refresh);
    keep(kRefreshKey, m_refresh);
    m_caller.setToken(std::move(tokens.access));
    m_retryAfter = m_settings.retryMin;
    const auto wait =
        std::chrono::duration_cast<std::chrono::milliseconds>(tokens.accessFor * 4 / 5);
    m_renewTimer.start(std::max(wait, kRenewalLeast));
}

void Identity::stepUp(Credentials credentials, QObject* owner, Done done)
{
    auto shared = std::make_shared<Credentials>(std::move(credentials));
    const BodyOf body = [this, shared](const std::string& proof) {
        json::Writer out;
        out.beginObject().member("password", shared->password.revealForUse());
        secretOrNull(out, "code", shared->code);
        textOrNull(out, "proof", proof);
        secretOrNull(out, "deviceKey", m_deviceKey);
        return out.endObject().take();
    };
    prove({.verb = "POST", .target = "/v1/session/step-up"}, body, owner,
          [this, done = std::move(done)](const Answer<std::string>& answer) {
              if (answer) {
                  for (const auto& remedy : std::exchange(m_stepUps, {})) remedy(true);
              }
              done(plain(answer));
          });
}

void Identity::refuseStepUps()
{
    for (const auto& remedy : std::exchange(m_stepUps, {})) remedy(false);
}

void Identity::changePassword(Credentials current, runtime::Secret password, QObject* owner,
                              Done done)
{
    auto old = std::make_shared<runtime::Secret>(std::move(current.password));
    auto next = std::make_shared<runtime::Secret>(std::move(password));
    const BodyOf body = [this, old, next](const std::string& proof) {
        json::Writer out;
        out.beginObject().member("current", old->revealForUse());
        out.member("password", next->revealForUse());
        textOrNull(out, "proof", proof);
        secretOrNull(out, "deviceKey", m_deviceKey);
        return out.endObject().take();
    };
    prove({.verb = "PUT", .target = "/v1/password"}, body, owner,
          [done = std::move(done)](const Answer<std::string>& answer) { done(plain(answer)); });
}

bool Identity::rescue(const Problem& problem, Caller::Remedy remedy)
{
    if (m_state != State::SignedIn) return false;
    if (problem.status == kUnauthorized && problem.code == "auth.invalid_token") {
        renew(std::move(remedy));
        return true;
    }
    if (problem.code == "auth.step_up_required") {
        if (!isSignalConnected(QMetaMethod::fromSignal(&Identity::stepUpWanted))) return false;
        m_stepUps.push_back(std::move(remedy));
        Q_EMIT stepUpWanted();
        return true;
    }
    if (problem.status == kForbidden && problem.code.starts_with("auth.")) lookAgain();
    return false;
}

void Identity::renew(Caller::Remedy remedy)
{
    if (remedy) m_renewals.push_back(std::move(remedy));
    if (std::exchange(m_isRenewing, true)) return;
    json::Writer body;
    body.beginObject().member("refreshToken", m_refresh.revealForUse());
    secretOrNull(body, "deviceKey", m_deviceKey);
    body.endObject();
    m_caller.call({"POST", "/v1/session/refresh", body.take(), /*isNobodys=*/true}, this,
                  [this](const Answer<std::string>& answer) {
                      if (std::exchange(m_isRenewing, false)) takeRenewal(answer);
                  });
}

void Identity::takeRenewal(const Answer<std::string>& answer)
{
    auto tokens = readAnswer(answer, readRenewed);
    if (tokens) {
        m_isEntering |= m_state != State::SignedIn;
        m_state = State::SignedIn;
        takeTokens(std::move(**tokens));
        settleRenewals(true);
        lookAgain(); // roles may be others meanwhile
        if (auto told = std::exchange(m_resumed, {})) told(true);
        return;
    }
    if (isTokenRefused(tokens.error())) {
        const bool wasResuming = m_state != State::SignedIn;
        end(wasResuming ? QString() : tr("Your session has ended. Please sign in again."));
        return;
    }
    settleRenewals(false);
    m_renewTimer.start(m_retryAfter);
    m_retryAfter = std::min(m_retryAfter * 2, m_settings.retryMax);
}

void Identity::settleRenewals(bool helped)
{
    for (const auto& remedy : std::exchange(m_renewals, {})) remedy(helped);
}

void Identity::signOut()
{
    if (m_state == State::SignedIn) {
        m_caller.call({"DELETE", "/v1/session"}, this, [](const Answer<std::string>&) {});
    }
    end({});
}

void Identity::end(const QString& why)
{
    const bool wasIn = m_state == State::SignedIn;
    cancelProof();
    m_state = State::Nobody;
    m_isRenewing = m_isEntering = false;
    m_renewTimer.stop();
    m_refresh = {};
    keep(kRefreshKey, m_refresh);
    m_caller.setToken({});
    settleRenewals(false);
    refuseStepUps();
    setWho({});
    if (auto told = std::exchange(m_resumed, {})) told(false);
    if (wasIn) Q_EMIT signedOut(why);
}

void Identity::lookAgain()
{
    if (m_state != State::SignedIn || std::exchange(m_isLooking, true)) return;
    PeopleApi(m_caller).who(this, [this](Answer<WhoFacts> who) {
        m_isLooking = false;
        if (m_state != State::SignedIn) return;
        if (!who) { // who waits to be let in has no stream yet that would tell when to ask again
            if (m_isEntering) QTimer::singleShot(m_settings.retryMin, this, &Identity::lookAgain);
            return;
        }
        setWho(std::move(*who));
        if (std::exchange(m_isEntering, false)) Q_EMIT signedIn();
    });
}

void Identity::takeLink(const LinkFacts& link)
{
    const auto before = std::exchange(m_link, link.state);
    const bool wasOnline = before == LinkState::Online;
    if (before && wasOnline != (link.state == LinkState::Online)) lookAgain();
}

} // namespace qd::client
