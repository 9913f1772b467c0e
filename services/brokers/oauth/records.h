#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/accounts/broker_link.h"
#include "services/storage/writer.h"

namespace qd::brokers::oauth {

// Rows of flows, links and leases, inside the writer's transactions. Never a token, a verifier, a
// state or a code: those are in the TokenStore, or only their SHA-256 is here.

/// The set "oauth": after the storage room's.
storage::MigrationSet oauthMigrations();

enum class FlowState {
    Open,       ///< the browser is out
    Exchanging, ///< came back; `usedUntil` says how long its verifier must stay
    Failed,     ///< came back, no tokens yet; the same code may be tried again
    Done,
    Dead,  ///< cannot lead to anything any more
    Swept, ///< over, its verifier is gone; kept so that who comes late is told so
};

/// One consent under way.
struct Flow {
    std::string id;        ///< a UUID
    std::string stateHash; ///< SHA-256 in hex; unique
    std::string owner;     ///< "user:owner"
    BrokerId broker;
    Timestamp createdAt, expiresAt;
    FlowState state = FlowState::Open;
    std::string codeHash; ///< of the code that it came back with
    Timestamp usedUntil;
    std::string link; ///< the link that it led to; empty until Done
    std::string redirectUri; ///< where the browser comes back to; said once more with the code
};

/// Conflict "oauth.state_taken"; Unavailable "oauth.flows_full": swept ones make room.
Result<void> insertFlow(storage::Database& database, const Flow& flow);
inline constexpr std::int64_t kFlowsPerOwnerMax = 20, kFlowsMax = 2'000;
Result<std::optional<Flow>> findFlow(storage::Database& database, std::string_view stateHash);
Result<void> updateFlow(storage::Database& database, const Flow& flow);
/// Those that are over and whose verifier nobody uses, oldest first; not those that were swept.
Result<std::vector<Flow>> endedFlows(storage::Database& database, Timestamp now,
                                     std::int64_t limit);
/// Only if it is still over and unused.
Result<void> sweepFlow(storage::Database& database, std::string_view id, Timestamp now);
/// Swept ones that ended before `before`.
Result<void> forgetFlows(storage::Database& database, Timestamp before);

/// One link with what only this room needs to know.
struct LinkRow {
    BrokerLink link;
    std::int64_t generation = 0; ///< of the tokens, when they were last looked at
    bool isTold = false;         ///< the user was told that it cannot be renewed
    int revocationTries = 0;
    Timestamp revocationSince, revocationNextAt;
    bool isAlarmed = false; ///< the revocation takes longer than anybody may wait in silence
};

/// The link in use; links whose revocation is pending are not.
Result<std::optional<LinkRow>> findLink(storage::Database& database, std::string_view owner,
                                        const BrokerId& broker);
Result<std::optional<LinkRow>> findLinkById(storage::Database& database, std::string_view id);
Result<std::vector<LinkRow>> allLinks(storage::Database& database);
Result<void> storeLink(storage::Database& database, const LinkRow& row);
/// Its lease goes with it; flows forget it.
Result<void> deleteLink(storage::Database& database, std::string_view id);

/// Who renews a link's tokens now: one row a link, the intent that is on disk before the request
/// leaves. Another process may take it once `until` has passed.
struct Lease {
    std::string holder;
    Timestamp until;
    std::int64_t generation = 0; ///< the tokens that are about to be used
};
/// True: it is `lease.holder`'s now. False: somebody else's. NotFound "oauth.not_connected": no
/// link.
Result<bool> takeLease(storage::Database& database, std::string_view link, const Lease& lease,
                       Timestamp now);
Result<void> releaseLease(storage::Database& database, std::string_view link,
                          std::string_view holder);

/// Rows that belong to nothing: zero, always. A sum over all tables.
Result<std::int64_t> countOrphans(storage::Database& database);

/// An event of this room about a link or flow; `fields` are members of its payload, never secrets.
storage::Event oauthEvent(std::string_view kind, std::string_view owner, const BrokerId& broker,
                          const std::vector<std::pair<std::string, std::string>>& fields = {});

} // namespace qd::brokers::oauth
