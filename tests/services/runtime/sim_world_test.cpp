#include "tests/support/sim_world.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace qd::test {
namespace {

using namespace std::chrono_literals;

TEST(SimWorld, TimePassesOnlyBetweenTasks)
{
    SimWorld world;
    SimExecutor core(world);
    const auto start = world.now();
    std::vector<std::pair<int, Duration>> ran;
    const auto note = [&](int id) { ran.emplace_back(id, world.now() - start); };
    const auto late = core.after(2s, [&] { note(3); });
    const auto early = core.after(1s, [&] { note(2); });
    core.post([&] { note(1); });
    world.run(1500ms);
    EXPECT_EQ(ran, (std::vector<std::pair<int, Duration>>{{1, 0s}, {2, 1s}}));
    EXPECT_EQ(world.now() - start, 1500ms);
    world.run(1s);
    EXPECT_EQ(ran.back(), std::make_pair(3, Duration(2s)));
}

TEST(SimWorld, EqualTimesRunInTheOrderAskedForAcrossExecutors)
{
    SimWorld world;
    SimExecutor a(world, "a"), b(world, "b");
    std::string ran;
    for (int i = 0; i < 3; ++i) {
        a.post([&] { ran += 'a'; });
        b.post([&] { ran += 'b'; });
    }
    EXPECT_TRUE(world.runUntilIdle());
    EXPECT_EQ(ran, "ababab");
}

TEST(SimWorld, RunUntilStopsRightAfterTheTaskThatMadeItTrue)
{
    SimWorld world;
    SimExecutor core(world);
    int count = 0;
    std::vector<runtime::Timer> timers;
    for (int i = 1; i <= 10; ++i) timers.push_back(core.after(std::chrono::seconds(i), [&] { ++count; }));
    EXPECT_TRUE(world.runUntil([&] { return count == 4; }, 1min));
    EXPECT_EQ(count, 4);
    EXPECT_FALSE(world.runUntil([&] { return count == 99; }, 3s));
    EXPECT_EQ(count, 7);
}

TEST(SimWorld, CancelledTimersNeitherRunNorKeepTheWorldBusy)
{
    SimWorld world;
    SimExecutor core(world);
    bool didRun = false;
    { const auto timer = core.after(1h, [&] { didRun = true; }); }
    const auto before = world.now();
    EXPECT_EQ(world.pending(), 0u);
    EXPECT_TRUE(world.runUntilIdle());
    EXPECT_EQ(world.now(), before);
    EXPECT_FALSE(didRun);
}

TEST(SimWorld, AKilledProcessRunsNothingMoreAndOthersGoOn)
{
    SimWorld world;
    SimProcess backend(world), venue(world, "venue");
    std::string ran;
    auto& core = backend.executor("core");
    auto held = std::make_shared<int>(0);
    core.post([&, held] { ran += 'x'; });
    const auto timer = backend.executor("db").after(1s, [&, held] { ran += 'x'; });
    const auto other = venue.executor("io").after(1s, [&] { ran += 'v'; });
    backend.kill();
    EXPECT_EQ(held.use_count(), 1) << "what dropped tasks captured is gone";
    core.post([&] { ran += 'x'; });
    EXPECT_TRUE(world.runUntilIdle());
    EXPECT_EQ(ran, "v");
    EXPECT_FALSE(timer.isActive());
}

TEST(SimWorld, AProcessMayKillItselfInTheMiddleOfATask)
{
    SimWorld world;
    SimProcess backend(world);
    auto& core = backend.executor("core");
    bool didRun = false;
    core.post([&] {
        core.post([&] { didRun = true; });
        backend.kill();
    });
    EXPECT_TRUE(world.runUntilIdle());
    EXPECT_FALSE(didRun);
}

std::string traceOf(std::uint64_t seed)
{
    SimWorld world(seed);
    world.setPostDelay(1ms);
    SimExecutor a(world, "a"), b(world, "b");
    std::string ran;
    for (int i = 0; i < 20; ++i) {
        a.post([&ran, i] { ran += "a" + std::to_string(i) + " "; });
        b.post([&ran, i] { ran += "b" + std::to_string(i) + " "; });
    }
    world.runUntilIdle();
    return ran;
}

TEST(SimWorld, ASeedReplaysAndAnotherSeedInterleavesDifferently)
{
    EXPECT_EQ(traceOf(1), traceOf(1));
    EXPECT_NE(traceOf(1), traceOf(2));
}

TEST(SimWorld, DelayedPostsKeepTheOrderOfTheirExecutor)
{
    SimWorld world(9);
    world.setPostDelay(1ms);
    SimExecutor core(world);
    std::vector<int> ran;
    for (int i = 0; i < 200; ++i) core.post([&ran, i] { ran.push_back(i); });
    world.runUntilIdle();
    ASSERT_EQ(ran.size(), 200u);
    EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST(SimWorld, AnExecutorIsCurrentOnlyInItsOwnTasks)
{
    SimWorld world;
    SimExecutor a(world, "a"), b(world, "b");
    EXPECT_TRUE(a.isCurrent()) << "set-up outside any task may call after()";
    bool inA = false, inB = true;
    a.post([&] {
        inA = a.isCurrent();
        inB = b.isCurrent();
    });
    world.runReady();
    EXPECT_TRUE(inA);
    EXPECT_FALSE(inB);
}

} // namespace
} // namespace qd::test
