#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/accounts/user.h"
#include "services/identity/record.h"
#include "services/identity/token_key.h"

namespace qd::identity {

struct SessionSettings {
    Duration accessFor = std::chrono::minutes(10);
    Duration refreshFor = std::chrono::hours(24 * 30); ///< since the last refresh
    Duration graceFor = std::chrono::seconds(10);
    Duration stepUpFor = std::chrono::minutes(5);
    std::size_t perUserMax = 20;   ///< one more ends the one that was used longest ago
    std::size_t totalMax = 20'000; ///< beyond it sign-ins are refused: Unavailable
};

/// A session as it is stored, and what the next refresh is measured by. Never a token.
struct SessionRecord {
    SessionFacts facts;
    std::string deviceHash;      ///< fingerprint of its device key
    std::int64_t generation = 1; ///< of the refresh token that is good now
    Timestamp rotatedAt;         ///< when that was given out
};

/// What follows runs in the caller's transaction, on the writer's executor.

struct OpenedSession {
    Roles roles;                       ///< the user's, as of this transaction
    std::vector<SessionId> pushedOut;  ///< ended to make room
};
/// Appends "session.opened" ("session.ended" for those pushed out). Fails with: Denied
/// "identity.disabled" (or no such user), Unavailable "identity.sessions_full".
Result<OpenedSession> openSession(storage::Transaction& transaction, const TokenKey& key,
                                  const SessionRecord& record, bool isNewDevice, const SessionSettings& settings, const By& by);

struct Refreshment {
    enum class Kind {
        Rotated,
        SameAgain, ///< within the grace: the answer to the first was lost, or others asked too
        Replayed,  ///< the session is ended: somebody else has, or had, the token
        Gone,      ///< ended, expired, or never known here
    };
    Kind kind = Kind::Gone;
    SessionRecord record; ///< Rotated and SameAgain: as it is now
    Roles roles;
};
struct RefreshAsk {
    RefreshClaim claim;
    std::string deviceHash;
    std::string network;
    Timestamp now;
    std::string traceId;
};
/// Appends "session.refreshed", "session.replayed" or "session.ended".
Result<Refreshment> refreshSession(storage::Transaction& transaction, const RefreshAsk& ask,
                                   const SessionSettings& settings);

struct EndSessions {
    UserId user;
    std::optional<SessionId> only;
    std::optional<SessionId> except;
    std::string reason; ///< "signed_out", "remote", "password_changed", "disabled" …
};
/// Appends a "session.ended" for each. Which they were.
Result<std::vector<SessionId>> endSessions(storage::Transaction& transaction,
                                           const EndSessions& which, const By& by);
/// The newest first; expired ones are left out.
Result<std::vector<SessionFacts>> sessionsOf(storage::Database& database, const TokenKey& key,
                                             const UserId& user, Timestamp now);
/// Appends a "session.ended" for each; at most `limit` at once.
Result<void> endExpired(storage::Transaction& transaction, Timestamp now, std::size_t limit);

} // namespace qd::identity
