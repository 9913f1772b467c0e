#include "services/brokers/stream_line.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/services/brokers/venue_world.h"

namespace qd::brokers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A client whose sockets do nothing by themselves: the test tells what comes, however late.
class HeldSockets final : public wire::WebSocketClient {
public:
    struct Socket final : wire::WebSocket {
        bool send(wire::WebSocketMessage message) override
        {
            sent.push_back(std::move(message.payload));
            return true;
        }
        bool sendShared(std::shared_ptr<const std::string> payload, bool binary) override
        {
            return send({binary, *payload});
        }
        std::size_t queuedBytes() const override { return 0; }
        void close(wire::CloseReason reason) override { farewell = reason.text; }
        bool isOpen() const override { return farewell.empty(); }

        wire::WebSocketEvents events;
        std::vector<std::string> sent;
        std::string farewell;
    };

    std::shared_ptr<wire::WebSocket> connect(wire::WebSocketOptions,
                                             wire::WebSocketEvents events) override
    {
        made.push_back(std::make_shared<Socket>());
        made.back()->events = std::move(events);
        if (refuses) made.back()->events.onClosed({1006, "refused at once"});
        return made.back();
    }

    std::vector<std::shared_ptr<Socket>> made;
    bool refuses = false;
};

class StreamLineTest : public ::testing::Test, public test::VenueWorld {
protected:
    struct Told {
        ConnectionChange change;
        Timestamp at;
    };

    /// Says "hello" when it opens, and listens from "welcome" on.
    StreamLine::Terms terms()
    {
        return {
            .connect =
                [this](const StreamLine::Attempt& attempt) {
                    ++attempts;
                    if (onConnect)
                        onConnect(attempt);
                    else
                        attempt.open(options());
                },
            .opened =
                [this] {
                    line->sendText("hello");
                    if (onOpened) onOpened();
                },
            .message =
                [this](std::string_view payload) {
                    messages.emplace_back(payload);
                    if (payload == "welcome") return line->listening("welcomed");
                    if (onMessage) onMessage();
                },
            .changed =
                [this](ConnectionChange change) {
                    told.push_back({change, world.now()});
                    if (onChanged) onChanged(change.connected);
                },
            .hideSecrets =
                [](std::string& text) {
                    if (const auto at = text.find("hush"); at != std::string::npos)
                        text.replace(at, 4, "***");
                },
            .silent = "it said nothing",
            .silentFarewell = "too quiet",
        };
    }
    static wire::WebSocketOptions options()
    {
        wire::WebSocketOptions options;
        options.url = settings().streamUrl;
        return options;
    }
    void SetUp() override
    {
        venue.onText = [this](test::ScriptedVenue::Session& session, const std::string&) {
            if (welcomes) session.tell("welcome");
        };
    }
    void make(wire::WebSocketClient& client)
    {
        line = std::make_unique<StreamLine>(terms(), client, core, world.random());
    }
    void start()
    {
        make(*sockets);
        line->start();
    }
    bool runUntilListening()
    {
        return world.runUntil([this] { return line->isListening(); });
    }

    bool welcomes = true;
    int attempts = 0;
    std::function<void(const StreamLine::Attempt&)> onConnect;
    std::function<void()> onOpened, onMessage;
    std::function<void(bool)> onChanged;
    std::vector<std::string> messages;
    std::vector<Told> told;
    HeldSockets held;
    std::unique_ptr<StreamLine> line;
};

TEST_F(StreamLineTest, ItListensOnceTheVenueSaysSo)
{
    start();
    ASSERT_TRUE(runUntilListening());
    ASSERT_EQ(told.size(), 1u);
    EXPECT_TRUE(told[0].change.connected);
    EXPECT_EQ(told[0].change.reason, "welcomed");
    EXPECT_EQ(venue.sessions[0]->received, std::vector<std::string>{"hello"});
    run(seconds(60));
    EXPECT_TRUE(line->isListening()) << "the handshake's deadline is over";
    EXPECT_TRUE(line->lastError().code.empty());
}

TEST_F(StreamLineTest, ASilentVenueIsLeftAfterTenSeconds)
{
    make(held);
    const auto begin = world.now();
    line->start();
    run(StreamLine::kHandshakeMax - milliseconds(1));
    EXPECT_TRUE(told.empty());
    run(milliseconds(1));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].at, begin + seconds(10));
    EXPECT_FALSE(told[0].change.connected);
    EXPECT_EQ(told[0].change.reason, "it said nothing");
    EXPECT_EQ(held.made[0]->farewell, "too quiet");
    EXPECT_EQ(line->lastError().code, "broker.stream_down");
    EXPECT_EQ(line->lastError().detail, "it said nothing");
    EXPECT_EQ(line->lastErrorAt(), told[0].at);
}

TEST_F(StreamLineTest, WaitsStayWithinTheBoundsOfTheJitterAndAreKept)
{
    std::vector<Timestamp> tries;
    onConnect = [&](const StreamLine::Attempt& attempt) {
        tries.push_back(world.now());
        attempt.fail("no session");
    };
    start();
    run(std::chrono::minutes(10));
    ASSERT_GT(told.size(), 20u);
    for (std::size_t i = 0; i + 1 < told.size(); ++i) {
        const Duration wait = told[i].change.nextAttempt - told[i].at;
        const Duration most =
            std::min<Duration>(StreamLine::kReconnect.cap,
                               StreamLine::kReconnect.base * (1 << std::min<std::size_t>(i, 10)));
        EXPECT_GE(wait, StreamLine::kReconnectMin) << i;
        EXPECT_LE(wait, std::max<Duration>(most, StreamLine::kReconnectMin)) << i;
        EXPECT_EQ(tries[i + 1], told[i].change.nextAttempt) << i;
    }
    EXPECT_EQ(line->nextAttempt(), told.back().change.nextAttempt);

    onConnect = nullptr;
    ASSERT_TRUE(runUntilListening());
    EXPECT_FALSE(line->nextAttempt().isSet());
    network.dropSockets("alpaca.test");
    ASSERT_TRUE(world.runUntil([this] { return !line->isListening(); }));
    EXPECT_LE(told.back().change.nextAttempt - told.back().at, StreamLine::kReconnect.base)
        << "waits begin anew once it has listened";
}

TEST_F(StreamLineTest, AStaleSocketIsNotHeard)
{
    make(held);
    line->start();
    const auto old = held.made[0];
    old->events.onOpen(old);
    line->leave("had enough", "goodbye");
    EXPECT_EQ(old->farewell, "goodbye");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].change.reason, "had enough");
    old->events.onMessage({false, "welcome"});
    old->events.onClosed({1000, "goodbye"});
    EXPECT_EQ(told.size(), 1u) << "its end is told once";

    ASSERT_TRUE(world.runUntil([this] { return held.made.size() == 2; }));
    const auto next = held.made[1];
    old->events.onOpen(old);
    old->events.onMessage({false, "welcome"});
    old->events.onClosed({1006, "late"});
    EXPECT_TRUE(messages.empty());
    EXPECT_EQ(told.size(), 1u);
    EXPECT_EQ(old->sent, std::vector<std::string>{"hello"}) << "once, when it was the latest";
    next->events.onOpen(next);
    next->events.onMessage({false, "welcome"});
    EXPECT_EQ(next->sent, std::vector<std::string>{"hello"});
    EXPECT_TRUE(line->isListening());
}

TEST_F(StreamLineTest, StoppedDuringTheHandshakeItIsQuietForGood)
{
    welcomes = false;
    start();
    run(seconds(5));
    ASSERT_EQ(venue.sessions.size(), 1u);
    line->stop();
    EXPECT_FALSE(line->isRunning());
    welcomes = true;
    run(seconds(120));
    EXPECT_TRUE(told.empty());
    EXPECT_TRUE(venue.sessions[0]->closed);
    EXPECT_EQ(attempts, 1);
    line->start();
    EXPECT_TRUE(runUntilListening());
    EXPECT_EQ(attempts, 2);
}

TEST_F(StreamLineTest, NoTimerOfAnEarlierStartIsLeft)
{
    make(held);
    line->start();
    run(seconds(5));
    line->stop();
    onConnect = [](const StreamLine::Attempt&) {}; // waits for a session
    line->start();
    run(seconds(60));
    EXPECT_TRUE(told.empty()) << "the first handshake's deadline is not the second's";

    onConnect = [](const StreamLine::Attempt& attempt) { attempt.fail("no session"); };
    line->start();
    ASSERT_EQ(told.size(), 1u);
    line->stop();
    run(seconds(60));
    EXPECT_EQ(told.size(), 1u);
    EXPECT_EQ(attempts, 3) << "it does not come back by itself";
}

TEST_F(StreamLineTest, ASocketThatIsRefusedAtOnceIsTriedAgain)
{
    held.refuses = true;
    make(held);
    line->start();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].change.reason, "refused at once");
    EXPECT_FALSE(line->sendText("hello")) << "there is no socket";
    held.refuses = false;
    ASSERT_TRUE(world.runUntil([this] { return held.made.size() == 2; }));
    held.made[1]->events.onMessage({false, "welcome"});
    EXPECT_TRUE(line->isListening());
}

TEST_F(StreamLineTest, ItMayBeDestroyedFromAnyOfItsCalls)
{
    const auto destroy = [this] { line.reset(); };
    const std::pair<const char*, std::function<void()>> rows[] = {
        {"connect, before the socket", [&] { onConnect = [&](const auto&) { destroy(); }; }},
        {"connect, after the socket",
         [&] {
             onConnect = [&](const auto& attempt) {
                 attempt.open(options());
                 destroy();
             };
         }},
        {"opened", [&] { onOpened = destroy; }},
        {"message", [&] { onMessage = destroy; }},
        {"listening", [&] { onChanged = [&](bool up) { up ? destroy() : void(); }; }},
        {"down",
         [&] {
             onChanged = [&](bool up) { up ? network.dropSockets("alpaca.test") : destroy(); };
         }},
    };
    for (const auto& [moment, set] : rows) {
        onConnect = nullptr;
        onOpened = onMessage = nullptr;
        onChanged = nullptr;
        set();
        start();
        run(seconds(1));
        if (line && !venue.sessions.empty()) venue.sessions.back()->tell("news");
        run(seconds(1));
        EXPECT_EQ(line, nullptr) << moment;
        const auto seen = told.size();
        const auto tried = attempts;
        run(seconds(120));
        EXPECT_EQ(told.size(), seen) << moment;
        EXPECT_EQ(attempts, tried) << moment;
    }
    for (const auto& session : venue.sessions) EXPECT_TRUE(session->closed);
}

TEST_F(StreamLineTest, AnAttemptThatIsOverOpensNothing)
{
    std::vector<StreamLine::Attempt> kept;
    onConnect = [&](const StreamLine::Attempt& attempt) { kept.push_back(attempt); };
    make(held);
    line->start();
    line->start();
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_FALSE(kept[0].isCurrent());
    kept[0].open(options());
    kept[0].fail("late");
    EXPECT_TRUE(held.made.empty());
    EXPECT_TRUE(told.empty());

    kept[1].open(options());
    EXPECT_EQ(held.made.size(), 1u);
    line.reset();
    EXPECT_EQ(held.made[0]->farewell, "stopping");
    kept[1].fail("later still");
    EXPECT_TRUE(told.empty());
}

TEST_F(StreamLineTest, WithoutASocketThereIsNothingToLeaveAndNothingToSend)
{
    onConnect = [](const StreamLine::Attempt&) {};
    start();
    line->leave("had enough", "goodbye");
    EXPECT_FALSE(line->sendText("hello"));
    run(seconds(120));
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(attempts, 1) << "who does not open, rests";
}

TEST_F(StreamLineTest, SecretsAreHiddenBeforeAnythingIsKept)
{
    make(held);
    line->start();
    held.made[0]->events.onMessage({false, "your key is hush"});
    held.made[0]->events.onClosed({1008, "no such key: hush"});
    EXPECT_EQ(messages, std::vector<std::string>{"your key is ***"});
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].change.reason, "no such key: ***");
    EXPECT_EQ(line->lastError().detail, "no such key: ***");
}

TEST_F(StreamLineTest, AnEndWithoutAWordIsToldByItsNumber)
{
    make(held);
    line->start();
    held.made[0]->events.onClosed({1006, ""});
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].change.reason, "closed with code 1006");
}

TEST_F(StreamLineTest, WhatMakesNoSenseIsCountedAndCut)
{
    make(held);
    const auto kept = line->malformed(std::string(StreamLine::kKeptBytesMax + 1, 'x'),
                                      Error{ErrorKind::Invalid, "venue.schema", "is odd", "a"});
    EXPECT_EQ(kept.message, std::string(4096, 'x'));
    EXPECT_EQ(kept.error.code, "venue.schema");
    EXPECT_EQ(line->malformedCount(), 1u);
}

} // namespace
} // namespace qd::brokers
