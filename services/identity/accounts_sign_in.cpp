#include "services/identity/accounts.h"

#include "models/base/network_address.h"
#include "services/identity/encoding.h"
#include "services/json/json.h"

namespace qd::identity {
namespace {

std::string refusalJson(const Judgement& judgement, std::string_view network)
{
    json::Writer out;
    out.beginObject()
        .member("reason", toString(judgement.refusal.value_or(Refusal::WrongCode)))
        .member("network", network)
        .member("knownDevice", judgement.isKnownDevice)
        .endObject();
    return out.take();
}

std::string subjectOfJudged(const Judgement& judgement)
{
    return judgement.account ? subjectOf(judgement.account->user.id) : "user/unknown";
}

Typed typedOf(SignIn attempt, const Visitor& visitor, std::string route)
{
    Typed typed;
    typed.password = std::move(attempt.password);
    typed.code = std::move(attempt.code);
    typed.proof = std::move(attempt.proof);
    typed.route = std::move(route);
    typed.network = networkOf(visitor.address);
    typed.deviceKey = visitor.deviceKey.clone();
    return typed;
}

/// What a transaction left for core; begun anew should it run a second time.
struct SignInOutcome {
    bool isCodeSpent = false; ///< by somebody else, a moment ago
    OpenedSession session;
};

/// Record it and open the session, or, if the code was spent meanwhile, record that.
Result<void> storeSignIn(storage::Transaction& transaction, const Judgement& judgement,
                         const SessionRecord& record, const SessionSettings& settings,
                         const By& by, const TokenKey& key, SignInOutcome& outcome)
{
    outcome = {};
    const auto recorded = judgement.record(transaction);
    if (!recorded) return tl::unexpected(recorded.error());
    if (!*recorded) {
        outcome.isCodeSpent = true;
        return note(transaction, "session.refused", subjectOfJudged(judgement), by,
                    refusalJson(judgement, record.facts.address));
    }
    auto opened =
        openSession(transaction, key, record, /*isNewDevice=*/!judgement.isKnownDevice, settings, by);
    if (!opened) return tl::unexpected(opened.error());
    outcome.session = std::move(*opened);
    return {};
}

} // namespace

void Accounts::count(std::string_view result, std::string_view reason) const
{
    if (m_the.metrics != nullptr)
        m_the.metrics->counter("auth_attempts_total", {result, reason}).add();
}

void Accounts::signIn(SignIn attempt, Visitor visitor, Answer<SignedIn> then)
{
    std::string emailKey = attempt.email.key();
    Typed typed = typedOf(std::move(attempt), visitor, "sign-in");
    typed.emailKey = std::move(emailKey);
    const auto from = std::make_shared<Visitor>(std::move(visitor));
    m_check.check(std::move(typed), [this, from, then = std::move(then)](
                                        tl::expected<Judgement, Refused> judged) {
        if (!judged) {
            count("refused", judged.error().error.code);
            return then(tl::unexpected(std::move(judged.error())));
        }
        if (judged->refusal) {
            count("refused", toString(*judged->refusal));
            return refuse(*judged, "session.refused", *from,
                          [then](Refused refused) { then(tl::unexpected(std::move(refused))); });
        }
        signedIn(std::move(*judged), std::move(*from), then);
    });
}

void Accounts::refuse(const Judgement& judgement, std::string_view event, const Visitor& visitor,
                      std::function<void(Refused)> then)
{
    const auto network = networkOf(visitor.address);
    submit(
        [judgement, event = std::string(event), network,
         by = By{"anonymous:" + network, visitor.traceId}](
            storage::Transaction& transaction) -> Result<void> {
            const auto recorded = judgement.record(transaction);
            if (!recorded) return tl::unexpected(recorded.error());
            return note(transaction, event, subjectOfJudged(judgement), by,
                        refusalJson(judgement, network));
        },
        [refusal = *judgement.refusal, then = std::move(then)](const Result<std::int64_t>& outcome) {
            then(outcome ? refusedFor(refusal) : refusedWith(outcome.error()));
        });
}

void Accounts::signedIn(Judgement judgement, Visitor visitor, Answer<SignedIn> then)
{
    const User& user = judgement.account->user;
    struct Going {
        Judgement judgement;
        SessionRecord record;
        runtime::Secret deviceKey;
        SignInOutcome outcome;
    };
    const auto going = std::make_shared<Going>();
    going->deviceKey = judgement.isKnownDevice
                           ? std::move(visitor.deviceKey)
                           : m_the.check.key->newDeviceKey(user.email.key(), m_the.check.random);
    going->record =
        m_the.sessions.draft(user.id, fingerprint(going->deviceKey.revealForUse()),
                             std::move(visitor.device), networkOf(visitor.address));
    going->judgement = std::move(judgement);
    submit(
        [going, settings = m_the.sessions.settings(), key = m_the.check.key,
         trace = visitor.traceId](storage::Transaction& transaction) {
            return storeSignIn(transaction, going->judgement, going->record, settings,
                               byUser(going->record.facts.user, trace), *key, going->outcome);
        },
        [this, going, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) {
                count("refused", outcome.error().code);
                return then(tl::unexpected(refusedWith(outcome.error())));
            }
            if (going->outcome.isCodeSpent) {
                count("refused", toString(Refusal::WrongCode));
                return then(tl::unexpected(refusedFor(Refusal::WrongCode)));
            }
            count("accepted", "");
            SignedIn in;
            in.user = going->judgement.account->user;
            in.user.roles = going->outcome.session.roles;
            in.tokens = m_the.sessions.opened(going->record, going->outcome.session);
            in.deviceKey = std::move(going->deviceKey);
            then(std::move(in));
        });
}

void Accounts::stepUp(const Access& access, SignIn attempt, Visitor visitor, Answer<void> then)
{
    Typed typed = typedOf(std::move(attempt), visitor, "step-up");
    typed.user = access.user;
    const auto from = std::make_shared<Visitor>(std::move(visitor));
    m_check.check(std::move(typed), [this, from, session = access.session, then = std::move(then)](
                                        tl::expected<Judgement, Refused> judged) {
        if (!judged) return then(tl::unexpected(std::move(judged.error())));
        if (judged->refusal)
            return refuse(*judged, "session.step_up_refused", *from,
                          [then](Refused refused) { then(tl::unexpected(std::move(refused))); });
        const auto isSpent = std::make_shared<bool>(false);
        submit(
            [judgement = std::move(*judged), session, isSpent,
             trace = from->traceId](storage::Transaction& transaction) -> Result<void> {
                const auto recorded = judgement.record(transaction);
                if (!recorded) return tl::unexpected(recorded.error());
                *isSpent = !*recorded;
                return note(transaction,
                            *isSpent ? "session.step_up_refused" : "session.stepped_up",
                            subjectOf(session), byUser(judgement.account->user.id, trace), "{}");
            },
            [this, isSpent, session, then](const Result<std::int64_t>& outcome) {
                if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
                if (*isSpent) return then(tl::unexpected(refusedFor(Refusal::WrongCode)));
                if (!m_the.sessions.stepUp(session))
                    return then(tl::unexpected(
                        refusedWith({ErrorKind::Denied, "identity.token_refused",
                                     "the session is over: sign in again", {}})));
                then({});
            });
    });
}

void Accounts::changePassword(const Access& access, SignIn attempt, runtime::Secret password,
                              Visitor visitor, Answer<void> then)
{
    struct Change {
        Access access;
        runtime::Secret password;
        By by;
        Visitor visitor;
    };
    const auto change = std::make_shared<Change>();
    change->access = access;
    change->password = std::move(password);
    change->by = byUser(access.user, visitor.traceId);
    Typed typed = typedOf(std::move(attempt), visitor, "password");
    typed.user = access.user;
    typed.asksCode = false; // a session already took it
    change->visitor = std::move(visitor);
    m_check.check(std::move(typed), [this, change, then = std::move(then)](
                                        tl::expected<Judgement, Refused> judged) {
        if (!judged) return then(tl::unexpected(std::move(judged.error())));
        if (judged->refusal)
            return refuse(*judged, "session.step_up_refused", change->visitor,
                          [then](Refused refused) { then(tl::unexpected(std::move(refused))); });
        const User& user = judged->account->user;
        std::vector<std::string> words{user.email.text(), std::string(user.email.local()),
                                       user.displayName.text()};
        hashNew(std::move(change->password), std::move(words),
                [this, change, judgement = std::move(*judged),
                 then](tl::expected<std::string, Refused> hash) {
                    if (!hash) return then(tl::unexpected(std::move(hash.error())));
                    storeChanged(change->access, judgement, *hash, change->by, then);
                });
    });
}

void Accounts::storeChanged(const Access& access, const Judgement& judgement,
                            const std::string& password, const By& by, Answer<void> then)
{
    const auto ended = std::make_shared<std::vector<SessionId>>();
    submit(
        [ended, judgement, password, by, user = access.user, session = access.session, now = now(),
         key = m_the.check.key, mailId = m_the.check.random.uuidV4()](
            storage::Transaction& transaction) -> Result<void> {
            const auto recorded = judgement.record(transaction);
            if (!recorded) return tl::unexpected(recorded.error());
            auto others = endSessions(transaction, {user, {}, session, "password_changed"}, by);
            if (!others) return tl::unexpected(others.error());
            *ended = std::move(*others);
            return storePassword(transaction, user, password)
                .and_then([&] {
                    return note(transaction, "account.password_changed", subjectOf(user), by, "{}");
                })
                .and_then([&] {
                    return postMail(transaction, {mailId, user, MailKind::PasswordChanged, now},
                                    *key, by);
                });
        },
        [this, ended, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(refusedWith(outcome.error())));
            m_the.sessions.ended(*ended);
            then({});
        });
}

} // namespace qd::identity
