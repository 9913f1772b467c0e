// quarterdeckctl connects a broker: the real programs, the sandbox's authorization server, and a
// person in front of a browser.
#include <csignal>

#include <gtest/gtest.h>

#include "services/drills/cases/consent_desk.h"
#include "tests/functional/one_world.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class CtlConnection : public OneWorld<CtlConnection> {
public:
    static StageOptions options() { return {.empty = true}; }
    static void begin(Stage& stage) { s_desk = std::make_unique<ConsentDesk>(stage); }
    static void end() { s_desk.reset(); }

protected:
    void SetUp() override
    {
        OneWorld::SetUp();
        s_stage->setLimit(2min);
    }
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

    static std::unique_ptr<ConsentDesk> s_desk;
};

std::unique_ptr<ConsentDesk> CtlConnection::s_desk;

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
