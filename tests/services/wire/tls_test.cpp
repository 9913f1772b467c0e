#include <gtest/gtest.h>

#include "tests/services/wire/wire_fixture.h"
#include "tests/support/certificate.h"
#include "tests/support/temp_dir.h"

namespace qd::wire {

namespace {

using test::Certificate;

class Tls : public testing::Test {
protected:
    ServerOptions server(const Certificate& certificate)
    {
        ServerOptions options;
        options.certificateFile = certificate.certificateFile;
        options.keyFile = certificate.keyFile;
        options.handshakeTimeout = 300ms;
        return options;
    }
    HttpClientOptions trusting(const Certificate& certificate)
    {
        HttpClientOptions options;
        options.tls.caFile = certificate.certificateFile;
        return options;
    }

    test::TempDir m_folder;
    Certificate m_right{m_folder.path(), "right", "IP:127.0.0.1"};
};

} // namespace

TEST_F(Tls, RequestsAndWebSocketsWorkOverIt)
{
    Loopback loopback(server(m_right), false, trusting(m_right));
    HttpRequest request;
    request.method = "POST";
    request.target = loopback.url("/echo");
    request.body = std::string(300'000, 't');
    for (int i = 0; i < 3; ++i) {
        const auto answer = loopback.send(request);
        ASSERT_TRUE(answer) << describe(answer.error());
        EXPECT_EQ(answer->body, request.body);
    }
    EXPECT_EQ(loopback.server().stats().accepted, 1u);
    RecordedSocket socket;
    socket.connect(loopback.webSockets(), webSocketTo(loopback.url("/ws", "ws")));
    const auto open = socket.waitOpen();
    ASSERT_TRUE(open);
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(open->send({true, std::string(1000, 'w') + std::to_string(i)}));
    ASSERT_TRUE(socket.waitMessages(200));
    EXPECT_EQ(socket.messages()[199].payload, std::string(1000, 'w') + "199");
    open->close({1000, "bye"});
    EXPECT_EQ(socket.waitClosed()->code, 1000);
    EXPECT_EQ(socket.waitClosed()->text, "bye");
}

TEST_F(Tls, AnUntrustedOrMisnamedServerIsNotSpokenTo)
{
    const Certificate other(m_folder.path(), "other", "IP:127.0.0.1");
    Loopback untrusted(server(m_right), false, trusting(other));
    const auto first = untrusted.get("/hello");
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, "wire.untrusted");
    EXPECT_EQ(first.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(first.error().detail.find("is not trusted: self-signed certificate"), std::string::npos)
        << first.error().detail;

    const Certificate misnamed(m_folder.path(), "misnamed", "DNS:elsewhere.test");
    Loopback wrongName(server(misnamed), false, trusting(misnamed));
    const auto second = wrongName.get("/hello");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "wire.untrusted");
    EXPECT_NE(second.error().detail.find("is not trusted: hostname mismatch"), std::string::npos)
        << second.error().detail;
    EXPECT_TRUE(wrongName.service().seen().empty());
}

TEST_F(Tls, VerificationCanBeTurnedOff)
{
    HttpClientOptions options;
    options.tls.verifyPeer = false;
    Loopback loopback(server(m_right), false, options);
    EXPECT_TRUE(loopback.get("/hello"));
}

TEST_F(Tls, HalfOpenHandshakesAreClosedInTimeAndDelayNobody)
{
    Loopback loopback(server(m_right), false, trusting(m_right));
    std::vector<std::unique_ptr<RawClient>> silent;
    for (int i = 0; i < 100; ++i) {
        silent.push_back(std::make_unique<RawClient>(loopback.server().port()));
        if (i % 2 == 0) silent.back()->send("\x16\x03\x01\x02");
    }
    EXPECT_TRUE(loopback.get("/hello"));
    EXPECT_TRUE(becomesTrue([&] { return loopback.server().stats().timeouts >= 100; }, 5s));
    for (const auto& client : silent) {
        client->receiveUntilClosed();
        EXPECT_TRUE(client->isClosed());
    }
    EXPECT_TRUE(loopback.get("/hello"));
}

TEST_F(Tls, PlainTextToATlsPortIsClosed)
{
    Loopback loopback(server(m_right), false, trusting(m_right));
    RawClient client(loopback.server().port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.receiveUntilClosed();
    EXPECT_TRUE(client.isClosed());
    EXPECT_TRUE(becomesTrue([&] { return loopback.server().stats().protocolErrors == 1; }));
}

TEST_F(Tls, ATlsServerThatNeverAnswersIsGivenUpUnsent)
{
    RawServer silent;
    Loopback loopback;
    HttpRequest request;
    request.target = "https://127.0.0.1:" + std::to_string(silent.port()) + "/";
    request.timeout = 300ms;
    EXPECT_EQ(loopback.send(request).error().code, "wire.connect");
}

TEST_F(Tls, AKeyThatDoesNotFitIsRefusedAtStart)
{
    const Certificate other(m_folder.path(), "other", "IP:127.0.0.1");
    ServerOptions options = server(m_right);
    options.keyFile = other.keyFile;
    Network network(1, "tls-test");
    const auto executor = network.makeExecutor();
    EchoService service;
    const auto made = makeServer(network, *executor, service, options);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "wire.tls");
}

} // namespace qd::wire
