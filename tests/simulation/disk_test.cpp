// What the store promises when the disk below SQLite fails: nothing is acknowledged that a power cut
// could take away, a store that cannot be sure stops and says so, and a restart finds all of it.

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "services/storage/writer.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/orders_backend.h"

namespace qd::simulation {
namespace {

using namespace std::chrono_literals;
using storage::Database;
using test::FaultyDisk;

/// A store with its writer in virtual time; what it acknowledged is remembered here.
class Store {
public:
    explicit Store(FaultyDisk& disk) : m_disk(disk) {}
    ~Store() { close(); }

    Result<void> open()
    {
        auto database = Database::open(path());
        if (!database) return tl::unexpected(database.error());
        const auto migrated = storage::migrateAll(*database, {storage::storageMigrations()});
        if (!migrated) return migrated;
        m_process = std::make_unique<test::SimProcess>(m_world);
        auto writer = storage::Writer::open(std::move(*database), m_process->executor("db"));
        if (!writer) return tl::unexpected(writer.error());
        m_writer = std::move(*writer);
        return {};
    }
    void close()
    {
        if (m_process) m_process->kill();
        m_writer.reset();
        m_process.reset();
    }
    /// One event; its answer comes in virtual time. Empty: none came.
    std::string write()
    {
        std::string code;
        m_writer->submit(
            [](storage::Transaction& transaction) -> Result<void> {
                storage::Event event;
                event.kind = "drill.written";
                event.subject = "drill/disk";
                event.actor = "system:drill";
                event.payload = R"({"filler":")" + std::string(300, 'x') + R"("})";
                const auto sequence = transaction.append(std::move(event));
                return sequence ? Result<void>() : Result<void>(tl::unexpected(sequence.error()));
            },
            m_process->executor("core"), [&](const Result<std::int64_t>& outcome) {
                code = outcome ? "ok" : outcome.error().code;
                if (outcome) acknowledged.insert(*outcome);
            });
        m_world.run(1s);
        return code;
    }
    storage::Writer& writer() { return *m_writer; }
    /// Everything acknowledged is there, and the chain of it holds.
    void expectWhole(const std::string& where)
    {
        auto database = Database::open(path());
        ASSERT_TRUE(database) << where << ": " << describe(database.error());
        EXPECT_TRUE(database->checkIntegrity()) << where;
        const auto report = storage::verifyEvents(*database, {});
        ASSERT_TRUE(report) << where << ": " << describe(report.error());
        EXPECT_EQ(report->brokenAt, 0) << where;
        const std::int64_t last = acknowledged.empty() ? 0 : *acknowledged.rbegin();
        EXPECT_GE(report->eventCount, last) << where << ": acknowledged events are gone";
    }
    void cutPower(runtime::Random& luck)
    {
        m_disk.die();
        close();
        m_disk.cutPower(luck);
        m_disk.revive();
    }
    std::string path() const { return (m_directory / "store.db").string(); }

    std::set<std::int64_t> acknowledged;

private:
    FaultyDisk& m_disk;
    test::TempDir m_directory;
    test::SimWorld m_world;
    std::unique_ptr<test::SimProcess> m_process;
    std::unique_ptr<storage::Writer> m_writer;
};

TEST(Disk, AfterAFailedSyncNothingIsAcknowledgedAndTheWriterSaysWhy)
{
    FaultyDisk disk;
    Store store(disk);
    ASSERT_TRUE(store.open());
    for (int i = 0; i < 5; ++i) ASSERT_EQ(store.write(), "ok");
    disk.failSyncs(true);
    EXPECT_EQ(store.write(), "storage.stopped");
    EXPECT_GE(disk.counts().syncsFailed, 1u);
    ASSERT_TRUE(store.writer().stopped());
    EXPECT_EQ(store.writer().stopped()->kind, ErrorKind::Corrupt);
    disk.failSyncs(false);
    EXPECT_EQ(store.write(), "storage.stopped") << "a disk that failed once is not trusted again";
    runtime::SeededRandom luck(1);
    store.cutPower(luck);
    store.expectWhole("after the restart");
    ASSERT_TRUE(store.open());
    EXPECT_EQ(store.write(), "ok");
}

TEST(Disk, AFullDiskRefusesAndIsWrittenAgainOnceThereIsRoom)
{
    FaultyDisk disk;
    Store store(disk);
    ASSERT_TRUE(store.open());
    ASSERT_EQ(store.write(), "ok");
    disk.fillUp(true);
    const std::string refused = store.write();
    EXPECT_NE(refused, "ok");
    EXPECT_FALSE(refused.empty());
    EXPECT_GE(disk.counts().writesRefused, 1u);
    disk.fillUp(false);
    if (store.writer().stopped()) {
        store.close();
        ASSERT_TRUE(store.open());
    }
    EXPECT_EQ(store.write(), "ok");
    store.close();
    store.expectWhole("after the disk had room again");
}

TEST(Disk, ALogThatCannotBeReadWholeIsNotTakenForAShorterOne)
{
    FaultyDisk disk;
    Store store(disk);
    ASSERT_TRUE(store.open());
    for (int i = 0; i < 20; ++i) ASSERT_EQ(store.write(), "ok");
    disk.die(); // the WAL stays as it is: nobody tidies up
    store.close();
    disk.revive();
    for (const bool isShort : {true, false}) {
        isShort ? disk.shortenReads(true) : disk.failReads(true);
        const auto opened = store.open();
        ASSERT_FALSE(opened) << "opened as if the unread part did not exist";
        EXPECT_EQ(opened.error().code, "storage.io");
        disk.shortenReads(false);
        disk.failReads(false);
    }
    store.expectWhole("once it can be read");
}

TEST(Disk, DeathInAnyWriteLosesNothingAcknowledged)
{
    FaultyDisk disk;
    runtime::SeededRandom luck(20260105);
    for (std::uint64_t death = 1; death <= 80; ++death) {
        const bool machineToo = death % 3 != 0;
        Store store(disk);
        ASSERT_TRUE(store.open());
        disk.dieAfter(death, luck);
        for (int i = 0; i < 200 && !disk.hasDied(); ++i) store.write();
        ASSERT_TRUE(disk.hasDied()) << death;
        store.close();
        if (machineToo) disk.cutPower(luck);
        disk.revive();
        store.expectWhole("death in write " + std::to_string(death));
    }
    EXPECT_GT(disk.counts().unsyncedLost, 50u) << "the power cuts took nothing away";
}

TEST(Disk, ADiskThatLiesAboutSyncsIsFoundOut) // the control: these power cuts are real
{
    FaultyDisk disk;
    runtime::SeededRandom luck(7);
    disk.lieAboutSyncs(true);
    int lossy = 0;
    for (int run = 0; run < 10; ++run) {
        Store store(disk);
        ASSERT_TRUE(store.open());
        for (int i = 0; i < 10; ++i) store.write();
        store.cutPower(luck);
        auto database = Database::open(store.path());
        const auto report = database ? storage::verifyEvents(*database, {})
                                     : Result<storage::VerifyReport>(tl::unexpected(database.error()));
        lossy += !report || report->brokenAt != 0 || report->eventCount < 10;
    }
    EXPECT_GT(lossy, 0);
}

TEST(Disk, AnOrderThatCouldNotBeWrittenIsNeitherAcknowledgedNorSent)
{
    FaultyDisk disk;
    test::Backend backend({}, 1, /*started=*/false);
    backend.durability = storage::Durability::Full;
    backend.start();
    const ClientOrderId kept = backend.submit(test::buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    disk.failSyncs(true);
    const OrderRequest lost = test::buy(20, "ACME").limit("12.50");
    EXPECT_NE(backend.refusalOf(lost), "");
    backend.run(1min);
    EXPECT_EQ(backend.venue.findByClientId(lost.clientOrderId), nullptr) << "sent without a record";
    EXPECT_NE(backend.service().figures().storageError, "") << "nobody is told";
    disk.die();
    backend.crash();
    runtime::SeededRandom luck(3);
    disk.cutPower(luck);
    disk.revive();
    disk.failSyncs(false);
    backend.start();
    EXPECT_EQ(backend.state(kept), OrderState::Accepted);
    EXPECT_FALSE(backend.service().order(lost.clientOrderId));
    EXPECT_EQ(backend.refusalOf(lost), "") << "the same order may be sent after the restart";
}

} // namespace
} // namespace qd::simulation
