#include <gtest/gtest.h>

#include "services/sandbox/proxy/toxic_chain.h"

namespace qd::sandbox {
namespace {

using namespace std::chrono_literals;
using Kind = ToxicChain::Step::Kind;

struct Chain {
    Chain(const std::string& toxic, Direction direction = Direction::Downstream)
        : chain(direction, random)
    {
        const auto body = json::Document::parse(toxic);
        auto parsed = parseToxic(body.value().root());
        EXPECT_TRUE(parsed.has_value());
        chain.setToxics({*parsed}, 0ns);
    }
    std::string data()
    {
        std::string all;
        while (!chain.isEmpty()) {
            last = chain.take();
            all += last.bytes;
        }
        return all;
    }
    runtime::SeededRandom random{5};
    ToxicChain chain;
    ToxicChain::Step last;
};

TEST(ToxicChain, LatencyDelaysWithinItsJitter)
{
    Chain slow(R"({"type":"latency","attributes":{"latency":100,"jitter":20}})");
    for (int i = 0; i < 50; ++i) {
        slow.chain.push("x", 0ns);
        const auto step = slow.chain.take();
        EXPECT_GE(step.at, 80ms);
        EXPECT_LE(step.at, 120ms + 20ms);
    }
}

TEST(ToxicChain, BandwidthSendsThatManyKilobytesASecond)
{
    Chain narrow(R"({"type":"bandwidth","attributes":{"rate":10}})");
    narrow.chain.push(std::string(20'000, 'x'), 0ns);
    EXPECT_EQ(narrow.data().size(), 20'000u);
    EXPECT_EQ(narrow.last.at, 2s);
}

TEST(ToxicChain, SlicesKeepEveryByteInOrder)
{
    Chain sliced(
        R"({"type":"slicer","attributes":{"average_size":10,"size_variation":5,"delay":1000}})");
    std::string text;
    for (int i = 0; i < 500; ++i)
        text += static_cast<char>('a' + i % 26);
    sliced.chain.push(text, 0ns);
    EXPECT_EQ(sliced.data(), text);
    EXPECT_GT(sliced.last.at, 20ms);
}

TEST(ToxicChain, AByteLimitClosesExactlyThere)
{
    Chain limited(R"({"type":"limit_data","attributes":{"bytes":7}})");
    limited.chain.push("12345", 0ns);
    limited.chain.push("6789", 0ns);
    EXPECT_EQ(limited.data(), "1234567");
    EXPECT_EQ(limited.last.kind, Kind::Close);
}

TEST(ToxicChain, ABlackHoleSwallowsAndClosesWhenItIsTakenAway)
{
    Chain hole(R"({"type":"timeout","attributes":{"timeout":0}})");
    hole.chain.push("lost", 0ns);
    hole.chain.end(0ns);
    EXPECT_TRUE(hole.chain.isEmpty());
    hole.chain.setToxics({}, 1s);
    EXPECT_EQ(hole.chain.take().kind, Kind::Close);
}

TEST(ToxicChain, ATimeoutClosesAfterItsTime)
{
    Chain hole(R"({"type":"timeout","attributes":{"timeout":250}})");
    ASSERT_FALSE(hole.chain.isEmpty());
    EXPECT_EQ(hole.chain.front().at, 250ms);
    EXPECT_EQ(hole.chain.front().kind, Kind::Close);
}

TEST(ToxicChain, ASlowCloseDelaysTheEndAndNoByteBeforeIt)
{
    Chain slow(R"({"type":"slow_close","attributes":{"delay":400}})");
    slow.chain.push("all of it", 10ms);
    slow.chain.end(20ms);
    const auto data = slow.chain.take();
    EXPECT_EQ(data.bytes, "all of it");
    EXPECT_EQ(data.at, 10ms);
    const auto end = slow.chain.take();
    EXPECT_EQ(end.kind, Kind::End);
    EXPECT_EQ(end.at, 420ms);
}

TEST(ToxicChain, AnAcknowledgementIsLostOnce)
{
    const auto body = json::Document::parse(R"({"type":"lose_ack","attributes":{"count":1}})");
    const auto toxic = parseToxic(body.value().root());
    runtime::SeededRandom random(1);
    for (int connection = 0; connection < 2; ++connection) {
        ToxicChain chain(Direction::Downstream, random);
        chain.setToxics({*toxic}, 0ns);
        chain.push("HTTP/1.1 200 OK\r\n\r\n", 0ns);
        EXPECT_EQ(chain.take().kind, connection == 0 ? Kind::Reset : Kind::Data);
    }
}

TEST(ToxicChain, AStatusIsAnsweredInTheServersPlace)
{
    Chain broken(R"({"type":"http_status","stream":"upstream","attributes":{"status":503}})",
                 Direction::Upstream);
    broken.chain.push("POST /v2/orders HTTP/1.1\r\n\r\n", 0ns);
    const auto step = broken.chain.take();
    EXPECT_EQ(step.kind, Kind::Answer);
    EXPECT_TRUE(step.bytes.starts_with("HTTP/1.1 503 "));
    broken.chain.push("not http", 0ns);
    EXPECT_EQ(broken.chain.take().kind, Kind::Data);
}

TEST(ToxicChain, DuplicatesAndTruncatesMessages)
{
    Chain twice(R"({"type":"duplicate"})");
    twice.chain.push("abc", 0ns);
    EXPECT_EQ(twice.data(), "abcabc");
    Chain cut(R"({"type":"truncate","attributes":{"bytes":2}})");
    cut.chain.push("abc", 0ns);
    EXPECT_EQ(cut.data(), "ab");
    EXPECT_EQ(cut.last.kind, Kind::Close);
}

TEST(ToxicChain, ZeroToxicityStrikesNobody)
{
    Chain kind(R"({"type":"timeout","toxicity":0,"attributes":{"timeout":0}})");
    kind.chain.push("abc", 0ns);
    EXPECT_EQ(kind.data(), "abc");
}

TEST(Toxics, WhatIsWrongIsRefusedInToxiproxysWords)
{
    const auto refuse = [](const std::string& text) {
        const auto body = json::Document::parse(text);
        const auto toxic = parseToxic(body.value().root());
        return toxic ? std::string() : toxic.error().detail;
    };
    EXPECT_EQ(refuse(R"({"type":"nonsense"})"), "invalid toxic type");
    EXPECT_NE(refuse(R"({"type":"latency","stream":"sideways"})"), "");
    EXPECT_NE(refuse(R"({"type":"latency","toxicity":2})"), "");
    EXPECT_NE(refuse(R"({"type":"latency","attributes":{"latency":-1}})"), "");
    EXPECT_NE(refuse(R"({"type":"latency","attributes":{"rate":1}})"), "");
}

} // namespace
} // namespace qd::sandbox
