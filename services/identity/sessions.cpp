#include "services/identity/sessions.h"

#include <algorithm>

#include "models/base/network_address.h"
#include "services/identity/encoding.h"

namespace qd::identity {
namespace {

constexpr std::size_t kExpiredAtOnce = 500;

tl::unexpected<Error> tokenRefused()
{
    return fail(ErrorKind::Denied, "identity.token_refused", "the session is over: sign in again");
}

} // namespace

Sessions::Sessions(Dependencies dependencies, SessionSettings settings)
    : m_the(std::move(dependencies)), m_settings(settings),
      m_access(m_the.core.clock(), settings.totalMax * AccessTable::kTokensPerSession)
{
    QD_ASSERT(m_the.key && settings.perUserMax > 0);
}

Sessions::~Sessions() = default;

void Sessions::submit(storage::Writer::Work work, Answer answer)
{
    m_the.writer.submit(std::move(work), m_the.core,
                        [answer = std::move(answer), alive = std::weak_ptr<bool>(m_alive)](
                            Result<std::int64_t> outcome) {
                            if (!alive.expired()) answer(std::move(outcome));
                        });
}

const Access* Sessions::check(std::string_view accessToken) const
{
    return m_access.find(accessToken);
}

void Sessions::refresh(RefreshRequest request, std::function<void(Result<Tokens>)> then)
{
    const auto claim = m_the.key->readRefresh(request.token.revealForUse());
    if (!claim) return then(tokenRefused());
    RefreshAsk ask{*claim, fingerprint(request.deviceKey.revealForUse()), networkOf(request.address),
                   m_the.core.clock().now(), std::move(request.traceId)};
    const auto refreshment = std::make_shared<Refreshment>();
    submit(
        [ask = std::move(ask), refreshment,
         settings = m_settings](storage::Transaction& transaction) -> Result<void> {
            auto done = refreshSession(transaction, ask, settings);
            if (!done) return tl::unexpected(done.error());
            *refreshment = std::move(*done);
            return {};
        },
        [this, refreshment, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            then(refreshed(*refreshment));
        });
}

Result<Tokens> Sessions::refreshed(const Refreshment& refreshment)
{
    using Kind = Refreshment::Kind;
    const SessionFacts& facts = refreshment.record.facts;
    if (refreshment.kind == Kind::Rotated || refreshment.kind == Kind::SameAgain)
        return tokensOf(refreshment.record, refreshment.roles);
    if (refreshment.kind == Kind::Replayed) {
        ++m_replays;
        m_the.log.warning("refresh token in the wrong hands; the session is ended",
                          {{"session", facts.id.text()}, {"user", facts.user.text()}});
    }
    if (!facts.id.empty()) ended({facts.id});
    return tokenRefused();
}

Tokens Sessions::tokensOf(const SessionRecord& record, Roles roles)
{
    const SessionFacts& facts = record.facts;
    const RefreshClaim claim{facts.id, record.generation};
    const Duration age = m_the.core.clock().now() - record.rotatedAt;
    Tokens tokens;
    tokens.session = facts.id;
    tokens.access = m_the.key->accessToken(claim);
    tokens.accessFor = m_settings.accessFor - std::clamp(age, Duration{}, m_settings.accessFor);
    tokens.refresh = m_the.key->refreshToken(claim);
    tokens.refreshUntil = facts.expiresAt;
    if (!m_access.admit(tokens.access.revealForUse(), facts.id, facts.user, roles, tokens.accessFor))
        m_the.log.error("no room for one more access token", {{"tokens", m_access.tokenCount()}});
    return tokens;
}

void Sessions::end(const UserId& user, const SessionId& session, const By& by, Then then)
{
    endWhich({user, session, {}, "signed_out"}, by, /*mustExist=*/true, std::move(then));
}

void Sessions::endAll(const UserId& user, const std::optional<SessionId>& except, const By& by,
                      Then then)
{
    endWhich({user, {}, except, "signed_out_everywhere"}, by, /*mustExist=*/false, std::move(then));
}

void Sessions::endWhich(EndSessions which, const By& by, bool mustExist, Then then)
{
    if (which.only)
        m_access.dropSessionOf(which.user, *which.only);
    else
        m_access.dropUser(which.user, which.except);
    tellChanged();
    const auto gone = std::make_shared<std::vector<SessionId>>();
    submit(
        [which, by, gone](storage::Transaction& transaction) -> Result<void> {
            auto done = endSessions(transaction, which, by);
            if (!done) return tl::unexpected(done.error());
            *gone = std::move(*done);
            return {};
        },
        [this, gone, mustExist, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            ended(*gone); // once more: a refresh may have come in between
            if (mustExist && gone->empty())
                return then(fail(ErrorKind::NotFound, "identity.no_session",
                                 "there is no such session; it may have ended already"));
            then({});
        });
}

void Sessions::list(const UserId& user, std::function<void(Result<std::vector<SessionFacts>>)> then)
{
    const auto found = std::make_shared<std::vector<SessionFacts>>();
    submit(
        [user, found, key = m_the.key, now = m_the.core.clock().now()](
            storage::Transaction& transaction) -> Result<void> {
            auto read = sessionsOf(transaction.database(), *key, user, now);
            if (!read) return tl::unexpected(read.error());
            *found = std::move(*read);
            return {};
        },
        [found, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return then(tl::unexpected(outcome.error()));
            then(std::move(*found));
        });
}

bool Sessions::stepUp(const SessionId& session)
{
    return m_access.stepUp(session, m_settings.stepUpFor);
}

void Sessions::sweep()
{
    m_access.sweep();
    if (m_isSweeping) return;
    m_isSweeping = true;
    submit([now = m_the.core.clock().now()](storage::Transaction& transaction) {
               return endExpired(transaction, now, kExpiredAtOnce);
           },
           [this](const Result<std::int64_t>& outcome) {
               m_isSweeping = false;
               if (!outcome)
                   m_the.log.warning("expired sessions stay stored", {{"error", outcome.error()}});
           });
}

SessionRecord Sessions::draft(const UserId& user, std::string deviceHash, DeviceName device,
                              std::string network) const
{
    const Timestamp now = m_the.core.clock().now();
    SessionRecord record;
    record.facts = {SessionId(m_the.random.uuidV4()), user, std::move(device), std::move(network),
                    now, now, now + m_settings.refreshFor};
    record.deviceHash = std::move(deviceHash);
    record.rotatedAt = now;
    return record;
}

Tokens Sessions::opened(const SessionRecord& record, const OpenedSession& session)
{
    ended(session.pushedOut);
    return tokensOf(record, session.roles);
}

void Sessions::ended(const std::vector<SessionId>& sessions)
{
    for (const SessionId& session : sessions) m_access.dropSession(session);
    if (!sessions.empty()) tellChanged();
}

void Sessions::rolesChanged(const UserId& user, Roles roles)
{
    m_access.setRoles(user, roles);
    tellChanged();
}

void Sessions::tellChanged() const
{
    if (m_changed) m_changed();
}

} // namespace qd::identity
