// What an archive promises when nothing is damaged: any moment comes back as it was.
#include "tests/services/storage/archived_store.h"

#include <filesystem>
#include <fstream>

namespace qd::storage::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

TEST(Archive, AnyPointIsRestoredAsItWas)
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        ArchivedStore store(seed);
        store.start();
        const Timestamp begin = store.world().now();
        for (int run = 0; run < 4; ++run) {
            store.write(60);
            if (run == 1) store.run(20min); // the next commit takes a base
            if (run == 2) {
                store.stop();
                store.start();
            }
        }
        store.run(3s);
        const auto span = store.world().now() - begin;
        EXPECT_EQ(store.figures().waiting, 0u);
        EXPECT_EQ(store.figures().brokenOff, 0u) << "a clean restart goes on in the same line";
        ASSERT_EQ(archiveRanges(store.folder())->size(), 1u);
        EXPECT_GE(archiveRanges(store.folder())->front().bases, 2);
        for (int i = 0; i < 12; ++i) {
            const Duration into(static_cast<std::int64_t>(
                store.random().below(static_cast<std::uint64_t>(span.count()))));
            if (store.momentAt(begin + into) != nullptr) store.expectAt(begin + into);
            store.expectAtEvent(store.moments()[store.random().below(store.moments().size())]);
        }
        store.expectAt(store.moments().back().time);
        store.expectAt(store.world().now());
    }
}

TEST(Archive, APointIsTheMomentOfTheCommitByTheClockThatWasGiven)
{
    ArchivedStore store(11);
    store.start();
    store.write(5);
    const auto before = store.moments().back();
    store.run(2s);
    do {
        store.run(1s);
        ASSERT_TRUE(store.write());
    } while (store.moments().back().content == before.content);
    const auto after = store.moments().back();
    store.run(2s);
    EXPECT_EQ(store.restoreAt(after.time - 1ns).content, before.content);
    EXPECT_EQ(store.restoreAt(after.time).content, after.content);
    EXPECT_EQ(store.lastArchived(), after.time);
    // Somebody sets the clock back: later commits still come later.
    store.world().setWall(after.time - 1h);
    store.write(3);
    store.run(2s);
    EXPECT_EQ(store.lastArchived(), after.time);
    EXPECT_EQ(store.restoreAt(after.time).content, store.moments().back().content);
}

TEST(Archive, IsAtMostOneSecondBehindAndSaysHowFar)
{
    ArchivedStore store(12);
    store.start();
    store.write(2);
    store.run(2s);
    ASSERT_EQ(store.figures().waiting, 0u);
    ASSERT_TRUE(store.write());
    const auto last = store.moments().back();
    store.run(1s);
    EXPECT_EQ(store.figures().waiting, 0u);
    EXPECT_EQ(store.figures().event, last.event);
    EXPECT_TRUE(store.figures().isKept);
}

TEST(Archive, ALostDatabaseFileLosesNothingIfItsLogSurvives)
{
    ArchivedStore store(13);
    store.archive.lagMax = 1h; // the archive knows only the beginning
    store.limits = {.copyEvery = 2'000, .restartAt = 8'000};
    store.start();
    store.write(30);
    const auto middle = store.moments()[20];
    const auto last = store.moments().back();
    // The files as they are at this moment, the database itself spoilt.
    const fs::path lost = fs::path(store.folder()).parent_path() / "lost.db";
    fs::copy_file(store.path() + "-wal", lost.string() + "-wal");
    std::ofstream(lost) << std::string(50'000, 'x');
    const auto restored = restoreTo(store.folder(), {store.world().now(), {}}, lost.string());
    ASSERT_TRUE(restored) << describe(restored.error());
    EXPECT_GT(restored->fromWal, 0);
    EXPECT_EQ(contentOf(lost.string()), last.content);
    EXPECT_TRUE(fs::exists(lost.string() + ".before-restore"));
    EXPECT_TRUE(fs::exists(lost.string() + ".before-restore-wal"));
    fs::copy_file(store.path() + "-wal", lost.string() + "-wal");
    const auto earlier = restoreTo(store.folder(), {{}, middle.event}, lost.string());
    ASSERT_TRUE(earlier) << describe(earlier.error());
    EXPECT_EQ(earlier->eventCount, middle.event);
}

TEST(Archive, ADatabaseFoundDamagedKeepsItsLogForTheRestore)
{
    ArchivedStore store(19);
    store.start();
    store.write(30);
    const fs::path lost = fs::path(store.folder()).parent_path() / "lost.db";
    fs::copy_file(store.path(), lost);
    fs::copy_file(store.path() + "-wal", lost.string() + "-wal");
    const auto size = fs::file_size(lost);
    const auto walSize = fs::file_size(lost.string() + "-wal");
    ASSERT_GT(size, 60'000u);
    {
        std::fstream file(lost, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(8'192);
        file << std::string(size - 8'192, '\x5a');
    }
    {
        auto database = Database::open(lost.string());
        const bool isSound = database && database->checkIntegrity();
        ASSERT_FALSE(isSound);
    }
    ASSERT_TRUE(fs::exists(lost.string() + "-wal"));
    EXPECT_EQ(fs::file_size(lost.string() + "-wal"), walSize);
    ASSERT_TRUE(restoreTo(store.folder(), {store.world().now(), {}}, lost.string()));
    EXPECT_EQ(contentOf(lost.string()), store.moments().back().content);
}

TEST(Archive, TheStoreGoesOnFromWhereItWasRestored)
{
    ArchivedStore store(14);
    store.start();
    store.write(20);
    store.run(2s);
    store.stop();
    const auto wanted = store.moments()[9];
    const auto end = store.moments().back();
    ASSERT_TRUE(restoreTo(store.folder(), {wanted.time, {}}, store.path()));
    EXPECT_EQ(contentOf(store.path()), wanted.content);
    EXPECT_EQ(contentOf(store.path() + ".before-restore"), end.content);
    store.start();
    const Timestamp again = store.world().now();
    store.write(10);
    store.run(2s);
    EXPECT_EQ(archiveRanges(store.folder())->size(), 2u) << "what was restored begins a line of its own";
    store.expectAt(store.moments().back().time);
    EXPECT_EQ(store.restoreAt(end.time).content, end.content) << "what was left behind is still there";
    EXPECT_EQ(store.restoreAt(again - 1ns).content, wanted.content);
}

TEST(Archive, RestoringIsRefusedWhileTheDatabaseIsOpen)
{
    ArchivedStore store(15);
    store.start();
    store.write(3);
    store.run(2s);
    EXPECT_EQ(codeOf(restoreTo(store.folder(), {store.world().now(), {}}, store.path())), "storage.in_use");
}

TEST(Archive, APointBeforeTheOldestBaseOrInAGapIsRefusedAndTheRangesAreNamed)
{
    ArchivedStore store(16);
    store.run(10s);
    const Timestamp before = store.world().now() - 5s;
    store.start();
    store.write(10);
    store.run(2s);
    store.stop();
    const auto end = store.moments().back();
    store.run(1h);
    { // somebody writes past the archive
        Database database = openStore(store.path());
        expectOk(database.execute("UPDATE notes SET body = 'unseen'"));
    }
    store.run(1h);
    store.start();
    store.write(1);
    store.run(2s);
    const auto ranges = archiveRanges(store.folder());
    ASSERT_EQ(ranges->size(), 2u);
    for (const Timestamp point : {before, end.time + 30min}) {
        const auto refused = store.restoreAt(point);
        ASSERT_FALSE(refused.report) << point.toString();
        EXPECT_EQ(refused.report.error().code, "storage.archive_range");
        for (const auto& range : *ranges)
            EXPECT_NE(refused.report.error().detail.find(describe(range)), std::string::npos)
                << refused.report.error().detail;
        EXPECT_FALSE(fs::exists(store.restored()));
    }
    store.expectAt(end.time);
    store.expectAt(store.world().now());
}

TEST(Archive, RetentionKeepsEveryPointOfTheWindow)
{
    ArchivedStore store(17);
    store.archive.keepFor = 1h;
    store.start();
    while (store.moments().size() < 250) {
        ASSERT_TRUE(store.write());
        store.run(1min);
    }
    store.run(2s);
    const Timestamp now = store.world().now();
    const auto figures = store.figures();
    EXPECT_GT(figures.basesDropped, 3u);
    EXPECT_GT(figures.segmentsDropped, 3u);
    EXPECT_LE(figures.oldest, now - 1h);
    EXPECT_GE(figures.oldest, now - 1h - 25min) << "more is kept than the window needs";
    for (Duration back = 0min; back <= 1h; back += 3min) store.expectAt(now - back);
    EXPECT_EQ(codeOf(store.restoreAt(now - 2h).report), "storage.archive_range");
}

TEST(Archive, StaysWithinItsBytesAndKeepsTheNewestBase)
{
    ArchivedStore store(18);
    store.archive.keepBytes = 3'000'000;
    store.archive.baseEvery = 1000h; // only the bytes ask for bases
    store.start();
    store.write(300);
    store.run(2s);
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(store.folder())) bytes += entry.file_size();
    EXPECT_GT(store.figures().basesDropped, 0u);
    const auto base = fs::file_size(store.path());
    EXPECT_LT(bytes, 3'000'000 + 2 * base + 1'500'000);
    store.expectAt(store.world().now());
    store.expectAt(store.figures().oldest + 1s);
}

} // namespace
} // namespace qd::storage::test
