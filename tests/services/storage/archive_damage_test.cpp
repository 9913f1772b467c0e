// What an archive promises when the program dies in the middle and when its files are damaged.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/services/storage/archived_store.h"
#include "tests/support/faulty_disk.h"

namespace qd::storage::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Result<void> diskError()
{
    return fail(ErrorKind::Unavailable, "storage.io", "the disk does not answer");
}

std::vector<fs::path> filesOf(const ArchivedStore& store, std::string_view prefix)
{
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(store.folder()))
        if (entry.path().filename().string().starts_with(prefix)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

void flipBit(const fs::path& path, std::uintmax_t at)
{
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 0x10));
}

/// A store with a past in one line, closed.
std::unique_ptr<ArchivedStore> closedStore(std::uint64_t seed)
{
    auto store = std::make_unique<ArchivedStore>(seed);
    store->archive.segmentBytes = 30'000;
    store->start();
    store->write(40);
    store->run(11min);
    store->write(40);
    store->run(2s);
    store->stop();
    return store;
}

TEST(ArchiveDamage, AFlippedBitIsFoundAndItsFileNamed)
{
    const auto store = closedStore(21);
    const auto end = store->moments().back();
    const auto bases = filesOf(*store, "base-");
    const auto segments = filesOf(*store, "segment-");
    ASSERT_GE(segments.size(), 5u);
    const auto last = *archiveRanges(store->folder());
    int found = 0;
    for (int i = 0; i < 60; ++i) {
        const auto& path = segments[store->random().below(segments.size())];
        const auto at = store->random().below(fs::file_size(path));
        flipBit(path, at);
        // Whatever the point: it is as it was, or the damage is named.
        const auto wanted = store->moments()[store->random().below(store->moments().size())];
        for (const Timestamp point : {wanted.time, end.time}) {
            const auto outcome = store->restoreAt(point);
            if (outcome.report) {
                EXPECT_TRUE(outcome.content == store->momentAt(point)->content) << path << " at " << at;
                continue;
            }
            ++found;
            EXPECT_EQ(outcome.report.error().code, "storage.archive_damaged");
            EXPECT_NE(outcome.report.error().detail.find(path.filename().string()), std::string::npos)
                << outcome.report.error().detail;
            EXPECT_FALSE(fs::exists(store->restored()));
        }
        flipBit(path, at);
    }
    EXPECT_GT(found, 20);
    store->expectAt(end.time); // and all is well again
    ASSERT_EQ(last.size(), 1u);
}

TEST(ArchiveDamage, AMissingOrShortenedSegmentIsFoundAndItsFileNamed)
{
    const auto store = closedStore(22);
    const auto end = store->moments().back();
    const auto segments = filesOf(*store, "segment-");
    const auto lastBase = filesOf(*store, "base-").back().stem().string().substr(5);
    for (const auto& path : segments) {
        if (path.filename().string().substr(8) < lastBase) continue; // not needed for the end
        const auto kept = path.string() + ".kept";
        const auto size = fs::file_size(path);
        const bool isLast = path == segments.back();
        fs::copy_file(path, kept);
        for (const std::uintmax_t length : {std::uintmax_t{0}, std::uintmax_t{40}, size / 2, size - 1}) {
            fs::resize_file(path, length);
            const auto outcome = store->restoreAt(end.time);
            if (!outcome.report) {
                EXPECT_NE(outcome.report.error().detail.find("segment-"), std::string::npos)
                    << outcome.report.error().detail;
                continue;
            }
            ASSERT_TRUE(isLast) << path << " of " << length << " bytes was read as good";
            if (outcome.content == end.content) continue; // only what the end of the program wrote is gone
            // The end of the last one may never have been acknowledged; it is said what is missing.
            ASSERT_FALSE(outcome.report->notes.empty());
            EXPECT_NE(outcome.report->notes.front().find(path.filename().string()), std::string::npos);
        }
        fs::remove(path);
        if (!isLast) {
            const auto missing = store->restoreAt(end.time);
            ASSERT_FALSE(missing.report) << path;
            EXPECT_NE(missing.report.error().detail.find(path.filename().string() + " is missing"),
                      std::string::npos)
                << missing.report.error().detail;
            bool isTold = false;
            const auto ranges = archiveRanges(store->folder());
            for (const auto& range : *ranges)
                isTold = isTold || range.trouble.find(path.filename().string()) != std::string::npos;
            EXPECT_TRUE(isTold) << path;
        }
        fs::rename(kept, path);
    }
    store->expectAt(end.time);
}

TEST(ArchiveDamage, ADamagedBaseIsPassedOverForAnOlderOneAndSaid)
{
    const auto store = closedStore(23);
    const auto bases = filesOf(*store, "base-");
    std::vector<fs::path> databases;
    for (const auto& path : bases)
        if (path.extension() == ".db") databases.push_back(path);
    ASSERT_GE(databases.size(), 2u);
    flipBit(databases.back(), fs::file_size(databases.back()) / 2);
    const auto end = store->moments().back();
    auto outcome = store->restoreAt(end.time);
    ASSERT_TRUE(outcome.report) << describe(outcome.report.error());
    EXPECT_TRUE(outcome.content == end.content);
    ASSERT_FALSE(outcome.report->notes.empty());
    EXPECT_NE(outcome.report->notes.front().find(databases.back().filename().string()), std::string::npos);
    for (std::size_t i = 0; i + 1 < databases.size(); ++i) fs::resize_file(databases[i], 8'192);
    outcome = store->restoreAt(end.time);
    ASSERT_FALSE(outcome.report);
    EXPECT_EQ(outcome.report.error().kind, ErrorKind::Corrupt);
    EXPECT_NE(outcome.report.error().detail.find(databases.back().filename().string()), std::string::npos);
}

/// Runs until a death at the `death`-th step of the archive or of SQLite's files, starts again, and
/// looks whether everything is there.
void dieAndComeBack(qd::test::FaultyDisk& disk, std::uint64_t seed, bool inArchive, std::uint64_t death)
{
    SCOPED_TRACE("seed " + std::to_string(seed) + (inArchive ? ", archive step " : ", SQLite step ") +
                 std::to_string(death));
    ArchivedStore store(seed);
    store.archive.baseEvery = 8s;
    store.archive.keepFor = 24s;
    std::uint64_t steps = 0;
    store.archive.fault = [&](std::string_view) {
        if (inArchive && ++steps == death) disk.die();
        return disk.hasDied() ? diskError() : Result<void>();
    };
    store.start();
    runtime::SeededRandom luck(seed);
    if (!inArchive) disk.dieAfter(death, luck);
    Timestamp archived;
    std::int64_t event = 0;
    for (int i = 0; i < 120 && !disk.hasDied(); ++i) {
        archived = store.lastArchived();
        event = store.figures().event;
        if (!store.write()) break;
    }
    ASSERT_TRUE(disk.hasDied());
    store.kill();
    // What was not synced may be there in part.
    const auto segments = filesOf(store, "segment-");
    if (!segments.empty() && seed % 2 == 0)
        std::ofstream(segments.back(), std::ios::app) << std::string(5, '\x03');
    if (seed % 3 == 0) disk.cutPower(luck);
    disk.revive();
    store.archive.fault = nullptr;
    store.start();
    const auto beforeDeath = store.moments().size();
    store.write(12);
    store.run(3s);
    EXPECT_TRUE(store.figures().isKept);
    store.expectAt(store.moments().back().time);
    const Timestamp oldest = store.figures().oldest;
    for (std::size_t i = 0; i < beforeDeath; ++i) {
        const auto& moment = store.moments()[i];
        if (moment.time < oldest || moment.time > archived || moment.event > event) continue;
        store.expectAt(moment.time);
    }
}

TEST(ArchiveDamage, DeathInAnyStepOfArchivingLosesNothingThatWasArchived)
{
    qd::test::FaultyDisk disk;
    for (std::uint64_t death = 8; death <= 100; death += 4) dieAndComeBack(disk, 300 + death, true, death);
}

TEST(ArchiveDamage, DeathInAnyWriteOfTheDatabaseLosesNothingThatWasArchived)
{
    qd::test::FaultyDisk disk;
    for (std::uint64_t death = 5; death <= 400; death += 18) dieAndComeBack(disk, 500 + death, false, death);
}

TEST(ArchiveDamage, AFullDiskIsToldAndTriedAgainWithoutAGap)
{
    ArchivedStore store(24);
    bool isFull = false;
    std::vector<std::string> told;
    store.limits = {.copyEvery = 2'000, .restartAt = 8'000};
    store.archive.fault = [&](std::string_view step) {
        return isFull && step == "archive-write" ? diskError() : Result<void>();
    };
    store.archive.told = [&](std::string_view what, const Error* trouble) {
        if (trouble != nullptr) told.emplace_back(what);
    };
    store.start();
    store.write(10);
    isFull = true;
    store.write(10); // commits go on all the same
    EXPECT_FALSE(told.empty());
    EXPECT_GT(store.figures().failures, 0u);
    isFull = false;
    store.write(10);
    store.run(2s);
    EXPECT_EQ(store.figures().brokenOff, 0u);
    for (const auto& moment : store.moments()) store.expectAt(moment.time);
}

TEST(ArchiveDamage, AnArchiveThatCannotBeWrittenForLongBreaksOffAndBeginsAnew)
{
    ArchivedStore store(25);
    bool isFull = false;
    store.archive.fault = [&](std::string_view step) {
        return isFull && step == "archive-write" ? diskError() : Result<void>();
    };
    store.start();
    store.write(10);
    store.run(2s);
    const auto before = store.moments().back();
    isFull = true;
    store.write(120); // the log would grow without end
    EXPECT_GT(store.figures().brokenOff, 0u);
    EXPECT_FALSE(store.figures().isKept);
    EXPECT_LT(fs::file_size(store.path() + "-wal"), 400u * 8'216u);
    isFull = false;
    store.run(2min);
    store.write(10);
    store.run(2s);
    EXPECT_TRUE(store.figures().isKept);
    EXPECT_EQ(archiveRanges(store.folder())->size(), 2u);
    store.expectAt(before.time);
    store.expectAt(store.moments().back().time);
}

TEST(ArchiveDamage, AFailedSyncIsNotTrustedAgain)
{
    ArchivedStore store(26);
    bool fails = false;
    store.archive.fault = [&](std::string_view step) {
        return fails && step == "archive-sync" ? diskError() : Result<void>();
    };
    store.start();
    store.write(10);
    store.run(2s);
    const auto before = store.moments().back();
    fails = true;
    store.write(2);
    store.run(2s);
    EXPECT_EQ(store.figures().brokenOff, 1u);
    fails = false;
    store.run(2min);
    store.write(5);
    store.run(2s);
    store.expectAt(before.time);
    store.expectAt(store.moments().back().time);
}

} // namespace
} // namespace qd::storage::test
