#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/accounts/user.h"
#include "services/runtime/clock.h"
#include "services/storage/hashing.h"

namespace qd::identity {

/// Who holds an access token.
struct Access {
    UserId user;
    Roles roles;
    SessionId session;
    Duration steppedUpUntil{}; ///< steady time; zero: not
};

/// The access tokens that are good now, by their SHA-256; the tokens themselves are not kept. In
/// memory alone: after a restart everybody refreshes. Times are steady, so that setting the wall
/// clock neither ends nor prolongs anything. Core executor; a look-up takes about a microsecond.
class AccessTable {
public:
    static constexpr std::size_t kTokensPerSession = 4; ///< the oldest goes

    /// `clock` outlives it.
    AccessTable(const runtime::Clock& clock, std::size_t tokensMax);

    /// From now on `token` is good for `life`. One that is known already keeps the end it had. False:
    /// the table is full.
    bool admit(std::string_view token, const SessionId& session, const UserId& user, Roles roles,
               Duration life);
    /// Null: nobody's, or no longer good. Valid until the next change.
    const Access* find(std::string_view token) const;
    /// As `find`, of a session. Null: it has no token that is good.
    const Access* findSession(const SessionId& session) const;
    bool isSteppedUp(const Access& access) const;
    /// For `life` from now on. False: the session has no token here.
    bool stepUp(const SessionId& session, Duration life);

    void dropSession(const SessionId& session);
    /// Only if it is this user's.
    void dropSessionOf(const UserId& user, const SessionId& session);
    /// All sessions of the user but `except`.
    void dropUser(const UserId& user, const std::optional<SessionId>& except = {});
    void setRoles(const UserId& user, Roles roles);
    /// Forget what is no longer good.
    void sweep();
    std::size_t tokenCount() const { return m_tokens.size(); }

private:
    struct Token {
        storage::Hash hash;
        Duration until;
    };
    struct Live {
        Access access;
        std::vector<Token> tokens; ///< oldest first
    };
    struct Entry {
        const Access* access;
        Duration until;
    };
    struct HashOfHash {
        std::size_t operator()(const storage::Hash& hash) const noexcept;
    };
    void trim(Live& live, std::size_t room);

    const runtime::Clock& m_clock;
    const std::size_t m_tokensMax;
    std::unordered_map<SessionId, Live> m_sessions;
    std::unordered_map<storage::Hash, Entry, HashOfHash> m_tokens; ///< into `m_sessions`
};

} // namespace qd::identity
