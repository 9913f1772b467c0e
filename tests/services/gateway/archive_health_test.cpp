#include "services/gateway/archive_health.h"

#include <gtest/gtest.h>

namespace qd::gateway {
namespace {

using namespace std::chrono_literals;

const Timestamp kNow = Timestamp::fromSeconds(1'000'000);

storage::ArchiveFigures kept()
{
    storage::ArchiveFigures figures;
    figures.isKept = true;
    figures.oldest = kNow - 24h;
    figures.reached = kNow - 1h;
    return figures;
}

TEST(ArchiveHealth, AQuietArchiveIsWellHoweverLongAgoTheLastCommitWas)
{
    const auto health = archiveHealth(kept(), kNow);
    EXPECT_EQ(health.status, HealthStatus::Ok);
    EXPECT_EQ(health.detail, "every moment since 1970-01-11T13:46:40Z can be restored");
}

TEST(ArchiveHealth, CommitsThatWaitTooLongDegradeIt)
{
    auto figures = kept();
    figures.waiting = 1;
    figures.reached = kNow - 5s;
    EXPECT_EQ(archiveHealth(figures, kNow).status, HealthStatus::Ok);
    figures.reached = kNow - 7s;
    const auto health = archiveHealth(figures, kNow);
    EXPECT_EQ(health.status, HealthStatus::Degraded);
    EXPECT_TRUE(health.detail.starts_with("behind by 7 s")) << health.detail;
}

TEST(ArchiveHealth, ABrokenOffOneIsToldAboveAllElse)
{
    auto figures = kept();
    figures.isKept = false;
    figures.brokenOff = 1;
    const auto health = archiveHealth(figures, kNow);
    EXPECT_EQ(health.status, HealthStatus::Degraded);
    EXPECT_TRUE(health.detail.starts_with("broken off")) << health.detail;
    EXPECT_FALSE(health.neededForReadiness) << "orders go on without it";
}

TEST(ArchiveHealth, SaysThatNothingCanBeRestoredYet)
{
    auto figures = kept();
    figures.oldest = {};
    EXPECT_EQ(archiveHealth(figures, kNow).detail, "its first base backup is being taken");
}

} // namespace
} // namespace qd::gateway
