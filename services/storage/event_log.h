#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "services/storage/database.h"

namespace qd::storage {

using Hash = std::array<unsigned char, 32>;
std::string toHex(const Hash& hash);

/// One change of state, as it is recorded and hashed. `design.md` §4.
struct Event {
    std::int64_t sequence = 0; ///< 1, 2, 3 … without gaps; given by `append`
    Timestamp time;            ///< when it was recorded
    std::string kind;          ///< "order.accepted"
    std::string subject;       ///< what it is about: "order/<client id>", "account/paper"
    std::string actor;         ///< who caused it: "user:owner", "broker:alpaca", "system:reconcile"
    std::int64_t cause = 0;    ///< sequence of the event it answers; 0 if none
    std::string traceId;       ///< 32 hex digits; empty if none
    std::string payload;       ///< JSON; never a secret
    Hash hash{};               ///< SHA-256 over the previous hash and all the fields above
    friend bool operator==(const Event&, const Event&) = default;
};

/// SQL that creates the log's table; part of `storageMigrations()`. Triggers forbid UPDATE and
/// DELETE as a first fence; the chain is the real one.
std::string_view eventLogSchema();
/// The set "storage": the log and the store's identity. Before every other room's set.
const MigrationSet& storageMigrations();

/// The chain: hash(n) = SHA-256("qd.event.v1" ‖ hash(n−1) ‖ each field, length-prefixed (u32 LE)).
/// Fields in the order of `Event`; integers and times are 8 bytes LE; hash(0) is 32 zero bytes.
Hash chainHash(const Hash& previous, const Event& event);

/// Appends within the caller's transaction. Owned and used by the writer thread only.
class EventAppender {
public:
    /// Reads the chain's head. Fails with Corrupt if the table's end does not fit itself.
    static Result<EventAppender> open(Database& database);
    /// Gives the event its sequence and hash and inserts it.
    Result<std::int64_t> append(Database& database, Event event);
    /// As `append`, leaving sequence and hash in `event`.
    Result<void> insert(Database& database, Event& event);
    /// After a rollback: forget what was appended since the last commit.
    Result<void> reload(Database& database);
    /// In a transaction that has just begun: goes on from what another process has committed since.
    Result<void> follow(Database& database);
    std::int64_t lastSequence() const { return m_lastSequence; }
    const Hash& head() const { return m_head; }

private:
    EventAppender(std::int64_t lastSequence, const Hash& head)
        : m_lastSequence(lastSequence), m_head(head) {}
    std::int64_t m_lastSequence;
    Hash m_head;
    std::int64_t m_seenVersion = 0; ///< of the database, by SQLite's count of others' commits
};

/// Events with sequence > `after`, oldest first, at most `limit`.
Result<std::vector<Event>> readEvents(Database& database, std::int64_t after, std::size_t limit);
/// Events of one subject, oldest first.
Result<std::vector<Event>> readEventsOf(Database& database, std::string_view subject,
                                        std::size_t limit);

/// What a verification found. `brokenAt` is the first sequence that does not fit; 0 if all fit.
struct VerifyReport {
    std::int64_t eventCount = 0;
    std::int64_t brokenAt = 0;
    std::string reason; ///< "row 812 is missing", "row 77 was altered", "head differs from checkpoint 5"
    Hash head{};
};
/// Walks the whole chain, and compares it with signed checkpoints kept outside the database.
Result<VerifyReport> verifyEvents(Database& database, const std::string& checkpointFile);

/// A Merkle tree head (RFC 6962 §2.1) over all event hashes, signed with ed25519 and appended to
/// `checkpointFile` as one JSON line. The key is made on first use beside the file (mode 0600).
Result<void> writeCheckpoint(Database& database, const std::string& checkpointFile, Timestamp now);

} // namespace qd::storage
