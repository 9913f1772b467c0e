#pragma once

#include <functional>
#include <memory>

#include "services/identity/access_table.h"
#include "services/identity/session_records.h"
#include "services/observability/log.h"
#include "services/runtime/executor.h"

namespace qd::identity {

/// What a signed-in device holds; told to it and to nobody else.
struct Tokens {
    SessionId session;
    runtime::Secret access;
    Duration accessFor{}; ///< from now on
    runtime::Secret refresh;
    Timestamp refreshUntil;
};

struct RefreshRequest {
    runtime::Secret token;
    runtime::Secret deviceKey;
    std::string address; ///< as the socket says; kept as its network only
    std::string traceId;
};

/// Sessions of people: one each time that a device signs in, until it signs out, is signed out, or is
/// not used for 30 days.
///
/// - The access token is good for 10 minutes and looked up in memory (`check`, at each request).
/// - The refresh token is good for 30 days and once: each use gives its successor and a new access
///   token. Used again within 10 seconds by the same device, it gives the same two once more, as the
///   answer to the first may have been lost, or several programs of one device asked side by side.
///   Used again later, or by another device, somebody has it who should not: the session is ended,
///   and with it everything that came of it.
/// - Step-up: for up to 5 minutes after its user proved again who they are, a session may do what
///   asks for it. Not kept over a restart.
///
/// Every change is in the log ("session.opened", "session.refreshed", "session.replayed",
/// "session.ended" with its reason) in one transaction with it, and told after the disk has it.
/// Core executor. `then` is called there, once, unless the Sessions end before.
class Sessions {
public:
    /// `writer` and `core` outlive it; the writer's database has `identityMigrations`.
    struct Dependencies {
        storage::Writer& writer;
        runtime::Executor& core;
        runtime::Random& random; ///< fit for secrets
        std::shared_ptr<const TokenKey> key;
        observability::Logger log = {};
    };
    using Then = std::function<void(Result<void>)>;

    explicit Sessions(Dependencies dependencies, SessionSettings settings = {});
    ~Sessions();
    Sessions(const Sessions&) = delete;
    Sessions& operator=(const Sessions&) = delete;

    /// Null: the token is nobody's (any more). Valid until control goes back to the executor.
    const Access* check(std::string_view accessToken) const;
    /// The same of a session: null without a token that is good.
    const Access* find(const SessionId& session) const { return m_access.findSession(session); }
    /// `changed` is called whenever somebody may do less than before, or something else: for whoever
    /// let them in for longer than one request.
    void observe(std::function<void()> changed) { m_changed = std::move(changed); }
    bool isSteppedUp(const Access& access) const { return m_access.isSteppedUp(access); }

    /// Fails with: Denied "identity.token_refused" (sign in again; the detail says no more), or what
    /// the writer says (Unavailable: the same token may be tried again).
    void refresh(RefreshRequest request, std::function<void(Result<Tokens>)> then);
    /// End one of `user`'s sessions, from itself or from another. Its access tokens are void at once,
    /// even if the disk then refuses. Fails with: NotFound "identity.no_session".
    void end(const UserId& user, const SessionId& session, const By& by, Then then);
    /// End all of them, or all but one.
    void endAll(const UserId& user, const std::optional<SessionId>& except, const By& by, Then then);
    void list(const UserId& user, std::function<void(Result<std::vector<SessionFacts>>)> then);
    /// Its user has just proved who they are. False: the session has no access token here.
    bool stepUp(const SessionId& session);
    /// Forget what has expired, in memory and in the store: every few minutes.
    void sweep();

    /// For sign-in, which opens a session in the transaction that records it: `draft` on core,
    /// `openSession` in the transaction, `opened` on core after the commit.
    SessionRecord draft(const UserId& user, std::string deviceHash, DeviceName device,
                        std::string network) const;
    Tokens opened(const SessionRecord& record, const OpenedSession& session);
    /// For changes of the account that the store has: what is known in memory follows.
    void rolesChanged(const UserId& user, Roles roles);
    void ended(const std::vector<SessionId>& sessions);

    const SessionSettings& settings() const { return m_settings; }
    std::uint64_t replays() const { return m_replays; } ///< refresh tokens in the wrong hands
    std::size_t accessTokenCount() const { return m_access.tokenCount(); }

private:
    using Answer = std::function<void(Result<std::int64_t>)>;
    void submit(storage::Writer::Work work, Answer answer);
    Result<Tokens> refreshed(const Refreshment& refreshment);
    Tokens tokensOf(const SessionRecord& record, Roles roles);
    void tellChanged() const;
    void endWhich(EndSessions which, const By& by, bool mustExist, Then then);

    const Dependencies m_the;
    const SessionSettings m_settings;
    AccessTable m_access;
    std::function<void()> m_changed;
    std::uint64_t m_replays = 0;
    bool m_isSweeping = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::identity
