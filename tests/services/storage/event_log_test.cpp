#include "services/storage/event_log.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <sqlite3.h>

#include "services/storage/hashing.h"
#include "tests/services/storage/store.h"

namespace qd::storage::test {
namespace {

constexpr std::int64_t kRows = 50;

class EventLogTest : public ::testing::Test {
protected:
    EventLogTest() { fill(m_path, kRows); }

    VerifyReport verify()
    {
        auto database = Database::openReadOnly(m_path);
        QD_ASSERT(database.has_value());
        auto report = verifyEvents(*database, m_checkpoints);
        expectOk(report);
        return report.value_or(VerifyReport{});
    }

    void checkpoint()
    {
        Database database = openStore(m_path);
        expectOk(writeCheckpoint(database, m_checkpoints, Timestamp::of("2026-01-05T15:00:00Z")));
    }

    /// As somebody with the file and no respect for triggers would.
    void tamper(const std::string& sql)
    {
        Database database = openStore(m_path);
        expectOk(database.execute("DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete"));
        expectOk(database.execute(sql));
    }

    /// Rewrites the log from `first` on with hashes that fit.
    void rewriteFrom(std::int64_t first)
    {
        Database database = openStore(m_path);
        tamper("DELETE FROM events WHERE sequence >= " + std::to_string(first));
        auto appender = EventAppender::open(database);
        ASSERT_TRUE(appender.has_value());
        for (std::int64_t i = first; i <= kRows; ++i) {
            Event event = noteEvent(i);
            event.actor = "user:somebody else";
            expectOk(appender->append(database, event));
        }
    }

    std::string checkpointText() const
    {
        std::ifstream file(m_checkpoints);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    qd::test::TempDir m_folder;
    std::string m_path = (m_folder / "store.db").string();
    std::string m_checkpoints = (m_folder / "checkpoints.jsonl").string();
};

TEST_F(EventLogTest, AnUntouchedLogVerifies)
{
    checkpoint();
    const VerifyReport report = verify();
    EXPECT_EQ(report.eventCount, kRows);
    EXPECT_EQ(report.brokenAt, 0) << report.reason;
}

TEST_F(EventLogTest, SequenceHasNoGapsAndReadsBack)
{
    Database database = openStore(m_path);
    const auto events = readEvents(database, 10, 5);
    ASSERT_TRUE(events.has_value());
    ASSERT_EQ(events->size(), 5u);
    EXPECT_EQ(events->front().sequence, 11);
    EXPECT_EQ(events->front().payload, noteEvent(11).payload);
    const auto ofOne = readEventsOf(database, "note/7", 10);
    ASSERT_TRUE(ofOne.has_value());
    ASSERT_EQ(ofOne->size(), 1u);
    EXPECT_EQ(ofOne->front().sequence, 7);
}

TEST_F(EventLogTest, TheTriggersForbidChangesAndRemovals)
{
    Database database = openStore(m_path);
    EXPECT_FALSE(database.execute("UPDATE events SET actor='x' WHERE sequence=3").has_value());
    EXPECT_FALSE(database.execute("DELETE FROM events WHERE sequence=3").has_value());
    EXPECT_FALSE(database
                     .execute("INSERT OR REPLACE INTO events SELECT sequence, time, kind, subject,"
                              "'x', cause, trace_id, payload, hash FROM events WHERE sequence=3")
                     .has_value());
    EXPECT_EQ(verify().brokenAt, 0);
}

TEST_F(EventLogTest, TheHashCoversEveryFieldAndItsBounds)
{
    Event event = noteEvent(1);
    event.sequence = 1;
    event.cause = 4;
    event.traceId = "t";
    const Hash base = chainHash({}, event);
    std::vector<Event> variants(8, event);
    variants[0].sequence = 2;
    variants[1].time = event.time + Duration(1);
    variants[2].kind += "x";
    variants[3].subject += "x";
    variants[4].actor += "x";
    variants[5].cause = 5;
    variants[6].traceId += "x";
    variants[7].payload += "x";
    for (const Event& variant : variants) EXPECT_NE(chainHash({}, variant), base);
    Event shifted = event;
    shifted.actor = event.actor.substr(1);
    shifted.subject = event.subject + event.actor[0];
    EXPECT_NE(chainHash({}, shifted), base);
    EXPECT_NE(chainHash(base, event), base);
}

TEST_F(EventLogTest, AnAlteredRowIsFoundAndLocated)
{
    for (const char* change :
         {"actor = 'user:x'", "payload = '{}'", "time = time + 1", "cause = 1", "kind = 'x'",
          "subject = 'x'", "trace_id = 'x'", "hash = zeroblob(32)"}) {
        SCOPED_TRACE(change);
        std::filesystem::remove(m_path);
        fill(m_path, kRows);
        tamper(std::string("UPDATE events SET ") + change + " WHERE sequence = 17");
        EXPECT_EQ(verify().brokenAt, 17);
    }
}

TEST_F(EventLogTest, ARemovedRowIsFoundAndLocated)
{
    tamper("DELETE FROM events WHERE sequence = 17");
    const VerifyReport report = verify();
    EXPECT_EQ(report.brokenAt, 17);
    EXPECT_EQ(report.reason, "row 17 is missing");
}

TEST_F(EventLogTest, ARemovedAndRenumberedRowIsFoundAndLocated)
{
    tamper("DELETE FROM events WHERE sequence = 17;"
           "UPDATE events SET sequence = -sequence WHERE sequence > 17;"
           "UPDATE events SET sequence = -sequence - 1 WHERE sequence < 0");
    EXPECT_EQ(verify().brokenAt, 17);
}

TEST_F(EventLogTest, ReorderedRowsAreFoundAndLocated)
{
    tamper("UPDATE events SET sequence = -1 WHERE sequence = 17;"
           "UPDATE events SET sequence = 17 WHERE sequence = 18;"
           "UPDATE events SET sequence = 18 WHERE sequence = -1");
    EXPECT_EQ(verify().brokenAt, 17);
}

TEST_F(EventLogTest, ACutTailIsFoundByTheCheckpoint)
{
    checkpoint();
    tamper("DELETE FROM events WHERE sequence > 40");
    const VerifyReport report = verify();
    EXPECT_EQ(report.brokenAt, 41);
    EXPECT_NE(report.reason.find("rows 41 to 50 are missing"), std::string::npos) << report.reason;
}

TEST_F(EventLogTest, ARewrittenTailIsFoundByTheCheckpoint)
{
    rewriteFrom(30);
    EXPECT_EQ(verify().brokenAt, 0); // the chain alone cannot tell
    std::filesystem::remove(m_path);
    fill(m_path, kRows);
    checkpoint();
    rewriteFrom(30);
    const VerifyReport report = verify();
    EXPECT_NE(report.brokenAt, 0);
    EXPECT_LE(report.brokenAt, 30);
    EXPECT_NE(report.reason.find("head differs from checkpoint 1"), std::string::npos);
}

TEST_F(EventLogTest, NoCheckpointIsMadeOfABrokenLog)
{
    checkpoint();
    tamper("DELETE FROM events WHERE sequence > 40");
    Database database = openStore(m_path);
    EXPECT_EQ(codeOf(writeCheckpoint(database, m_checkpoints, Timestamp::fromNanos(1))),
              "storage.log_broken");
}

TEST_F(EventLogTest, AChangedCheckpointIsFound)
{
    checkpoint();
    std::string text = checkpointText();
    text.replace(text.find("2026"), 4, "2025");
    std::ofstream(m_checkpoints) << text;
    const VerifyReport report = verify();
    EXPECT_NE(report.reason.find("not signed"), std::string::npos) << report.reason;
}

TEST_F(EventLogTest, ARemovedCheckpointFileIsFound)
{
    checkpoint();
    std::filesystem::remove(m_checkpoints);
    EXPECT_NE(verify().reason.find("checkpoints are missing"), std::string::npos);
}

TEST_F(EventLogTest, CheckpointsAreAppendedAndTornLinesCutOff)
{
    checkpoint();
    std::ofstream(m_checkpoints, std::ios::app) << R"({"checkpoint":2,"si)";
    EXPECT_EQ(verify().brokenAt, 0);
    fill(m_path, 5);
    checkpoint();
    const std::string text = checkpointText();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_NE(text.find(R"({"checkpoint":2,"size":55,)"), std::string::npos);
    const VerifyReport report = verify();
    EXPECT_EQ(report.brokenAt, 0) << report.reason;
    EXPECT_EQ(report.eventCount, 55);
}

TEST_F(EventLogTest, TheSigningKeyIsPrivate)
{
    checkpoint();
    const auto mode = std::filesystem::status(m_checkpoints + ".key").permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(EventLogTest, ALogWhoseEndDoesNotFitIsNotContinued)
{
    tamper("UPDATE events SET actor = 'x' WHERE sequence = 50");
    Database database = openStore(m_path);
    EXPECT_EQ(codeOf(EventAppender::open(database)), "storage.corrupt");
}

/// RFC 6962 §2.1, written down as it stands there.
Hash merkleByDefinition(const std::vector<Hash>& leaves, std::size_t from, std::size_t to)
{
    if (to - from == 1) return sha256(std::string(1, '\0') + std::string(asBytes(leaves[from])));
    std::size_t split = 1;
    while (split * 2 < to - from) split *= 2;
    const Hash left = merkleByDefinition(leaves, from, from + split);
    const Hash right = merkleByDefinition(leaves, from + split, to);
    return sha256("\1" + std::string(asBytes(left)) + std::string(asBytes(right)));
}

TEST(MerkleTree, RootsAreThoseOfTheDefinition)
{
    EXPECT_EQ(toHex(MerkleTree().root()),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    MerkleTree tree;
    std::vector<Hash> leaves;
    for (int i = 0; i < 70; ++i) {
        leaves.push_back(sha256(std::to_string(i)));
        tree.append(leaves.back());
        EXPECT_EQ(tree.root(), merkleByDefinition(leaves, 0, leaves.size())) << i;
    }
}

} // namespace
} // namespace qd::storage::test
