#include "services/storage/writer.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>

#include "tests/services/storage/store.h"
#include "tests/support/sim_world.h"

namespace qd::storage::test {
namespace {

using qd::test::SimExecutor;
using qd::test::SimWorld;

Result<void> refuseWork(Transaction&)
{
    return fail(ErrorKind::Invalid, "test.refused", "by the work itself");
}

/// A writer in virtual time; what is submitted before `run` falls into one batch.
class WriterTest : public ::testing::Test {
protected:
    Writer& writer()
    {
        if (!m_writer) {
            auto opened = Writer::open(openStore(m_path), m_db, m_options);
            QD_ASSERT(opened.has_value());
            m_writer = std::move(*opened);
        }
        return *m_writer;
    }

    void submit(Writer::Work work)
    {
        writer().submit(std::move(work), m_core, [this](Result<std::int64_t> outcome) {
            m_outcomes.push_back(std::move(outcome));
        });
    }

    void run() { m_world.runUntilIdle(); }

    std::vector<std::string> codes() const
    {
        std::vector<std::string> codes;
        for (const auto& outcome : m_outcomes) codes.push_back(codeOf(outcome));
        return codes;
    }

    std::int64_t rows(const char* table)
    {
        auto database = Database::openReadOnly(m_path);
        QD_ASSERT(database.has_value());
        return countOf(*database, table);
    }

    std::int64_t brokenAt()
    {
        auto database = Database::openReadOnly(m_path);
        QD_ASSERT(database.has_value());
        const auto report = verifyEvents(*database, {});
        QD_ASSERT(report.has_value());
        return report->brokenAt;
    }

    qd::test::TempDir m_folder;
    std::string m_path = (m_folder / "store.db").string();
    SimWorld m_world;
    SimExecutor m_core{m_world, "core"};
    SimExecutor m_db{m_world, "db"};
    WriterOptions m_options;
    std::vector<Result<std::int64_t>> m_outcomes;
    std::unique_ptr<Writer> m_writer;
};

using Codes = std::vector<std::string>;

TEST_F(WriterTest, WhatQueuedIsCommittedTogether)
{
    for (std::int64_t i = 1; i <= 200; ++i) submit(noteWork(i));
    run();
    EXPECT_EQ(writer().stats().works, 200u);
    EXPECT_EQ(writer().stats().commits, 1u);
    ASSERT_EQ(m_outcomes.size(), 200u);
    for (std::size_t i = 0; i < m_outcomes.size(); ++i)
        EXPECT_EQ(m_outcomes[i].value_or(-1), static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(rows("notes"), 200);
    EXPECT_EQ(brokenAt(), 0);
}

TEST_F(WriterTest, ABatchIsNeverLargerThanItsLimit)
{
    m_options.batchMax = 30;
    for (std::int64_t i = 1; i <= 100; ++i) submit(noteWork(i));
    run();
    EXPECT_EQ(writer().stats().commits, 4u);
    EXPECT_EQ(rows("events"), 100);
}

TEST_F(WriterTest, AFailedWorkIsUndoneAlone)
{
    submit(noteWork(1));
    submit([](Transaction& transaction) -> Result<void> {
        expectOk(noteWork(50)(transaction)); // succeeded so far: row and event must go again
        return refuseWork(transaction);
    });
    submit(noteWork(1)); // refused by the table
    submit(noteWork(2));
    run();
    EXPECT_EQ(codes(), (Codes{"ok", "test.refused", "storage.constraint", "ok"}));
    EXPECT_EQ(m_outcomes[3].value_or(0), 2); // no gap in the log
    EXPECT_EQ(rows("notes"), 2);
    EXPECT_EQ(rows("events"), 2);
    EXPECT_EQ(brokenAt(), 0);
    EXPECT_EQ(writer().stats().failures, 2u);
}

TEST_F(WriterTest, WhatRanBesideAFailedWorkIsThereOnce)
{
    int runs = 0;
    submit([&](Transaction& transaction) {
        ++runs;
        return noteWork(1)(transaction);
    });
    submit(refuseWork);
    run();
    EXPECT_EQ(runs, 2); // once without a fence, once behind one
    EXPECT_EQ(codes(), (Codes{"ok", "test.refused"}));
    EXPECT_EQ(m_outcomes[0].value_or(0), 1);
    EXPECT_EQ(rows("notes"), 1);
    EXPECT_EQ(rows("events"), 1);
    EXPECT_EQ(brokenAt(), 0);
}

TEST_F(WriterTest, ALogThatWasCopiedElsewhereIsBegunAgain)
{
    SimExecutor wal{m_world, "wal"};
    m_options.walCopies = &wal;
    m_options.walLimits = {.copyEvery = 40, .restartAt = 160};
    m_options.batchMax = 1; // a commit for each
    for (std::int64_t i = 1; i <= 200; ++i) {
        submit(noteWork(i));
        run();
    }
    constexpr std::uintmax_t kPage = 8'192 + 24, kPagesOfACommit = 20;
    EXPECT_LE(std::filesystem::file_size(m_path + "-wal"), (40 + kPagesOfACommit) * kPage);
    m_writer.reset();
    EXPECT_EQ(rows("notes"), 200);
    EXPECT_EQ(brokenAt(), 0);
}

TEST_F(WriterTest, TheWriterCopiesWhatAReaderHeldBackWhenItHasGone)
{
    SimExecutor wal{m_world, "wal"};
    m_options.walCopies = &wal;
    m_options.walLimits = {.copyEvery = 20, .restartAt = 40};
    m_options.batchMax = 1;
    std::int64_t number = 0;
    const auto sizeAfter = [&](int count) {
        for (int i = 0; i < count; ++i) {
            submit(noteWork(++number));
            run();
        }
        return std::filesystem::file_size(m_path + "-wal");
    };
    sizeAfter(1);
    auto reader = Database::openReadOnly(m_path);
    ASSERT_TRUE(reader.has_value());
    expectOk(reader->execute("BEGIN; SELECT count(*) FROM notes"));
    const auto few = sizeAfter(50);
    const auto held = sizeAfter(50);
    EXPECT_GT(held, few); // nobody may begin again what a reader still reads
    reader->rollback();
    sizeAfter(20); // the writer's next try, after `copyEvery` pages
    const auto grown = std::filesystem::file_size(m_path + "-wal");
    EXPECT_EQ(sizeAfter(100), grown);
    m_writer.reset();
    EXPECT_EQ(rows("notes"), number);
    EXPECT_EQ(brokenAt(), 0);
}

TEST_F(WriterTest, TheLogGrowsOnWhileTheCopyWaitsAndIsBegunAgainAfterIt)
{
    runtime::ThreadExecutor wal{"wal"};
    m_options.walCopies = &wal;
    m_options.walLimits = {.copyEvery = 40, .restartAt = 80};
    m_options.batchMax = 1;
    std::promise<void> gate;
    wal.post([held = gate.get_future().share()] { held.wait(); });
    std::int64_t number = 0;
    const auto sizeAfter = [&](int count) {
        for (int i = 0; i < count; ++i) {
            submit(noteWork(++number));
            run();
        }
        return std::filesystem::file_size(m_path + "-wal");
    };
    const auto held = sizeAfter(200); // commits do not wait for the copy
    EXPECT_EQ(codes(), Codes(200, "ok"));
    gate.set_value();
    runtime::runAndWait(wal, [] {});
    EXPECT_EQ(sizeAfter(100), held); // the file keeps its size, its pages are used again
    m_writer.reset();
    EXPECT_EQ(rows("notes"), number);
    EXPECT_EQ(brokenAt(), 0);
}

TEST_F(WriterTest, AWorkWithoutEventsAnswersZero)
{
    submit([](Transaction&) { return Result<void>(); });
    run();
    ASSERT_EQ(m_outcomes.size(), 1u);
    EXPECT_EQ(m_outcomes[0].value_or(-1), 0);
}

TEST_F(WriterTest, AFailedCommitFailsAllItsWorksAndOnlyThose)
{
    bool isFailing = true;
    m_options.fault = [&](std::string_view point) -> Result<void> {
        if (point != "before-commit" || !isFailing) return {};
        return fail(ErrorKind::Unavailable, "storage.full", "no space left");
    };
    submit(noteWork(1));
    submit(noteWork(2));
    run();
    EXPECT_EQ(codes(), (Codes{"storage.full", "storage.full"}));
    EXPECT_EQ(rows("notes"), 0);
    isFailing = false;
    submit(noteWork(3));
    run();
    EXPECT_EQ(m_outcomes.back().value_or(-1), 1);
    EXPECT_EQ(brokenAt(), 0);
}

TEST_F(WriterTest, AfterAFailedFlushEverythingIsRefused)
{
    m_options.batchMax = 1;
    m_options.fault = [](std::string_view) -> Result<void> {
        return fail(ErrorKind::Unavailable, "storage.io", "fsync failed");
    };
    submit(noteWork(1));
    submit(noteWork(2)); // waits in the queue meanwhile
    run();
    submit(noteWork(3));
    run();
    EXPECT_EQ(codes(), (Codes(3, "storage.stopped")));
    EXPECT_EQ(m_outcomes[2].error().kind, ErrorKind::Corrupt);
    EXPECT_TRUE(writer().stopped().has_value());
}

TEST_F(WriterTest, ACommitWhoseAnswerIsUncertainStopsTheWriter)
{
    m_options.fault = [](std::string_view point) -> Result<void> {
        if (point == "before-commit") return {};
        return fail(ErrorKind::Unavailable, "drill.cut", "answer lost");
    };
    submit(noteWork(1));
    run();
    EXPECT_EQ(codes(), (Codes{"storage.stopped"}));
    EXPECT_EQ(rows("notes"), 1); // it is there after all, and nobody was told that it is not
}

TEST_F(WriterTest, AFullQueueRefusesAtOnce)
{
    m_options.queueMax = 3;
    for (std::int64_t i = 1; i <= 5; ++i) submit(noteWork(i));
    run();
    EXPECT_EQ(codes(), (Codes{"storage.overloaded", "storage.overloaded", "ok", "ok", "ok"}));
    submit(noteWork(9));
    run();
    EXPECT_EQ(codes().back(), "ok");
}

TEST_F(WriterTest, ObserversSeeWhatWasCommittedInOrder)
{
    std::vector<Event> seen;
    writer().observe([&](const std::vector<Event>& events) {
        seen.insert(seen.end(), events.begin(), events.end());
    });
    submit(noteWork(1));
    submit(refuseWork);
    submit(noteWork(2));
    run();
    submit(noteWork(3));
    run();
    auto database = Database::openReadOnly(m_path);
    ASSERT_TRUE(database.has_value());
    EXPECT_EQ(seen, readEvents(*database, 0, 10).value_or(std::vector<Event>{}));
}

TEST_F(WriterTest, GoesOnFromWhatAnotherProcessHasWritten)
{
    writer();
    auto other = Writer::open(openStore(m_path), m_db, m_options);
    ASSERT_TRUE(other.has_value());
    for (std::int64_t number = 1; number <= 8; ++number) {
        Writer& next = number % 2 == 0 ? **other : writer();
        next.submit(noteWork(number), m_core, [this](Result<std::int64_t> outcome) {
            m_outcomes.push_back(std::move(outcome));
        });
        run();
    }
    for (const auto& outcome : m_outcomes) expectOk(outcome);
    EXPECT_EQ(rows("events"), 8);
    EXPECT_EQ(brokenAt(), 0);
}

TEST_F(WriterTest, AnEventWithoutATimeGetsTheClocks)
{
    submit([](Transaction& transaction) {
        Event event = noteEvent(1);
        event.time = {};
        return transaction.append(event).map([](std::int64_t) {});
    });
    const Timestamp now = m_world.now();
    run();
    auto database = Database::openReadOnly(m_path);
    ASSERT_TRUE(database.has_value());
    const auto events = readEvents(*database, 0, 1);
    ASSERT_TRUE(events && events->size() == 1);
    EXPECT_EQ(events->front().time, now);
}

TEST_F(WriterTest, AClosedWriterRefusesWhatItHasNotBegun)
{
    submit(noteWork(1));
    m_writer.reset();
    run();
    EXPECT_EQ(codes(), (Codes{"storage.closed"}));
    EXPECT_EQ(rows("notes"), 0);
}

TEST_F(WriterTest, FlushCommitsWhatIsQueued)
{
    submit(noteWork(1));
    writer().flush();
    EXPECT_EQ(rows("notes"), 1);
}

TEST_F(WriterTest, TheSameRunGivesTheSameLog)
{
    std::vector<Hash> heads;
    for (const char* name : {"a.db", "b.db"}) {
        SimWorld world(7);
        SimExecutor core(world, "core"), db(world, "db");
        world.setPostDelay(std::chrono::milliseconds(2));
        const std::string path = (m_folder / name).string();
        auto opened = Writer::open(openStore(path), db);
        ASSERT_TRUE(opened.has_value());
        for (std::int64_t i = 1; i <= 50; ++i) {
            (*opened)->submit(noteWork(i), core, {});
            world.run(std::chrono::microseconds(300));
        }
        world.runUntilIdle();
        auto database = Database::openReadOnly(path);
        ASSERT_TRUE(database.has_value());
        const auto report = verifyEvents(*database, {});
        ASSERT_TRUE(report.has_value());
        EXPECT_EQ(report->eventCount, 50);
        heads.push_back(report->head);
    }
    EXPECT_EQ(heads[0], heads[1]);
}

TEST(WriterThreads, GroupCommitBatchesWhatManyThreadsSubmit)
{
    constexpr int kThreads = 4;
    constexpr int kWorks = 300;
    const qd::test::TempDir folder;
    const std::string path = (folder / "store.db").string();
    runtime::ThreadExecutor db("db"), core("core");
    auto writer = Writer::open(openStore(path), db);
    ASSERT_TRUE(writer.has_value());
    std::vector<std::int64_t> sequences; // on `core` only
    std::promise<void> ended;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < kWorks; ++i) {
                (*writer)->submit(noteWork(thread * 1'000 + i), core,
                                  [&](const Result<std::int64_t>& outcome) {
                                      sequences.push_back(outcome.value_or(-1));
                                      if (sequences.size() == kThreads * kWorks) ended.set_value();
                                  });
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    ended.get_future().wait();
    ASSERT_EQ(sequences.size(), std::size_t{kThreads * kWorks});
    for (std::size_t i = 0; i < sequences.size(); ++i)
        ASSERT_EQ(sequences[i], static_cast<std::int64_t>(i) + 1); // answered in order of commit
    const WriterStats stats = (*writer)->stats();
    EXPECT_EQ(stats.works, std::uint64_t{kThreads * kWorks});
    EXPECT_LT(stats.commits, stats.works / 4);
}

} // namespace
} // namespace qd::storage::test
