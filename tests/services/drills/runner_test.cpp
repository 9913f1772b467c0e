#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "services/drills/report.h"
#include "services/drills/secret_scan.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

Drill drillThat(void (*run)(Stage&, Evidence&))
{
    return {"PE-0.0", "a fault", "a promise", {.empty = true}, 10s, run};
}

pid_t startedPid = 0;

TEST(Runner, AHeldPromisePassesWithItsEvidence)
{
    Runner runner({});
    const Drill drill = drillThat([](Stage&, Evidence& evidence) { evidence.note("saw {}", 3); });
    const auto result = runner.run(drill);
    EXPECT_EQ(result.outcome, Outcome::Passed);
    ASSERT_FALSE(result.evidence.empty());
    EXPECT_EQ(result.evidence.front(), "saw 3");
}

TEST(Runner, ABrokenPromiseFailsAndSaysWhat)
{
    Runner runner({});
    const Drill drill = drillThat([](Stage&, Evidence&) { require(1 > 2, "expected {}, was {}", 2, 1); });
    const auto result = runner.run(drill);
    EXPECT_EQ(result.outcome, Outcome::Failed);
    EXPECT_EQ(result.reason, "expected 2, was 1");
    EXPECT_EQ(resultLine(result).find("PE-0.0"), 0U);
    EXPECT_NE(resultLine(result).find("failed:"), std::string::npos);
}

TEST(Runner, WhatCannotBeShownHereIsSkippedWithTheReason)
{
    Runner runner({});
    const Drill drill = drillThat([](Stage&, Evidence&) { throw CannotRun{"no loop mounts here"}; });
    const auto result = runner.run(drill);
    EXPECT_EQ(result.outcome, Outcome::Skipped);
    EXPECT_NE(resultLine(result).find("skipped: "), std::string::npos);
    EXPECT_EQ(tallyLine({result}), "0 passed, 0 failed, 1 skipped");
}

TEST(Runner, AWaitThatNeverEndsIsEndedByTheDrillsLimit)
{
    Runner runner({});
    Drill drill = drillThat([](Stage& stage, Evidence&) {
        stage.await("something that never comes", 1h, [] { return false; });
    });
    drill.limit = 1s;
    const auto result = runner.run(drill);
    EXPECT_EQ(result.outcome, Outcome::Failed);
    EXPECT_LT(result.took, 10s);
}

TEST(Runner, ASecretInAnyLogFailsTheDrill)
{
    Runner runner({});
    const Drill drill = drillThat([](Stage& stage, Evidence&) {
        std::ofstream(stage.folder() + "/credentials.json") << R"({"secretKey":"sesame-open-now"})";
        std::ofstream(stage.folder() + "/some.log") << "the key is sesame-open-now\n";
    });
    const auto result = runner.run(drill);
    EXPECT_EQ(result.outcome, Outcome::Failed);
    EXPECT_NE(result.reason.find("secretKey"), std::string::npos) << result.reason;
    EXPECT_EQ(result.reason.find("sesame"), std::string::npos) << "the report repeats the secret";
}

TEST(Runner, ProcessesOfAFailedDrillAreGone)
{
    Runner runner({});
    const Drill drill = drillThat([](Stage& stage, Evidence&) {
        const auto child = stage.run("sleeper", "/bin/sh", {"-c", "kill -STOP $$"});
        startedPid = child->pid();
        broken("on purpose");
    });
    EXPECT_EQ(runner.run(drill).outcome, Outcome::Failed);
    ASSERT_GT(startedPid, 0);
    EXPECT_EQ(::kill(startedPid, 0), -1);
}

TEST(Child, TellsHowItEndedAndWhatItSaid)
{
    test::TempDir folder;
    auto child = Child::start({"/bin/sh", {"-c", "echo hello; echo oops >&2; exit 7"}, {},
                               folder.path().string() + "/out", folder.path().string() + "/err"});
    ASSERT_TRUE(child.has_value());
    EXPECT_EQ((*child)->firstLine(5s), "hello");
    const auto exit = (*child)->waitFor(5s);
    ASSERT_TRUE(exit.has_value());
    EXPECT_EQ(exit->code, 7);
    EXPECT_EQ((*child)->errors(), "oops\n");
}

TEST(Child, OurOwnSettingsAreNotHandedDown)
{
    test::TempDir folder;
    ::setenv("QUARTERDECK_TEST_LEAK", "yes", 1);
    auto child = Child::start({"/bin/sh", {"-c", "echo \"[$QUARTERDECK_TEST_LEAK]\""}, {},
                               folder.path().string() + "/out", folder.path().string() + "/err"});
    ::unsetenv("QUARTERDECK_TEST_LEAK");
    ASSERT_TRUE(child.has_value());
    EXPECT_EQ((*child)->firstLine(5s), "[]");
}

TEST(Child, AProgramThatIsNotThereIsAnError)
{
    EXPECT_FALSE(Child::start({"/no/such/program", {}, {}, {}, {}}).has_value());
}

TEST(SecretScan, FindsKnownSecretsAndShapesButNotTheirOwnFiles)
{
    test::TempDir folder;
    std::ofstream(folder.path().string() + "/owner.token") << "0123456789abcdef0123456789abcdef\n";
    std::ofstream(folder.path().string() + "/clean.log") << "{\"message\":\"fine\"}\n";
    EXPECT_TRUE(scanForSecrets(folder.path().string()).leaks.empty());
    std::ofstream(folder.path().string() + "/dirty.db") << "x0123456789abcdef0123456789abcdefx";
    std::ofstream(folder.path().string() + "/dirty.log") << "Authorization: Bearer abcdefghijklmnopqrstu\n";
    const auto result = scanForSecrets(folder.path().string());
    EXPECT_EQ(result.leaks.size(), 2U);
}

TEST(Report, IsWrittenForPeopleAndPrograms)
{
    test::TempDir folder;
    Runner runner({});
    const Drill drill = drillThat([](Stage&, Evidence& evidence) { evidence.note("a \"quoted\" thing"); });
    const std::vector<DrillResult> results = {runner.run(drill)};
    const auto base = writeReport(folder.path().string() + "/reports", results, Timestamp::of("2026-01-02T03:04:05Z"));
    ASSERT_TRUE(base.has_value());
    const auto document = json::Document::parse(slurp(*base + ".json"));
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ((*document)["drills"].at(0)["outcome"].stringOr({}), "passed");
    EXPECT_EQ((*document)["drills"].at(0)["evidence"].at(0).stringOr({}), "a \"quoted\" thing");
    EXPECT_NE(slurp(*base + ".txt").find("1 passed, 0 failed, 0 skipped"), std::string::npos);
}

} // namespace
} // namespace qd::drills
