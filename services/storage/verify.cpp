#include <fmt/format.h>

#include "services/storage/atomic_file.h"
#include "services/storage/checkpoint_file.h"
#include "services/storage/event_rows.h"
#include "services/storage/hashing.h"

namespace qd::storage {
namespace {

/// Walks the log beside the checkpoints that were made of it.
class Walk {
public:
    explicit Walk(std::vector<Checkpoint> checkpoints) : m_checkpoints(std::move(checkpoints))
    {
        compareCheckpoints();
    }

    /// False once something does not fit.
    bool take(const Event& event)
    {
        const std::int64_t expected = m_report.eventCount + 1;
        if (event.sequence != expected) {
            return breakAt(expected, fmt::format("row {} is missing", expected));
        }
        if (event.hash != chainHash(m_report.head, event)) {
            return breakAt(expected, fmt::format("row {} was altered, or is not in its place",
                                                 expected));
        }
        m_report.head = event.hash;
        m_report.eventCount = expected;
        m_tree.append(event.hash);
        return compareCheckpoints();
    }

    VerifyReport end()
    {
        if (m_report.brokenAt == 0 && m_next < m_checkpoints.size()) {
            const std::int64_t size = m_checkpoints.back().size;
            breakAt(m_report.eventCount + 1,
                    fmt::format("rows {} to {} are missing: checkpoint {} knows {} rows",
                                m_report.eventCount + 1, size, m_checkpoints.back().number, size));
        }
        return std::move(m_report);
    }

    bool breakAt(std::int64_t sequence, std::string reason)
    {
        m_report.brokenAt = sequence;
        m_report.reason = std::move(reason);
        return false;
    }

    const MerkleTree& tree() const { return m_tree; }

private:
    bool compareCheckpoints()
    {
        for (; m_next < m_checkpoints.size(); ++m_next) {
            const Checkpoint& checkpoint = m_checkpoints[m_next];
            if (checkpoint.size != m_report.eventCount) break;
            if (checkpoint.head == m_report.head && checkpoint.root == m_tree.root()) continue;
            // The chain fits itself, so everything since the last good checkpoint was rewritten.
            const std::int64_t good = m_next == 0 ? 0 : m_checkpoints[m_next - 1].size;
            return breakAt(good + 1, fmt::format("head differs from checkpoint {}: rows {} to {} "
                                                 "were rewritten",
                                                 checkpoint.number, good + 1, checkpoint.size));
        }
        return true;
    }

    std::vector<Checkpoint> m_checkpoints;
    std::size_t m_next = 0;
    MerkleTree m_tree;
    VerifyReport m_report;
};

/// One read of the whole log: a single statement, so a single moment of it.
Result<void> walkLog(Database& database, Walk& walk)
{
    auto statement = database.prepare(
        fmt::format("SELECT {} FROM events ORDER BY sequence", kEventColumns));
    if (!statement) return tl::unexpected(statement.error());
    for (auto row = statement->step();; row = statement->step()) {
        if (!row) return tl::unexpected(row.error());
        if (!*row || !walk.take(eventOf(*statement))) return {};
    }
}

/// What is wrong with the checkpoints themselves; empty if nothing.
Result<std::string> checkSignatures(const std::string& file, const std::string& publicKeyFile,
                                    const std::vector<Checkpoint>& checkpoints)
{
    for (const Checkpoint& checkpoint : checkpoints) {
        const auto good = isSignedBy(publicKeyFile, signedText(checkpoint), checkpoint.signature);
        if (!good) return tl::unexpected(good.error());
        if (!*good) {
            return fmt::format("checkpoint {} of {} is not signed by the key in {}",
                               checkpoint.number, file, publicKeyFile);
        }
    }
    return std::string();
}

struct Known {
    std::vector<Checkpoint> checkpoints;
    std::string complaint;
};

/// With an empty `trustedKey` that beside the file is believed.
Result<Known> loadCheckpoints(const std::string& file, const std::string& trustedKey = {})
{
    Known known;
    if (file.empty()) return known;
    auto checkpoints = readCheckpoints(file);
    if (!checkpoints && checkpoints.error().kind == ErrorKind::NotFound) {
        if (!trustedKey.empty() || exists(file + ".key") || exists(file + ".pub"))
            known.complaint = "the checkpoints are missing: " + file + " had been written";
        return known;
    }
    if (!checkpoints && checkpoints.error().kind == ErrorKind::Corrupt) {
        known.complaint = checkpoints.error().detail;
        return known;
    }
    if (!checkpoints) return tl::unexpected(checkpoints.error());
    const auto complaint =
        checkSignatures(file, trustedKey.empty() ? file + ".pub" : trustedKey, *checkpoints);
    if (!complaint) return tl::unexpected(complaint.error());
    known.complaint = *complaint;
    if (known.complaint.empty()) known.checkpoints = std::move(*checkpoints);
    return known;
}

Result<VerifyReport> verifyAgainst(Database& database, Known known)
{
    Walk walk(std::move(known.checkpoints));
    if (const auto walked = walkLog(database, walk); !walked) return tl::unexpected(walked.error());
    VerifyReport report = walk.end();
    if (report.brokenAt == 0 && !known.complaint.empty()) {
        // Rows that fit each other may still have been rewritten: nothing vouches for them.
        report.brokenAt = 1;
        report.reason = known.complaint;
    }
    return report;
}

} // namespace

Result<VerifyReport> verifyEvents(Database& database, const std::string& checkpointFile)
{
    auto known = loadCheckpoints(checkpointFile);
    if (!known) return tl::unexpected(known.error());
    return verifyAgainst(database, std::move(*known));
}

Result<VerifyReport> verifyEventsWithKey(Database& database, const std::string& checkpointFile,
                                         const std::string& publicKeyFile)
{
    auto known = loadCheckpoints(checkpointFile, publicKeyFile);
    if (!known) return tl::unexpected(known.error());
    return verifyAgainst(database, std::move(*known));
}

Result<void> writeCheckpoint(Database& database, const std::string& checkpointFile, Timestamp now)
{
    auto known = loadCheckpoints(checkpointFile);
    if (!known) return tl::unexpected(known.error());
    const auto number = static_cast<std::int64_t>(known->checkpoints.size()) + 1;
    Walk walk(std::move(known->checkpoints));
    if (const auto walked = walkLog(database, walk); !walked) return walked;
    const VerifyReport report = walk.end();
    const std::string& complaint = known->complaint.empty() ? report.reason : known->complaint;
    if (!complaint.empty()) {
        return fail(ErrorKind::Corrupt, "storage.log_broken",
                    fmt::format("no checkpoint is made of a log that does not fit: {}", complaint));
    }
    // The file before the key: a key whose checkpoints are missing counts as tampering.
    if (!exists(checkpointFile)) {
        if (const auto made = replaceFile(checkpointFile, {}); !made) return made;
    }
    Checkpoint checkpoint{number, report.eventCount,  walk.tree().root(), report.head,
                          now.toString(), {}};
    auto signature = signText(checkpointFile, signedText(checkpoint));
    if (!signature) return tl::unexpected(signature.error());
    checkpoint.signature = std::move(*signature);
    return appendCheckpoint(checkpointFile, checkpoint);
}

} // namespace qd::storage
