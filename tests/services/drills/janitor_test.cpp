#include "services/drills/janitor.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/drills/child.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// A folder with something in it.
fs::path furnished(const test::TempDir& parent)
{
    const fs::path folder = parent / "a drill's world";
    fs::create_directories(folder / "data");
    std::ofstream(folder / "data" / "file") << "something";
    return folder;
}

TEST(Janitor, WhoeverIsKilledLeavesNoFolderBehind)
{
    for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
        const test::TempDir parent;
        const fs::path folder = furnished(parent);
        const pid_t pid = ::fork();
        if (pid == 0) {
            Janitor janitor;
            janitor.watch(folder.string());
            ::raise(signal);
            ::_exit(0);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(pid, &status, 0), pid);
        ASSERT_TRUE(WIFSIGNALED(status)) << signal;
        EXPECT_TRUE(waitUntil(seconds(20), [&] { return !fs::exists(folder); })) << signal;
    }
}

TEST(Janitor, AnOrderlyEndRemovesThemToo)
{
    const test::TempDir parent;
    const fs::path folder = furnished(parent);
    {
        Janitor janitor;
        janitor.watch(folder.string());
        EXPECT_TRUE(fs::exists(folder));
    }
    EXPECT_FALSE(fs::exists(folder));
}

} // namespace
} // namespace qd::drills
