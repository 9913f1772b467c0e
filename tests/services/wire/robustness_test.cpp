#include <gtest/gtest.h>

#include "services/wire/frames.h"
#include "tests/services/wire/wire_fixture.h"

namespace qd::wire {

namespace {

ServerOptions shortDeadlines()
{
    ServerOptions options;
    options.headerTimeout = options.bodyTimeout = 300ms;
    options.handshakeTimeout = 300ms;
    options.idleTimeout = 600ms;
    options.webSocketIdleTimeout = 400ms;
    return options;
}

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

/// Bytes of a text frame as a client must send it.
std::string maskedFrame(Opcode opcode, std::string payload)
{
    const std::array<unsigned char, 4> key{1, 2, 3, 4};
    const FrameHead head = frameHead(opcode, payload.size(), &key);
    std::string bytes(head.bytes.begin(), head.bytes.begin() + head.size);
    applyMask(payload, 0, key, 0);
    return bytes + payload;
}

/// The close code of the last frame that a server sent; 0 if it is no close frame.
int closeCode(const std::string& received)
{
    FrameDecoder decoder(false, 1 << 20);
    std::string_view rest = received;
    while (true) {
        const auto step = decoder.next(rest);
        if (step == FrameDecoder::Step::Close) return decoder.closeReason().code;
        if (step == FrameDecoder::Step::NeedMore || step == FrameDecoder::Step::Failed) return 0;
    }
}

std::string statusOf(const std::string& answer)
{
    return answer.size() > 12 ? answer.substr(9, 3) : "closed";
}

} // namespace

class Robustness : public testing::Test {
protected:
    /// A good client is served at once, whatever the bad ones do.
    void expectAlive() { EXPECT_EQ(m_loopback.get("/hello").value_or(HttpResponse{}).body, "hello"); }
    std::uint16_t port() { return m_loopback.server().port(); }
    /// What the server says to `bytes`, until it closes.
    std::string say(std::string_view bytes)
    {
        RawClient client(port());
        client.send(bytes);
        return client.receiveUntilClosed();
    }

    Loopback m_loopback{shortDeadlines()};
};

TEST_F(Robustness, SilentAndSlowClientsAreClosedInTime)
{
    std::vector<std::unique_ptr<RawClient>> silent, slow;
    for (int i = 0; i < 50; ++i) {
        silent.push_back(std::make_unique<RawClient>(port()));
        slow.push_back(std::make_unique<RawClient>(port()));
        slow.back()->send("GET / HTTP/1.1\r\nX: ");
    }
    expectAlive();
    // One byte now and then does not extend the deadline.
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(becomesTrue([&] {
        for (const auto& client : slow) client->send("x");
        return m_loopback.server().stats().timeouts >= 100;
    }, 5s));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
    for (const auto& client : slow) EXPECT_EQ(statusOf(client->receive([](const auto& t) { return t.size() > 12; })), "408");
    for (const auto& client : silent) EXPECT_EQ(client->receiveUntilClosed(), "");
    expectAlive();
}

TEST_F(Robustness, ASlowBodyIsClosedInTime)
{
    EXPECT_EQ(statusOf(say("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")), "408");
    EXPECT_EQ(m_loopback.server().stats().timeouts, 1u);
}

TEST_F(Robustness, AnIdleKeptAliveConnectionIsClosedSilently)
{
    RawClient client(port());
    client.send(kGet);
    const std::string all = client.receiveUntilClosed(5s);
    EXPECT_TRUE(client.isClosed());
    EXPECT_TRUE(all.ends_with("hello")) << all;
}

TEST_F(Robustness, ABigBodyIsRefusedBeforeItIsRead)
{
    RawClient client(port());
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
    client.send(std::string(2 << 20, 'x'));
    EXPECT_EQ(statusOf(client.receiveUntilClosed()), "413");
    EXPECT_TRUE(m_loopback.service().seen().empty());
}

TEST_F(Robustness, ABigChunkedBodyIsCut)
{
    RawClient client(port());
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (int i = 0; i < 40; ++i) client.send(chunk);
    EXPECT_EQ(statusOf(client.receiveUntilClosed()), "413");
    EXPECT_TRUE(m_loopback.service().seen().empty());
}

TEST_F(Robustness, EndlessChunkFramingIsRefused)
{
    const std::string answer = say("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                                   std::string(200'000, 'x'));
    EXPECT_TRUE(statusOf(answer) == "400" || statusOf(answer) == "431") << answer;
}

TEST_F(Robustness, BigOrManyHeadersGet431)
{
    EXPECT_EQ(statusOf(say("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(64 << 10, 'x') + "\r\n\r\n")), "431");
    std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 5000; ++i) many += "X" + std::to_string(i) + ": y\r\n";
    EXPECT_EQ(statusOf(say(many + "\r\n")), "431");
}

TEST_F(Robustness, AmbiguousAndBrokenRequestsGet400AndAreClosed)
{
    for (const char* request : {
             "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
             "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
             "GET / HTTP/1.1\nHost: h\n\n",
             "GET / HTTP/1.1\r\nBad Name: h\r\n\r\n",
             "GET / HTTP/1.1\r\nX : h\r\n\r\n",
             "GET / HTTP/1.1\r\nX: a\x01z\r\n\r\n",
             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
             "nonsense\r\n\r\n",
         }) {
        EXPECT_EQ(statusOf(say(request)), "400") << request;
    }
    EXPECT_NE(statusOf(say("GET / HTTP/2.0\r\nHost: h\r\n\r\n")).front(), '2');
    EXPECT_TRUE(m_loopback.service().seen().empty());
    expectAlive();
}

TEST_F(Robustness, ThousandPipelinedRequestsAreAnsweredInOrder)
{
    std::string requests;
    for (int i = 0; i < 1000; ++i)
        requests += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n" + std::to_string(1000 + i);
    RawClient client(port());
    client.send(requests);
    const std::string answers = client.receive([](const std::string& text) { return text.ends_with("1999"); });
    std::size_t at = 0;
    for (int i = 0; i < 1000; ++i) {
        at = answers.find("\r\n\r\n" + std::to_string(1000 + i), at);
        ASSERT_NE(at, std::string::npos) << i;
        ++at;
    }
}

TEST_F(Robustness, ContinueIsSaidOnlyToThoseWhoWait)
{
    RawClient client(port());
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive([](const auto& text) { return text.ends_with("\r\n\r\n"); }),
              "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    EXPECT_EQ(statusOf(client.receive([](const auto& text) { return text.ends_with("body"); })), "200");
    EXPECT_EQ(statusOf(say("POST /echo HTTP/1.1\r\nContent-Length: 4\r\nExpect: the unexpected\r\n\r\n")), "417");
    EXPECT_EQ(statusOf(say("POST /echo HTTP/1.1\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n")), "413");
}

TEST_F(Robustness, BadUpgradesAreRefused)
{
    EXPECT_EQ(statusOf(say("GET /ws HTTP/1.1\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n")), "400");
    EXPECT_EQ(statusOf(say("GET /ws HTTP/1.1\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
                           "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")), "426");
}

TEST_F(Robustness, BadFramesCloseWithTheirCode)
{
    struct Row {
        std::string bytes;
        int code;
    };
    const std::string bigHead("\x82\xff\x00\x00\x00\x00\x06\x00\x00\x00\x01\x02\x03\x04", 14);
    const std::vector<Row> rows{
        {bigHead + std::string(1 << 20, 'x'), 1009},
        {std::string("\x81\x03") + "abc", 1002}, // not masked
        {maskedFrame(Opcode::Text, "\xff\xfe"), 1007},
        {maskedFrame(Opcode::Text, "\xed\xa0\x80"), 1007},
        {maskedFrame(static_cast<Opcode>(3), "x"), 1002},
        {maskedFrame(Opcode::Ping, std::string(126, 'p')), 1002},
        {maskedFrame(Opcode::Close, "\x03"), 1002},
        {maskedFrame(Opcode::Close, "\x03\xed"), 1002}, // 1005 may not be sent
        {maskedFrame(Opcode::Close, "\x03\xe8"), 1000},
    };
    for (const Row& row : rows) {
        RawClient client(port());
        upgrade(client);
        client.send(row.bytes);
        EXPECT_EQ(closeCode(client.receiveUntilClosed()), row.code);
        EXPECT_TRUE(client.isClosed());
    }
    EXPECT_TRUE(becomesTrue([&] { return m_loopback.server().stats().openWebSockets == 0; }));
    EXPECT_TRUE(becomesTrue([&] { return m_loopback.service().closed().size() == rows.size(); }));
}

TEST_F(Robustness, AFloodOfPingsIsClosed)
{
    RawClient client(port());
    upgrade(client);
    std::string pings;
    for (int i = 0; i < 20'000; ++i) pings += maskedFrame(Opcode::Ping, "");
    client.send(pings);
    EXPECT_EQ(closeCode(client.receiveUntilClosed()), 1008);
}

TEST_F(Robustness, ASilentWebSocketIsPingedThenClosed)
{
    RawClient client(port());
    upgrade(client);
    const std::string all = client.receiveUntilClosed(5s);
    EXPECT_TRUE(client.isClosed());
    EXPECT_EQ(all, std::string("\x89\x00", 2));
    ASSERT_TRUE(becomesTrue([&] { return !m_loopback.service().closed().empty(); }));
    EXPECT_EQ(m_loopback.service().closed()[0].code, 1006);
}

TEST_F(Robustness, AFrameBehindTheUpgradeRequestIsNotLost)
{
    RawClient client(port());
    client.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
                maskedFrame(Opcode::Text, "early"));
    const std::string all = client.receive([](const auto& text) { return text.ends_with("early"); });
    EXPECT_TRUE(all.ends_with(std::string("\x81\x05") + "early"));
}

TEST(ServerLimits, ConnectionsOverTheCapAreRefusedAndCounted)
{
    ServerOptions options;
    options.connectionsMax = 4;
    Loopback loopback(options);
    std::vector<std::unique_ptr<RawClient>> held;
    for (int i = 0; i < 4; ++i) held.push_back(std::make_unique<RawClient>(loopback.server().port()));
    ASSERT_TRUE(becomesTrue([&] { return loopback.server().stats().openConnections == 4; }));
    RawClient fifth(loopback.server().port());
    fifth.receiveUntilClosed(5s);
    EXPECT_TRUE(fifth.isClosed());
    EXPECT_EQ(loopback.server().stats().refusedConnections, 1u);
    held.clear();
    ASSERT_TRUE(becomesTrue([&] { return loopback.server().stats().openConnections == 0; }));
    EXPECT_TRUE(loopback.get("/hello"));
}

TEST(ServerLimits, AWebSocketKeepsItsPlaceInTheCounts)
{
    ServerOptions options;
    options.connectionsPerAddressMax = 1;
    Loopback loopback(options);
    {
        RawClient client(loopback.server().port());
        upgrade(client);
        EXPECT_FALSE(loopback.get("/hello"));
    }
    ASSERT_TRUE(becomesTrue([&] { return loopback.server().stats().openWebSockets == 0; }));
    EXPECT_TRUE(loopback.get("/hello"));
}

TEST(ServerStop, AnswersUnderWayMayFinishAndTheRestIsClosed)
{
    Loopback loopback;
    RawClient busy(loopback.server().port()), idle(loopback.server().port());
    busy.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    RecordedSocket socket;
    socket.connect(loopback.webSockets(), webSocketTo(loopback.url("/ws", "ws")));
    ASSERT_TRUE(socket.waitOpen());
    ASSERT_TRUE(becomesTrue([&] { return loopback.service().held == 1; }));
    loopback.server().stop(10s);
    EXPECT_EQ(idle.receiveUntilClosed(), "");
    EXPECT_EQ(socket.waitClosed()->code, 1001);
    loopback.service().releaseHeld();
    EXPECT_TRUE(busy.receiveUntilClosed().ends_with("released"));
    EXPECT_FALSE(loopback.get("/hello"));
}

TEST(ServerStop, AfterTheGraceEverythingIsClosedAndThePortIsFree)
{
    Loopback loopback;
    RawClient busy(loopback.server().port());
    busy.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(becomesTrue([&] { return loopback.service().held == 1; }));
    loopback.server().stop(100ms);
    EXPECT_EQ(busy.receiveUntilClosed(), "");
    ServerOptions again;
    again.port = loopback.server().port();
    loopback.dropServer();
    EXPECT_TRUE(makeServer(loopback.network(), loopback.executor(), loopback.service(), again));
    loopback.service().releaseHeld(); // its connection is gone: nothing happens
}

TEST(ServerStart, APortInUseAndABadAddressAreRefused)
{
    Loopback loopback;
    ServerOptions options;
    options.port = loopback.server().port();
    const auto second = makeServer(loopback.network(), loopback.executor(), loopback.service(), options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(second.error().code, "wire.bind");
    options.address = "not an address";
    EXPECT_EQ(makeServer(loopback.network(), loopback.executor(), loopback.service(), options).error().code, "wire.bind");
    options = {};
    options.certificateFile = options.keyFile = "/nowhere.pem";
    EXPECT_EQ(makeServer(loopback.network(), loopback.executor(), loopback.service(), options).error().code, "wire.tls");
}

} // namespace qd::wire
