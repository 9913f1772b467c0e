#include "services/storage/serving_lock.h"

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "services/storage/database.h"
#include "tests/support/temp_dir.h"

namespace qd::storage {
namespace {

class ServingLockTest : public ::testing::Test {
protected:
    qd::test::TempDir m_folder;
    std::string m_path = (m_folder / "desk.db").string();
};

TEST_F(ServingLockTest, IsOnesAtATime)
{
    {
        const auto first = ServingLock::take(m_path);
        ASSERT_TRUE(first) << describe(first.error());
        const auto second = ServingLock::take(m_path);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, "storage.served");
        EXPECT_NE(second.error().detail.find(std::to_string(::getpid())), std::string::npos)
            << second.error().detail;
        EXPECT_TRUE(ServingLock::take((m_folder / "other.db").string())) << "another database";
    }
    EXPECT_TRUE(ServingLock::take(m_path)) << "the first has ended";
}

TEST_F(ServingLockTest, KeepsNobodyFromReading)
{
    auto database = Database::open(m_path, Durability::Off);
    ASSERT_TRUE(database);
    const auto serving = ServingLock::take(m_path);
    ASSERT_TRUE(serving);
    EXPECT_TRUE(Database::openReadOnly(m_path));
    EXPECT_TRUE(database->execute("CREATE TABLE t(x)"));
}

TEST_F(ServingLockTest, EndsWithItsProcessHoweverItEnds)
{
    const pid_t child = ::fork();
    if (child == 0) {
        const auto held = ServingLock::take(m_path);
        ::raise(held ? SIGKILL : SIGTERM);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it was not held";
    EXPECT_TRUE(ServingLock::take(m_path));
}

} // namespace
} // namespace qd::storage
