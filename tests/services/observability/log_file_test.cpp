#include "services/observability/log_file.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/json/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace qd::observability {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> linesOf(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

TEST(LogFile, KeepsEveryRecordOfEveryThreadWhole)
{
    const test::TempDir directory;
    const auto path = (directory / "q.log").string();
    constexpr int kThreads = 4, kRecords = 500;
    {
        LogFile file({.path = path, .queueMax = kThreads * kRecords + 16}); // a flush takes a place
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread)
            threads.emplace_back([&file, thread] {
                const Logger log(file, runtime::systemClock(), "t" + std::to_string(thread));
                for (int i = 0; i < kRecords; ++i) log.info("record", {{"number", i}});
            });
        threads.clear();
        file.flush();
        EXPECT_EQ(file.stats().written, kThreads * kRecords);
        EXPECT_EQ(file.stats().dropped, 0u);
    }
    std::vector<std::int64_t> next(kThreads, 0);
    for (const auto& line : linesOf(test::readFile(path))) {
        const auto record = json::Document::parse(line);
        ASSERT_TRUE(record) << line;
        const auto component = *(*record)["component"].string();
        auto& expected = next[static_cast<std::size_t>(component[1] - '0')];
        EXPECT_EQ((*record)["number"].integer(), expected++);
    }
    EXPECT_EQ(next, std::vector<std::int64_t>(kThreads, kRecords));
}

TEST(LogFile, TheFileIsForItsOwnerOnly)
{
    const test::TempDir directory;
    const auto path = (directory / "q.log").string();
    const LogFile file({.path = path});
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(LogFile, LevelsBelowAreNotEvenRendered)
{
    const test::TempDir directory;
    const auto path = (directory / "q.log").string();
    LogFile file({.path = path, .level = LogLevel::Warning});
    const Logger log(file, runtime::systemClock(), "x");
    log.info("quiet");
    log.warning("loud");
    file.setLevel(LogLevel::Debug);
    log.debug("quiet no more");
    file.flush();
    EXPECT_EQ(linesOf(test::readFile(path)).size(), 2u);
}

// The reader of this pipe does not read: the log's thread hangs in write(). Recording goes on.
TEST(LogFile, AStuckDiskStopsNobodyAndWhatIsLostIsCountedAndTold)
{
    const test::TempDir directory;
    const auto path = (directory / "pipe").string();
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const int reader = open(path.c_str(), O_RDWR | O_CLOEXEC);
    constexpr std::uint64_t kRecords = 20'000;
    constexpr std::size_t kQueueMax = 64;
    std::string read;
    std::jthread draining;
    {
        LogFile file({.path = path, .queueMax = kQueueMax});
        const Logger log(file, runtime::systemClock(), "x");
        for (std::uint64_t i = 0; i < kRecords; ++i) log.info("record", {{"number", i}});
        const auto stats = file.stats();
        EXPECT_GT(stats.dropped, 0u);
        // Written, lost, waiting, or in the writer's hand: none is unaccounted for.
        EXPECT_GE(stats.written + stats.dropped + kQueueMax + 1, kRecords);
        draining = std::jthread([&] {
            char buffer[65536];
            while (read.find("\"end\"") == std::string::npos) {
                const ssize_t count = ::read(reader, buffer, sizeof(buffer));
                if (count <= 0) break;
                read.append(buffer, static_cast<std::size_t>(count));
            }
        });
        file.flush();
        log.info("end");
        file.flush();
    }
    draining.join();
    close(reader);
    std::int64_t records = 0, lost = 0;
    for (const auto& line : linesOf(read)) {
        const auto record = json::Document::parse(line);
        ASSERT_TRUE(record) << line;
        records += (*record)["message"].string() == "record";
        lost += (*record)["lost"].integerOr(0);
    }
    EXPECT_GT(lost, 0);
    EXPECT_EQ(records + lost, static_cast<std::int64_t>(kRecords));
    EXPECT_NE(read.find("\"number\":19999"), std::string::npos) << "the newest records are kept";
}

TEST(LogFile, RotatesBySizeAndKeepsOnlySoManyFiles)
{
    const test::TempDir directory;
    const auto path = (directory / "q.log").string();
    constexpr std::uint64_t kSizeMax = 2000;
    {
        LogFile file({.path = path, .sizeBytesMax = kSizeMax, .filesKept = 3});
        const Logger log(file, runtime::systemClock(), "x");
        for (int i = 0; i < 200; ++i) log.info("record", {{"number", i}});
    }
    std::int64_t expected = 200;
    for (const auto* suffix : {"", ".1", ".2", ".3"}) {
        const auto text = test::readFile(path + suffix);
        EXPECT_GT(text.size(), kSizeMax / 2) << suffix;
        EXPECT_LE(text.size(), kSizeMax) << suffix;
        auto lines = linesOf(text);
        std::reverse(lines.begin(), lines.end());
        for (const auto& line : lines)
            EXPECT_EQ((*json::Document::parse(line))["number"].integer(), --expected);
    }
    EXPECT_FALSE(fs::exists(path + ".4"));
}

TEST(LogFile, GoesOnWithAFileThatIsThereAlready)
{
    const test::TempDir directory;
    const auto path = directory.write("q.log", "{\"message\":\"before\"}\n");
    {
        LogFile file({.path = path});
        Logger(file, runtime::systemClock(), "x").info("after");
    }
    EXPECT_EQ(linesOf(test::readFile(path)).size(), 2u);
}

TEST(LogFile, WithoutItsFileItUsesStandardErrorAndComesBack)
{
    const test::TempDir directory;
    const auto path = (directory / "later" / "q.log").string();
    test::FakeClock clock;
    testing::internal::CaptureStderr();
    LogFile file({.path = path}, clock);
    const Logger log(file, clock, "x");
    log.error("to standard error");
    file.flush();
    const auto stats = file.stats();
    const std::string standardError = testing::internal::GetCapturedStderr();
    EXPECT_NE(standardError.find("to standard error"), std::string::npos);
    EXPECT_TRUE(stats.isOnStandardError);
    EXPECT_EQ(stats.failures, 1u);
    EXPECT_NE(stats.lastFailure.find(path), std::string::npos) << stats.lastFailure;

    fs::create_directory(directory / "later");
    clock.advance(std::chrono::seconds(6));
    log.info("to the file");
    file.flush();
    EXPECT_FALSE(file.stats().isOnStandardError);
    EXPECT_NE(test::readFile(path).find("to the file"), std::string::npos);
}

TEST(LogFile, AFullDiskLosesNoLine)
{
    testing::internal::CaptureStderr();
    std::uint64_t failures = 0;
    {
        LogFile file({.path = "/dev/full"});
        const Logger log(file, runtime::systemClock(), "x");
        log.error("first");
        log.error("second");
        file.flush();
        failures = file.stats().failures;
        EXPECT_TRUE(file.stats().isOnStandardError);
    }
    const std::string standardError = testing::internal::GetCapturedStderr();
    EXPECT_NE(standardError.find("first"), std::string::npos);
    EXPECT_NE(standardError.find("second"), std::string::npos);
    EXPECT_EQ(failures, 1u) << "a full disk is not tried again with every line";
}

} // namespace
} // namespace qd::observability
