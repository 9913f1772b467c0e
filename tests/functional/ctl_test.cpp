// quarterdeckctl against real programs: what it prints, and its exit codes.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/functional/one_world.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class Ctl : public OneWorld<Ctl> {
protected:
    static std::string member(const std::string& text, const char* name)
    {
        const auto document = json::Document::parse(text);
        return document ? std::string((*document)[name].stringOr({})) : "not JSON: " + text;
    }
};

TEST_F(Ctl, FindsTheRunningBackendByItsDataFolder)
{
    const auto said = say({"health"});
    EXPECT_EQ(said.code, 0) << said.err;
    for (const char* part : {"broker.alpaca", "archive"})
        EXPECT_NE(said.out.find(part), std::string::npos) << said.out;
}

TEST_F(Ctl, SubmitsShowsAndCancelsAnOrder)
{
    const auto submitted =
        say({"--json", "order", "submit", "buy", "2", "KO", "--limit", "20", "--tif", "gtc", "--yes"});
    ASSERT_EQ(submitted.code, 0) << submitted.out << submitted.err;
    const auto id = member(submitted.out, "clientOrderId");
    s_stage->awaitState(id, "accepted");
    EXPECT_NE(say({"order", "list"}).out.find(id), std::string::npos);
    EXPECT_NE(say({"order", "show", id, "--timeline"}).out.find("order.submitted"), std::string::npos);
    EXPECT_EQ(say({"order", "cancel", id}).code, 0);
    s_stage->awaitState(id, "canceled");
}

TEST_F(Ctl, TheSameIdTwiceIsOneOrder)
{
    const auto id = Stage::newId();
    const std::vector<std::string> words = {"order", "submit", "buy", "1", "PEP", "--limit", "100",
                                            "--id", id, "--confirm", "precaution.percent_off_market",
                                            "--confirm", "precaution.ticks_off_market"};
    EXPECT_EQ(say(words).code, 0);
    EXPECT_EQ(say(words).code, 0);
    s_stage->awaitState(id, "accepted");
    EXPECT_EQ(s_stage->venueOrderCount(id), 1);
}

TEST_F(Ctl, AQuestionIsExitCodeFourAndNothingIsDone)
{
    const auto id = Stage::newId();
    const auto said = say({"order", "submit", "buy", "1", "KO", "--limit", "100", "--id", id});
    EXPECT_EQ(said.code, 4) << said.err;
    EXPECT_NE(said.err.find("--confirm precaution.percent_off_market"), std::string::npos) << said.err;
    EXPECT_EQ(s_stage->order(id).status, 404);
}

TEST_F(Ctl, FieldProblemsAreSaidAtTheirFields)
{
    const auto said = say({"order", "submit", "buy", "1", "SPY", "--type", "limit"});
    EXPECT_EQ(said.code, 1);
    EXPECT_NE(said.err.find("limitPrice:"), std::string::npos) << said.err;
    const auto typo = say({"quote", "SPYY"});
    EXPECT_EQ(typo.code, 1);
    EXPECT_NE(typo.err.find("near: "), std::string::npos) << typo.err;
}

TEST_F(Ctl, ExitCodesTellUsageAndUnreachable)
{
    EXPECT_EQ(say({"order", "submit", "hold"}).code, 2);
    EXPECT_EQ(say({"no-such-command"}).code, 2);
    EXPECT_EQ(say({"--url", "http://127.0.0.1:9", "account"}).code, 3);
    EXPECT_EQ(say({"--help"}).code, 0);
}

TEST_F(Ctl, HaltStopsOrdersAndResumeTakesThemAgain)
{
    EXPECT_EQ(say({"trading", "halt", "--reason", "a drill"}).code, 0);
    const auto refused = say({"order", "submit", "buy", "1", "KO"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("halted: a drill"), std::string::npos) << refused.err;
    EXPECT_EQ(say({"trading", "resume"}).code, 0);
    EXPECT_EQ(say({"order", "submit", "buy", "1", "KO"}).code, 0);
}

TEST_F(Ctl, TheSwitchWorksWithoutTheWordBeforeIt)
{
    EXPECT_EQ(say({"halt", "--reason", "quick"}).code, 0);
    EXPECT_EQ(say({"order", "submit", "buy", "1", "KO"}).code, 1);
    EXPECT_EQ(say({"reduce"}).code, 0);
    const auto opens = say({"order", "submit", "buy", "1", "GM"});
    EXPECT_EQ(opens.code, 1) << opens.out;
    EXPECT_EQ(say({"resume"}).code, 0);
    EXPECT_EQ(say({"order", "submit", "buy", "1", "KO"}).code, 0);
}

TEST_F(Ctl, ModifiesAnOrderAndCancelsBySymbolSideAndAll)
{
    const auto rest = [](const char* symbol) {
        const auto said = say({"--json", "order", "submit", "buy", "3", symbol, "--limit", "20", "--tif",
                               "gtc", "--yes"});
        const auto id = member(said.out, "clientOrderId");
        s_stage->awaitState(id, "accepted");
        return id;
    };
    const auto ko = rest("KO"), gm = rest("GM"), pep = rest("PEP");
    const auto modified = say({"--json", "order", "modify", ko, "--limit", "19.50", "--quantity", "2"});
    ASSERT_EQ(modified.code, 0) << modified.err;
    const auto changed = member(modified.out, "clientOrderId"); // a change is a new order at the venue
    s_stage->awaitState(changed, "accepted");
    s_stage->awaitState(ko, "replaced");
    EXPECT_EQ(s_stage->order(changed).text("limitPrice"), "19.5");
    EXPECT_EQ(s_stage->order(changed).text("quantity"), "2");
    EXPECT_EQ(say({"order", "modify", changed, "--limit", "0"}).code, 1);
    EXPECT_EQ(say({"order", "cancel", "--all", "--symbol", "GM"}).code, 0);
    s_stage->awaitState(gm, "canceled");
    EXPECT_EQ(say({"order", "cancel", "--all", "--side", "sell"}).code, 0);
    EXPECT_EQ(s_stage->order(changed).text("state"), "accepted") << "a buy is no sell";
    EXPECT_EQ(say({"order", "cancel", "--all"}).code, 0);
    s_stage->awaitState(changed, "canceled");
    s_stage->awaitState(pep, "canceled");
}

TEST_F(Ctl, QuotesAreWatchedUntilTheEnd)
{
    const auto child = s_stage->run("watch", s_stage->programs().ctl,
                                    {"--data-dir", s_stage->dataDirectory(), "--json", "quote", "SPY",
                                     "--watch"});
    s_stage->await("three changes are printed", 30s, [&] {
        return std::ranges::count(child->output(), '\n') >= 3;
    });
    EXPECT_TRUE(child->isRunning());
    EXPECT_TRUE(child->terminate(5s)) << "it ends when told to";
}

TEST_F(Ctl, TheLogIsFollowedUntilTheEnd)
{
    const auto last = s_stage->get("/v1/events?limit=1000")["lastSequence"].integerOr(0);
    const auto child = start({"--json", "log", "tail", "--follow", "--after", std::to_string(last)});
    ASSERT_EQ(say({"halt", "--reason", "watched"}).code, 0);
    s_stage->await("the event is printed", 30s, [&] {
        return child->output().find("watched") != std::string::npos;
    });
    ASSERT_EQ(say({"resume", "--reason", "seen"}).code, 0);
    s_stage->await("so is the next one", 30s, [&] {
        return child->output().find("seen") != std::string::npos;
    });
    EXPECT_TRUE(child->isRunning());
    EXPECT_TRUE(child->terminate(5s)) << "it ends when told to";
}

TEST_F(Ctl, AStepIsBrokenAndMendedAgain)
{
    const auto armed = say({"--json", "fault", "set", "vault.read", "--kind", "delay", "--delay-ms", "1",
                            "--times", "2"});
    ASSERT_EQ(armed.code, 0) << armed.err;
    const auto isArmed = [](const std::string& text) {
        const auto answer = json::Document::parse(text);
        if (answer)
            for (const auto& point : (*answer)["faults"].items())
                if (point["name"].stringOr({}) == "vault.read") return point["armed"].booleanOr(false);
        return false;
    };
    EXPECT_TRUE(isArmed(armed.out)) << armed.out;
    EXPECT_EQ(say({"fault", "set", "no.such.step", "--kind", "fail"}).code, 1);
    EXPECT_EQ(say({"fault", "set", "vault.read", "--kind", "explode"}).code, 2);
    EXPECT_FALSE(isArmed(say({"--json", "fault", "clear"}).out));
}

TEST_F(Ctl, AChangeWhoseAnswerIsLostIsExitCodeThreeAndMayHaveBeenDone)
{
    ASSERT_EQ(say({"fault", "set", "storage.after-commit", "--kind", "crash"}).code, 0);
    const auto id = Stage::newId();
    const auto said = say({"order", "submit", "buy", "1", "KO", "--limit", "20", "--tif", "gtc", "--yes",
                           "--id", id});
    EXPECT_EQ(said.code, 3) << said.out << said.err;
    EXPECT_NE(said.err.find("it may have been done all the same"), std::string::npos) << said.err;
    s_stage->killBackend(); // what is left of it
    s_stage->startBackend();
    s_stage->awaitSettled();
    EXPECT_EQ(say({"order", "show", id}).code, 0) << "it was committed before the answer was lost";
    EXPECT_EQ(say({"order", "cancel", id}).code, 0);
}

TEST_F(Ctl, EveryLookHasATableAndJson)
{
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"position", "list"}, {"account"}, {"fills"}, {"quote", "SPY", "QQQ"},
          {"bars", "SPY", "--limit", "5"}, {"instrument", "search", "apple"},
          {"instrument", "show", "BRK.B"}, {"market", "status"}, {"trace", "list"}, {"metrics"},
          {"openapi"}, {"fault", "list"}, {"breaker", "list"}, {"log", "verify"}, {"log", "tail"},
          {"trading", "status"},
          {"order", "preview", "buy", "1", "SPY"}}) {
        const auto table = say(words);
        EXPECT_EQ(table.code, 0) << words.front() << ": " << table.err;
        EXPECT_FALSE(table.out.empty()) << words.front();
        auto asJson = words;
        asJson.insert(asJson.begin(), "--json");
        const auto json = say(asJson);
        const auto line = json.out.substr(0, json.out.find('\n'));
        EXPECT_TRUE(json::Document::parse(line).has_value()) << words.front() << ": " << line;
    }
}

TEST_F(Ctl, BackupIsTakenAndRestoreRefusesAnOpenDatabase)
{
    const auto backup = say({"--json", "backup", "functional.db"});
    ASSERT_EQ(backup.code, 0) << backup.err;
    const auto refused = say({"restore", member(backup.out, "path")});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("in_use"), std::string::npos) << refused.err;
}

/// A paper account's database has a name of its own; where its file is lost, its archive is left.
TEST_F(Ctl, TheOneDatabaseOfTheDataFolderNeedsNoName)
{
    const auto folder = *s_folder / "lost";
    std::filesystem::create_directories(folder / "paper-1.archive");
    s_folder->write("lost/sandbox-1.db", "the market's own, no database of a backend");
    const std::vector<std::string> list = {"--data-dir", folder.string(), "backup", "list"};
    const auto one = s_stage->run("list-one", s_stage->programs().ctl, list);
    ASSERT_TRUE(one->waitFor(30s));
    EXPECT_NE(one->errors().find("paper-1.archive"), std::string::npos) << one->errors();
    std::filesystem::create_directories(folder / "paper-2.archive");
    const auto two = s_stage->run("list-two", s_stage->programs().ctl, list);
    const auto exit = two->waitFor(30s);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 2);
    EXPECT_NE(two->errors().find("paper-1.db"), std::string::npos) << two->errors();
    EXPECT_NE(two->errors().find("paper-2.db"), std::string::npos) << two->errors();
}

TEST_F(Ctl, RestoreWhoseCheckpointsCannotBeCutIsNoSuccess)
{
    const auto backup = say({"--json", "backup", "elsewhere.db"});
    ASSERT_EQ(backup.code, 0) << backup.err;
    s_folder->write("elsewhere.checkpoints.jsonl", "no checkpoint\n");
    const auto path = (*s_folder / "elsewhere.db").string();
    const auto restored = say({"restore", member(backup.out, "path"), path});
    EXPECT_EQ(restored.code, 1);
    EXPECT_NE(restored.err.find("not its checkpoints"), std::string::npos) << restored.err;
    EXPECT_EQ(say({"log", "verify", "--file", path}).code, 1); // and so it says until they are mended
}

/// The figures of the running program, after all that the tests above did to it.
TEST_F(Ctl, PrometheusCanReadTheRunningBackendsMetrics)
{
    const auto metrics = s_stage->get("/metrics").body;
    EXPECT_NE(metrics.find("# TYPE"), std::string::npos) << metrics.substr(0, 200);
    if (std::system("command -v promtool >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "promtool is not installed";
    const auto path = s_folder->write("metrics.txt", metrics);
    const auto report = (*s_folder / "report.txt").string();
    const int status =
        std::system(("promtool check metrics < '" + path + "' > '" + report + "' 2>&1").c_str());
    EXPECT_EQ(status, 0) << slurp(report);
}

TEST_F(Ctl, TheTokenIsNeverPrinted)
{
    const std::string token(s_stage->token());
    ASSERT_FALSE(token.empty());
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"health"}, {"--json", "health"}, {"--url", "http://127.0.0.1:9", "account"}}) {
        const auto said = say(words);
        EXPECT_EQ((said.out + said.err).find(token), std::string::npos);
    }
}

} // namespace
} // namespace qd::drills
