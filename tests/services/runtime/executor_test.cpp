#include "services/runtime/executor.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/eventually.h"

namespace qd::runtime {
namespace {

using namespace std::chrono_literals;

TEST(ThreadExecutor, RunsTasksInTheOrderTheyWerePosted)
{
    std::vector<int> ran;
    {
        ThreadExecutor executor("order");
        for (int i = 0; i < 1000; ++i) executor.post([&ran, i] { ran.push_back(i); });
    }
    ASSERT_EQ(ran.size(), 1000u);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST(ThreadExecutor, KeepsTheOrderOfEachPosterAndLosesNothing)
{
    constexpr int kPosters = 4, kTasks = 5000;
    std::vector<int> last(kPosters, -1);
    bool isOrdered = true;
    {
        ThreadExecutor executor("posters");
        std::vector<std::jthread> posters;
        for (int poster = 0; poster < kPosters; ++poster)
            posters.emplace_back([&, poster] {
                for (int i = 0; i < kTasks; ++i)
                    executor.post([&, poster, i] {
                        auto& seen = last[static_cast<std::size_t>(poster)];
                        isOrdered = isOrdered && seen == i - 1;
                        seen = i;
                    });
            });
    }
    EXPECT_TRUE(isOrdered);
    for (const int seen : last) EXPECT_EQ(seen, kTasks - 1);
}

TEST(ThreadExecutor, TimersRunInOrderOfTheirDelayNotOfTheirMaking)
{
    ThreadExecutor executor("timers");
    std::vector<int> ran;
    std::vector<Timer> timers;
    std::atomic<bool> isDone = false;
    executor.post([&] {
        timers.push_back(executor.after(30ms, [&] {
            ran.push_back(3);
            isDone = true;
        }));
        timers.push_back(executor.after(10ms, [&] { ran.push_back(1); }));
        timers.push_back(executor.after(20ms, [&] { ran.push_back(2); }));
    });
    ASSERT_TRUE(test::eventually([&] { return isDone.load(); }));
    runAndWait(executor, [&] { timers.clear(); });
    EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
}

TEST(ThreadExecutor, ATimerThatEndsDoesNotRun)
{
    ThreadExecutor executor("cancel");
    std::atomic<bool> didRun = false, isLate = false;
    Timer late;
    executor.post([&] {
        const Timer ends = executor.after(5ms, [&] { didRun = true; });
        late = executor.after(25ms, [&] { isLate = true; });
    });
    ASSERT_TRUE(test::eventually([&] { return isLate.load(); }));
    EXPECT_FALSE(didRun);
}

TEST(ThreadExecutor, CancelledTimersDoNotPileUp)
{
    ThreadExecutor executor("pile");
    auto tracked = std::make_shared<int>(0);
    runAndWait(executor, [&] {
        for (int i = 0; i < 10'000; ++i) {
            // A deadline of an hour, set and cancelled for each of many messages.
            const Timer deadline = executor.after(1h, [tracked] {});
        }
    });
    EXPECT_LT(tracked.use_count(), 200);
}

TEST(ThreadExecutor, ATimerThatSetsItselfAgainLetsOthersRun)
{
    ThreadExecutor executor("fair");
    Timer timer;
    std::function<void()> again = [&] { timer = executor.after(Duration::zero(), again); };
    executor.post(again);
    std::atomic<bool> didRun = false;
    executor.post([&] { didRun = true; });
    EXPECT_TRUE(test::eventually([&] { return didRun.load(); }));
    runAndWait(executor, [&] { again = [] {}; });
    executor.stop();
}

TEST(ThreadExecutor, StopRunsWhatWasPostedAndDropsWhatComesLater)
{
    ThreadExecutor executor("stop");
    std::atomic<int> ran = 0;
    for (int i = 0; i < 100; ++i) executor.post([&] { ++ran; });
    executor.stop();
    EXPECT_EQ(ran, 100);
    executor.post([&] { ++ran; });
    runAndWait(executor, [&] { ++ran; });
    EXPECT_EQ(ran, 100);
}

TEST(ThreadExecutor, KnowsItsOwnThread)
{
    ThreadExecutor executor("own");
    EXPECT_FALSE(executor.isCurrent());
    bool isInside = false;
    runAndWait(executor, [&] { isInside = executor.isCurrent(); });
    EXPECT_TRUE(isInside);
}

} // namespace
} // namespace qd::runtime
