// quarterdeckctl connects a broker: the real programs, the sandbox's authorization server, and a
// person in front of a browser.
#include <csignal>

#include <gtest/gtest.h>

#include "services/drills/cases/consent_desk.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

/// One world for all tests of this file: starting it is most of the cost.
class CtlConnection : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        s_folder = std::make_unique<test::TempDir>();
        s_stage = std::make_unique<Stage>(
            StageOptions{.empty = true}, Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
            (s_folder->path() / "stage").string());
        s_stage->setLimit(5min);
        try {
            s_desk = std::make_unique<ConsentDesk>(*s_stage);
        } catch (const BrokenPromise& promise) {
            s_why = promise.what;
        } catch (const CannotRun& cannot) {
            s_why = cannot.why;
        }
    }
    static void TearDownTestSuite()
    {
        s_desk.reset();
        s_stage.reset();
        s_folder.reset();
    }
    void SetUp() override
    {
        ASSERT_EQ(s_why, "") << "the programs did not start";
        s_stage->setLimit(2min);
    }

    static std::unique_ptr<Child> start(std::vector<std::string> words)
    {
        words.insert(words.begin(), {"--data-dir", s_stage->dataDirectory()});
        return s_stage->run("ctl" + std::to_string(s_runs++), s_stage->programs().ctl, words);
    }
    struct Said {
        int code;
        std::string out, err;
    };
    static Said ended(Child& child)
    {
        const auto exit = child.waitFor(60s);
        return {exit ? exit->code : -1, child.output(), child.errors()};
    }
    static Said say(std::vector<std::string> words) { return ended(*start(std::move(words))); }
    /// The address that it prints, once it has.
    static std::string addressOf(Child& child)
    {
        std::string url;
        waitUntil(30s, [&] {
            const auto out = child.output();
            const auto at = out.find("http://");
            const auto end = at == std::string::npos ? at : out.find('\n', at);
            if (end != std::string::npos) url = out.substr(at, end - at);
            return !url.empty() || !child.isRunning();
        });
        return url;
    }

    static std::unique_ptr<test::TempDir> s_folder;
    static std::unique_ptr<Stage> s_stage;
    static std::unique_ptr<ConsentDesk> s_desk;
    static std::string s_why;
    static int s_runs;
};

std::unique_ptr<test::TempDir> CtlConnection::s_folder;
std::unique_ptr<Stage> CtlConnection::s_stage;
std::unique_ptr<ConsentDesk> CtlConnection::s_desk;
std::string CtlConnection::s_why;
int CtlConnection::s_runs = 0;

TEST_F(CtlConnection, AddsShowsAndRemovesOne)
{
    EXPECT_EQ(say({"connection", "status", "alpaca"}).code, 1);
    const auto add = start({"connection", "add", "alpaca", "--no-browser"});
    const auto url = addressOf(*add);
    ASSERT_NE(url, "") << add->output() << add->errors();
    const auto back = consentAt(s_stage->link(), url);
    EXPECT_EQ(openAddress(s_stage->link(), back.substr(0, back.find('?')) + "?nothing=1").status, 400);
    EXPECT_EQ(openAddress(s_stage->link(), back.substr(0, back.find("/callback")) + "/other").status,
              404);
    const auto page = openAddress(s_stage->link(), back);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.body.find("close this window"), std::string::npos) << page.body;
    EXPECT_EQ(page.headers.find("Cache-Control"), "no-store");
    const auto added = ended(*add);
    EXPECT_EQ(added.code, 0) << added.out << added.err;
    EXPECT_NE(added.out.find("connected"), std::string::npos) << added.out;
    s_desk->awaitTrading();
    const auto listed = say({"connection", "list"});
    EXPECT_NE(listed.out.find("alpaca"), std::string::npos) << listed.out;
    EXPECT_NE(listed.out.find("yes"), std::string::npos) << "it trades: " << listed.out;
    EXPECT_EQ(say({"connection", "status", "alpaca"}).code, 0);
    EXPECT_EQ(say({"connection", "remove", "alpaca"}).code, 0);
    s_stage->await("the broker has confirmed", 60s, [] { return s_desk->status() == "none"; });
    EXPECT_EQ(say({"connection", "remove", "alpaca"}).code, 1) << "there is none";
}

TEST_F(CtlConnection, SaysWhatTheUserOrTheBrokerRefused)
{
    const auto add = start({"--json", "connection", "add", "alpaca", "--no-browser"});
    const auto line = add->firstLine(30s);
    const auto begun = json::Document::parse(line);
    ASSERT_TRUE(begun.has_value()) << line << add->errors();
    const auto url = std::string((*begun)["authorizeUrl"].stringOr({}));
    openAddress(s_stage->link(), consentAt(s_stage->link(), url, /*saysYes=*/false));
    const auto refused = ended(*add);
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("access_denied"), std::string::npos) << refused.err;
    const auto unknown = say({"connection", "add", "nobodys", "--no-browser"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_NE(unknown.err.find("alpaca, tradier, ibkr, schwab"), std::string::npos) << unknown.err;
    const auto missing = say({"connection", "list", "--available"});
    EXPECT_NE(missing.out.find("oauth.schwab.client_id"), std::string::npos) << missing.out;
}

TEST_F(CtlConnection, IsCancelledByItsUser)
{
    const auto add = start({"connection", "add", "alpaca", "--no-browser"});
    ASSERT_NE(addressOf(*add), "") << add->errors();
    ::kill(add->pid(), SIGINT);
    const auto cancelled = ended(*add);
    EXPECT_EQ(cancelled.code, 1);
    EXPECT_NE(cancelled.err.find("cancelled: nothing was connected"), std::string::npos)
        << cancelled.err;
    EXPECT_EQ(s_desk->status(), "none");
}

TEST_F(CtlConnection, TriesAgainWithoutNewConsentWhenTheBrokerFails)
{
    const auto codes = s_desk->count("codes");
    const auto add = start({"connection", "add", "alpaca", "--no-browser"});
    const auto url = addressOf(*add);
    ASSERT_NE(url, "") << add->errors();
    const auto back = consentAt(s_stage->link(), url);
    s_desk->faults(R"({"tokenErrors":2})");
    openAddress(s_stage->link(), back);
    const auto added = ended(*add);
    EXPECT_EQ(added.code, 0) << added.err;
    EXPECT_NE(added.err.find("without new consent"), std::string::npos) << added.err;
    EXPECT_EQ(s_desk->count("codes") - codes, 1);
    EXPECT_EQ(say({"connection", "remove", "alpaca"}).code, 0);
}

} // namespace
} // namespace qd::drills
