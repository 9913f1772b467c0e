#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "services/drills/crew.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

/// Where the drills below, which may run in other processes, leave and look for traces.
std::string g_crewFolder;

void leaveTrace(const char* name)
{
    std::ofstream(g_crewFolder + "/" + name) << "here";
}
bool isTraced(const char* name)
{
    return std::filesystem::exists(g_crewFolder + "/" + name);
}

/// Passes only if another drill runs at the same time.
void meet(Stage& stage, const char* mine, const char* theirs)
{
    leaveTrace(mine);
    stage.await("the other drill", 9s, [theirs] { return isTraced(theirs); });
}

const std::vector<Drill>& crewDrills()
{
    static const std::vector<Drill> all{
        {"PE-0.1", "f", "p", {.empty = true}, 10s,
         [](Stage& stage, Evidence&) { meet(stage, "one", "two"); }},
        {"PE-0.2", "f", "p", {.empty = true}, 10s,
         [](Stage& stage, Evidence&) { meet(stage, "two", "one"); }},
        {"PE-0.3", "f", "p", {.empty = true}, 10s,
         [](Stage&, Evidence& evidence) { evidence.note("saw {}", 3); }},
        {"PE-0.4", "f", "p", {.empty = true}, 10s,
         [](Stage&, Evidence&) { std::raise(SIGKILL); }},
        {"PE-0.5", "f", "p", {.empty = true}, 10s,
         [](Stage&, Evidence&) { require(isTraced("two"), "the others are not over"); }, true},
        {"PE-0.6", "f", "p", {.empty = true}, 10s, [](Stage&, Evidence& evidence) {
             for (int i = 0; i < 1000; ++i) evidence.note("{}", std::string(1000, 'x'));
         }},
        {"PE-0.7", "f", "p", {.empty = true}, 10s,
         [](Stage&, Evidence&) { throw CannotRun{"no loop mounts here"}; }},
    };
    return all;
}

class CrewTest : public ::testing::Test {
protected:
    CrewTest() { g_crewFolder = m_folder.path(); }
    std::vector<DrillResult> run(int jobs, const std::vector<std::string_view>& ids)
    {
        std::vector<const Drill*> wanted;
        for (const auto id : ids)
            wanted.push_back(&*std::ranges::find(crewDrills(), id, &Drill::id));
        std::vector<DrillResult> results;
        Crew(jobs, {}, crewDrills()).run(wanted, [&](const DrillResult& result) {
            results.push_back(result);
        });
        std::ranges::sort(results, {}, &DrillResult::drill);
        return results;
    }

    test::TempDir m_folder;
};

TEST_F(CrewTest, TwoRunAtTheSameTime)
{
    for (const auto& result : run(2, {"PE-0.1", "PE-0.2"}))
        EXPECT_EQ(result.outcome, Outcome::Passed) << result.reason;
}

TEST_F(CrewTest, MoreThanThereAreProcessesComeOneAfterTheOther)
{
    const auto results = run(2, {"PE-0.3", "PE-0.1", "PE-0.2", "PE-0.7"});
    ASSERT_EQ(results.size(), 4u);
    EXPECT_EQ(results[2].drill->id, "PE-0.3");
    EXPECT_EQ(results[2].evidence.front(), "saw 3");
    EXPECT_GT(results[2].took, Duration{});
    EXPECT_EQ(results[3].outcome, Outcome::Skipped);
    EXPECT_EQ(results[3].reason, "no loop mounts here");
}

TEST_F(CrewTest, WhatJudgesTimesRunsAfterTheOthers)
{
    for (const auto& result : run(2, {"PE-0.5", "PE-0.1", "PE-0.2"}))
        EXPECT_EQ(result.outcome, Outcome::Passed) << result.reason;
}

TEST_F(CrewTest, AProcessThatDiesFailsItsDrillAndNoOther)
{
    const auto results = run(2, {"PE-0.4", "PE-0.3", "PE-0.7"});
    ASSERT_EQ(results.size(), 3u);
    EXPECT_EQ(results[0].outcome, Outcome::Passed);
    EXPECT_EQ(results[1].outcome, Outcome::Failed);
    EXPECT_NE(results[1].reason.find("signal 9"), std::string::npos) << results[1].reason;
    EXPECT_EQ(results[2].outcome, Outcome::Skipped);
}

TEST_F(CrewTest, EvidenceThatDoesNotFitIsLeftOutAndSaidSo)
{
    const auto results = run(2, {"PE-0.6", "PE-0.3"});
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[1].outcome, Outcome::Passed) << results[1].reason;
    EXPECT_LT(results[1].evidence.size(), 1000u);
    EXPECT_NE(results[1].evidence.back().find("more lines"), std::string::npos);
}

TEST_F(CrewTest, OneAtATimeNeedsNoOtherProcess)
{
    const auto results = run(1, {"PE-0.3", "PE-0.7"});
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[0].outcome, Outcome::Passed);
}

} // namespace
} // namespace qd::drills
