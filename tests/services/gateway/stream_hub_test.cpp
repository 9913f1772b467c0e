#include "services/gateway/stream_hub.h"

#include "tests/services/gateway/desk.h"

namespace qd::gateway::test {
namespace {

using qd::test::buy;
using std::chrono::seconds;

class StreamHubTest : public ::testing::Test {
protected:
    static StreamSettings settings()
    {
        StreamSettings settings;
        settings.version = "1.2.3";
        settings.replayMax = 20;
        settings.sessionsMax = 3;
        return settings;
    }
    static std::int64_t sequenceOf(const json::Document& message)
    {
        return message.root()["sequence"].integerOr(-1);
    }
    /// Each event names the one before it.
    static void expectChain(const Desk::Client& client, std::int64_t from)
    {
        for (const auto& event : client.socket->messages("event")) {
            EXPECT_EQ(event.root()["previous"].integerOr(-1), from);
            EXPECT_GT(sequenceOf(event), from);
            from = sequenceOf(event);
        }
    }

    Desk desk{settings()};
};

TEST_F(StreamHubTest, HelloIsAnsweredByWelcomeSnapshotAndStatus)
{
    const auto order = desk.backend.submit(buy(10, "ACME").limit("12.40"));
    desk.run(seconds(1));
    auto client = desk.greet();
    const auto all = client.socket->messages();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].root()["type"].stringOr({}), "welcome");
    EXPECT_EQ(all[0].root()["version"].stringOr({}), "1.2.3");
    EXPECT_EQ(all[0].root()["environment"].stringOr({}), "paper");
    const auto snapshot = all[1].root();
    EXPECT_EQ(snapshot["type"].stringOr({}), "snapshot");
    EXPECT_EQ(snapshot["sequence"].integerOr(-1), all[0].root()["sequence"].integerOr(-2));
    ASSERT_EQ(snapshot["orders"].size(), 1u);
    EXPECT_EQ(snapshot["orders"].at(0)["clientOrderId"].stringOr({}), order.text());
    EXPECT_TRUE(snapshot["account"].isObject());
    EXPECT_EQ(snapshot["trading"]["state"].stringOr({}), "active");
    EXPECT_EQ(snapshot["market"]["calendar"].stringOr({}), "NYSE");
    EXPECT_EQ(all[2].root()["type"].stringOr({}), "status");
}

TEST_F(StreamHubTest, EventsFollowTheSnapshotWithoutAGap)
{
    auto client = desk.greet();
    const auto from = sequenceOf(client.socket->messages("snapshot").at(0));
    const auto order = desk.backend.submit(buy(10, "ACME").limit("12.40"));
    desk.run(seconds(1));
    desk.backend.fill(order, 10, "12.40");
    desk.run(seconds(5));
    const auto events = client.socket->messages("event");
    ASSERT_GE(events.size(), 4u);
    expectChain(client, from);
    bool filled = false;
    for (const auto& event : events) {
        if (event.root()["kind"].stringOr({}) != "order.filled") continue;
        filled = true;
        EXPECT_EQ(event.root()["fill"]["quantity"].stringOr({}), "10");
        EXPECT_EQ(event.root()["position"]["quantity"].stringOr({}), "10");
        EXPECT_EQ(event.root()["order"]["state"].stringOr({}), "filled");
    }
    EXPECT_TRUE(filled);
}

TEST_F(StreamHubTest, WhoComesBackGetsExactlyWhatWasMissed)
{
    auto witness = desk.greet();
    desk.backend.submit(buy(1, "ACME").limit("12.40"));
    desk.run(seconds(1));
    const auto seen = witness.socket->messages("event");
    ASSERT_GE(seen.size(), 2u);
    const auto last = sequenceOf(seen.front());
    auto client = desk.greet(std::to_string(last));
    EXPECT_TRUE(client.socket->messages("snapshot").empty());
    const auto replayed = client.socket->messages("event");
    ASSERT_EQ(replayed.size(), seen.size() - 1);
    expectChain(client, last);
    EXPECT_EQ(desk.hub->stats().replays, 1u);
    auto current = desk.greet(std::to_string(sequenceOf(seen.back())));
    EXPECT_TRUE(current.socket->messages("event").empty());
    EXPECT_TRUE(current.socket->messages("snapshot").empty());
}

TEST_F(StreamHubTest, WhatCannotBeReplayedIsASnapshot)
{
    auto witness = desk.greet();
    for (int i = 0; i < 20; ++i) desk.backend.submit(buy(1, "ACME").limit("12.40"));
    desk.run(seconds(2));
    const auto events = witness.socket->messages("event");
    ASSERT_GT(events.size(), 21u) << "more than is kept";
    witness.end();
    for (const auto after :
         {sequenceOf(events.front()), std::int64_t{999'999}, sequenceOf(events.back()) + 1}) {
        auto client = desk.greet(std::to_string(after));
        EXPECT_EQ(client.socket->messages("snapshot").size(), 1u) << after;
        EXPECT_TRUE(client.socket->messages("event").empty());
        client.end();
    }
}

TEST_F(StreamHubTest, BeforeAnythingIsCommittedTheNumbersGoOnFromTheLogs)
{
    desk.backend.submit(buy(1, "ACME").limit("12.40"));
    desk.run(seconds(1));
    const auto known = desk.backend.service().lastSequence();
    ASSERT_GT(known, 0);
    desk.restartHub();
    auto client = desk.greet(std::to_string(known - 1));
    EXPECT_EQ(sequenceOf(client.socket->messages("welcome").at(0)), known);
    EXPECT_EQ(sequenceOf(client.socket->messages("snapshot").at(0)), known);
    desk.backend.submit(buy(1, "ACME").limit("12.40"));
    desk.run(seconds(1));
    expectChain(client, known);
    auto current = desk.open();
    current.say(R"({"type":"hello","token":"trader","after":)" + std::to_string(known) + "}");
    EXPECT_TRUE(current.socket->messages("snapshot").empty()) << "nothing is unknown since then";
}

TEST_F(StreamHubTest, WithoutAValidTokenNobodyIsGreeted)
{
    for (const char* hello :
         {R"({"type":"hello"})", R"({"type":"hello","token":"thief"})",
          R"({"type":"subscribe","quotes":["SPY"]})", R"({"type":"dance"})", "not json", "[]"}) {
        auto client = desk.open();
        client.say(hello);
        ASSERT_TRUE(client.socket->closed) << hello;
        EXPECT_EQ(client.socket->closed->code, 1008) << hello;
        EXPECT_EQ(client.socket->messages("error").size(), 1u);
        EXPECT_TRUE(client.socket->messages("snapshot").empty());
        client.end();
    }
    auto known = desk.open(Caller{"user:header", {Role::Viewer}});
    known.say(R"({"type":"hello"})");
    EXPECT_EQ(known.socket->messages("welcome").size(), 1u) << "the header's token will do";
}

TEST_F(StreamHubTest, WhoSaysNothingIsSentAway)
{
    auto silent = desk.open();
    auto greeted = desk.greet();
    desk.run(seconds(9));
    EXPECT_FALSE(silent.socket->closed);
    desk.run(seconds(2));
    ASSERT_TRUE(silent.socket->closed);
    EXPECT_EQ(silent.socket->closed->code, 1008);
    EXPECT_FALSE(greeted.socket->closed);
}

TEST_F(StreamHubTest, ASlowSessionIsSentAwayAndLosesNothing)
{
    auto slow = desk.greet();
    auto quick = desk.greet();
    const auto from = sequenceOf(slow.socket->messages("snapshot").at(0));
    slow.socket->queueMax = 3'000;
    slow.socket->stuck = true;
    for (int i = 0; i < 3; ++i) desk.backend.submit(buy(1, "ACME").limit("12.40"));
    desk.run(seconds(1));
    ASSERT_TRUE(slow.socket->closed);
    EXPECT_EQ(slow.socket->closed->code, 1013);
    EXPECT_EQ(desk.hub->stats().slowClosed, 1u);
    EXPECT_FALSE(quick.socket->closed) << "the others do not notice";
    slow.end();

    auto last = from;
    std::vector<std::int64_t> got;
    for (const auto& event : slow.socket->messages("event"))
        got.push_back(last = sequenceOf(event));
    auto back = desk.greet(std::to_string(last));
    for (const auto& event : back.socket->messages("event")) got.push_back(sequenceOf(event));
    std::vector<std::int64_t> all;
    for (const auto& event : quick.socket->messages("event")) all.push_back(sequenceOf(event));
    EXPECT_EQ(got, all);
}

TEST_F(StreamHubTest, BadWishesAreRefusedWithTheReason)
{
    for (const char* wish :
         {R"({"type":"subscribe","quotes":["$$$"]})", R"({"type":"subscribe","trades":[7]})",
          R"({"type":"subscribe","bars":[{"symbol":"SPY","interval":"7m"}]})"}) {
        auto client = desk.greet();
        client.say(wish);
        ASSERT_TRUE(client.socket->closed) << wish;
        EXPECT_EQ(client.socket->closed->code, 1008);
        EXPECT_FALSE(client.socket->closed->text.empty());
        client.end();
    }
    std::string many = R"({"type":"subscribe","quotes":[)";
    for (int i = 0; i < 5'001; ++i) many += (i ? ",\"S" : "\"S") + std::to_string(i) + "\"";
    auto client = desk.greet();
    client.say(many + "]}");
    ASSERT_TRUE(client.socket->closed);
    EXPECT_NE(client.socket->closed->text.find("stream.too_many"), std::string::npos);
}

TEST_F(StreamHubTest, PingIsAnsweredAndStatusComesEverySecond)
{
    auto client = desk.greet();
    client.say(R"({"type":"ping","id":42})");
    ASSERT_EQ(client.socket->messages("pong").size(), 1u);
    EXPECT_EQ(client.socket->messages("pong")[0].root()["id"].integerOr(0), 42);
    const auto before = client.socket->messages("status").size();
    desk.run(seconds(5));
    EXPECT_EQ(client.socket->messages("status").size(), before + 5);
}

TEST_F(StreamHubTest, OneSessionTooManyIsToldWhenToComeBack)
{
    std::vector<Desk::Client> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(desk.greet());
    const auto refused = desk.hub->open({}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 503);
    EXPECT_EQ(refused.error().headers.find("Retry-After"), "5");
    clients[0].end();
    EXPECT_EQ(desk.hub->stats().sessions, 2u);
    EXPECT_TRUE(desk.hub->open({}, {}));
}

TEST_F(StreamHubTest, AtTheEndEverybodyIsToldToComeBackLater)
{
    auto client = desk.greet();
    desk.hub->closeAll("the backend is stopping");
    ASSERT_TRUE(client.socket->closed);
    EXPECT_EQ(client.socket->closed->code, 1013);
    client.end();
}

} // namespace
} // namespace qd::gateway::test
