#include "services/storage/backup.h"

#include <filesystem>
#include <fstream>

#include "services/storage/atomic_file.h"
#include "tests/services/storage/store.h"

namespace qd::storage::test {
namespace {

class BackupTest : public ::testing::Test {
protected:
    std::int64_t rows(const std::string& path)
    {
        Database database = openStore(path);
        return countOf(database, "notes");
    }

    void damage(const std::string& path)
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096 * 10);
        file << std::string(4096 * 6, '\x5a');
    }

    qd::test::TempDir m_folder;
    std::string m_path = (m_folder / "store.db").string();
    std::string m_copy = (m_folder / "copy.db").string();
};

TEST_F(BackupTest, ABackupOfABusyStoreIsOneMomentOfIt)
{
    fill(m_path, 5'000);
    runtime::ThreadExecutor db("db"), core("core");
    auto writer = Writer::open(openStore(m_path), db);
    ASSERT_TRUE(writer.has_value());
    // A chain of works that goes on until the backup is done.
    std::atomic<bool> isOver = false;
    std::atomic<std::int64_t> written = 5'000;
    std::function<void()> next = [&] {
        (*writer)->submit(noteWork(written + 1), core, [&](const Result<std::int64_t>& outcome) {
            expectOk(outcome);
            ++written;
            if (!isOver) next();
        });
    };
    next();
    std::vector<double> progress;
    std::int64_t during = 0;
    const auto count = backup(m_path, m_copy, [&](double done) {
        progress.push_back(done);
        during = written;
    });
    isOver = true;
    runtime::runAndWait(core, [] {});
    (*writer)->flush();
    runtime::runAndWait(core, [] {});
    expectOk(count);
    EXPECT_GE(count.value_or(0), 5'000);
    EXPECT_LE(count.value_or(0), during);
    ASSERT_FALSE(progress.empty());
    EXPECT_DOUBLE_EQ(progress.back(), 1.0);
    EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
    for (const char* suffix : {"-wal", "-shm", "-journal", ".partial", ".partial-lock"})
        EXPECT_FALSE(std::filesystem::exists(m_copy + suffix)) << suffix;
    EXPECT_EQ(rows(m_copy), count.value_or(0));
}

TEST_F(BackupTest, RestoreBringsBackWhatWasAndKeepsTheOld)
{
    fill(m_path, 100);
    EXPECT_EQ(backup(m_path, m_copy, {}).value_or(-1), 100);
    fill(m_path, 20);
    EXPECT_EQ(restore(m_copy, m_path).value_or(-1), 100);
    EXPECT_EQ(rows(m_path), 100);
    EXPECT_EQ(rows(m_path + ".before-restore"), 120);
    fill(m_path, 1); // it goes on from there
    EXPECT_EQ(rows(m_path), 101);
}

TEST_F(BackupTest, ADamagedDatabaseIsReplacedByItsBackup)
{
    fill(m_path, 2'000);
    EXPECT_EQ(backup(m_path, m_copy, {}).value_or(-1), 2'000);
    damage(m_path);
    std::ofstream(m_path + "-wal") << "left behind by a crash";
    expectOk(restore(m_copy, m_path));
    EXPECT_EQ(rows(m_path), 2'000);
    EXPECT_TRUE(std::filesystem::exists(m_path + ".before-restore-wal"));
}

TEST_F(BackupTest, RestoreIsRefusedWhileTheDatabaseIsOpen)
{
    fill(m_path, 10);
    expectOk(backup(m_path, m_copy, {}));
    {
        const Database open = openStore(m_path);
        EXPECT_EQ(codeOf(restore(m_copy, m_path)), "storage.in_use");
    }
    expectOk(restore(m_copy, m_path));
}

TEST_F(BackupTest, ADamagedBackupIsRefusedAndNothingIsTouched)
{
    fill(m_path, 2'000);
    expectOk(backup(m_path, m_copy, {}));
    damage(m_copy);
    const auto restored = restore(m_copy, m_path);
    ASSERT_FALSE(restored.has_value());
    EXPECT_EQ(restored.error().kind, ErrorKind::Corrupt);
    EXPECT_EQ(rows(m_path), 2'000);
    EXPECT_FALSE(std::filesystem::exists(m_path + ".before-restore"));
}

TEST_F(BackupTest, ABackupShorterThanItSaysIsRefused)
{
    fill(m_path, 200);
    expectOk(backup(m_path, m_copy, {}));
    const auto size = std::filesystem::file_size(m_copy);
    const auto torn = m_copy + "-torn";
    for (const std::uintmax_t missing : {1u, 100u, 4096u, 8192u}) {
        std::filesystem::copy_file(m_copy, torn, std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(torn, size - missing);
        const auto restored = restore(torn, m_path);
        ASSERT_FALSE(restored) << missing;
        EXPECT_EQ(restored.error().kind, ErrorKind::Corrupt) << describe(restored.error());
    }
    expectOk(restore(m_copy, m_path));
}

TEST_F(BackupTest, ABackupWithABrokenChainIsRefused)
{
    fill(m_path, 20);
    expectOk(backup(m_path, m_copy, {}));
    {
        Database copy = openStore(m_copy);
        expectOk(copy.execute("DROP TRIGGER events_no_update;"
                              "UPDATE events SET actor='x' WHERE sequence=4"));
    }
    EXPECT_EQ(codeOf(restore(m_copy, m_path)), "storage.corrupt");
    EXPECT_EQ(rows(m_path), 20);
}

TEST_F(BackupTest, PagesOfAnotherSizeAreTakenOver)
{
    fill(m_path, 100);
    {
        Database older = openStore(m_path);
        expectOk(older.execute("PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; VACUUM;"
                               "PRAGMA journal_mode=WAL"));
    }
    EXPECT_EQ(backup(m_path, m_copy, {}).value_or(-1), 100);
    std::filesystem::remove(m_path);
    fill(m_path, 20);
    EXPECT_EQ(restore(m_copy, m_path).value_or(-1), 100);
    EXPECT_EQ(rows(m_path), 100);
}

TEST_F(BackupTest, AnEmptyFileIsNobodysBackup)
{
    fill(m_path, 20);
    std::ofstream(m_copy).flush();
    EXPECT_EQ(codeOf(restore(m_copy, m_path)), "storage.corrupt");
    EXPECT_EQ(rows(m_path), 20);
}

TEST(AtomicFile, BytesComeBackAndAReplacementIsWhole)
{
    const qd::test::TempDir folder;
    const std::string path = (folder / "file").string();
    EXPECT_EQ(codeOf(readFile(path)), "storage.no_file");
    for (const Checksum checksum : {Checksum::None, Checksum::Sha256}) {
        const std::string bytes("a\0b\n", 4);
        expectOk(replaceFile(path, "an older and longer content", checksum));
        expectOk(replaceFile(path, bytes, checksum));
        EXPECT_EQ(readFile(path, checksum).value_or(""), bytes);
        EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
    }
}

TEST(AtomicFile, ATornFileIsNeverReadAsGood)
{
    const qd::test::TempDir folder;
    const std::string path = (folder / "file").string();
    expectOk(replaceFile(path, "some content", Checksum::Sha256));
    const std::string whole = readFile(path).value_or("");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        expectOk(replaceFile(path, whole.substr(0, size)));
        EXPECT_EQ(codeOf(readFile(path, Checksum::Sha256)), "storage.torn_file") << size;
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        expectOk(replaceFile(path, changed));
        EXPECT_EQ(codeOf(readFile(path, Checksum::Sha256)), "storage.torn_file") << at;
    }
}

} // namespace
} // namespace qd::storage::test
