#include <gtest/gtest.h>

#include <unistd.h>

#include "services/wire/frames.h"
#include "tests/services/wire/wire_fixture.h"

namespace qd::wire {

namespace {

/// A client against a peer that the test plays by hand.
class ClientAgainst : public testing::Test {
protected:
    std::shared_ptr<Eventually<Result<HttpResponse>>> send(const std::string& method = "GET",
                                                           std::chrono::milliseconds timeout = 5s)
    {
        HttpRequest request;
        request.method = method;
        request.target = "http://127.0.0.1:" + std::to_string(m_peer.port()) + "/x";
        request.timeout = timeout;
        auto answer = std::make_shared<Eventually<Result<HttpResponse>>>();
        m_client->send(std::move(request), [answer](Result<HttpResponse> result) { answer->set(std::move(result)); });
        return answer;
    }
    /// Accepts, reads a request, says `bytes`; returns the socket.
    int serveOnce(std::string_view bytes)
    {
        const int fd = m_peer.accept();
        RawServer::readUntil(fd, "\r\n\r\n");
        RawServer::write(fd, bytes);
        return fd;
    }
    static std::string codeOf(const std::optional<Result<HttpResponse>>& answer)
    {
        if (!answer) return "no answer";
        return *answer ? std::to_string((*answer)->status) : (*answer).error().code;
    }
    static HttpClientOptions options()
    {
        HttpClientOptions options;
        options.connectionsPerHostMax = 1;
        options.queuedPerHostMax = 2;
        options.bodyBytesMax = 1000;
        options.connectTimeout = 300ms;
        return options;
    }

    RawServer m_peer;
    Network m_network{1, "client-test"};
    std::unique_ptr<runtime::Executor> m_executor = m_network.makeExecutor();
    std::unique_ptr<HttpClient> m_client = makeHttpClient(m_network, *m_executor, options());
};

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

} // namespace

TEST_F(ClientAgainst, ARefusedConnectionWasCertainlyNotSent)
{
    std::uint16_t port = 0;
    {
        const RawServer gone;
        port = gone.port();
    }
    HttpRequest request;
    request.target = "http://127.0.0.1:" + std::to_string(port) + "/";
    Eventually<Result<HttpResponse>> answer;
    m_client->send(request, [&](Result<HttpResponse> result) { answer.set(std::move(result)); });
    const auto result = answer.wait();
    ASSERT_TRUE(result && !*result);
    EXPECT_EQ((*result).error().kind, ErrorKind::Unavailable);
    EXPECT_EQ((*result).error().code, "wire.connect");
}

TEST_F(ClientAgainst, AnUnknownHostAndABadUrlAreNotSent)
{
    for (const auto& [url, code] : std::vector<std::pair<std::string, std::string>>{
             {"http://host.invalid/", "wire.connect"}, {"ftp://h/", "wire.url"}, {"ws://h/", "wire.url"}}) {
        HttpRequest request;
        request.target = url;
        Eventually<Result<HttpResponse>> answer;
        m_client->send(request, [&](Result<HttpResponse> result) { answer.set(std::move(result)); });
        EXPECT_EQ(codeOf(answer.wait()), code);
    }
}

TEST_F(ClientAgainst, SilenceAfterTheRequestIsUnknown)
{
    const auto answer = send("POST", 300ms);
    const int fd = m_peer.accept();
    const auto result = answer->wait();
    EXPECT_EQ(codeOf(result), "wire.timeout");
    EXPECT_EQ((*result).error().kind, ErrorKind::OutcomeUnknown);
    ::close(fd);
}

TEST_F(ClientAgainst, AResetOrAGoodbyeAfterTheRequestIsUnknown)
{
    for (const bool reset : {true, false}) {
        const auto answer = send("POST");
        const int fd = m_peer.accept();
        RawServer::readUntil(fd, "\r\n\r\n");
        if (reset)
            RawServer::closeWithReset(fd);
        else
            ::close(fd);
        const auto result = answer->wait();
        EXPECT_EQ(codeOf(result), "wire.reset");
        EXPECT_EQ((*result).error().kind, ErrorKind::OutcomeUnknown);
    }
}

TEST_F(ClientAgainst, ATruncatedAnswerIsUnknown)
{
    for (const char* text : {"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
        const auto answer = send();
        ::close(serveOnce(text));
        EXPECT_EQ(codeOf(answer->wait()), "wire.reset") << text;
    }
}

TEST_F(ClientAgainst, AnUnreadableOrHugeAnswerIsUnknown)
{
    for (const std::string& text : {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
                                    "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
                                    std::string("HTTP/1.1 004 Close\r\nConnection: close\r\n\r\nbody"),
                                    std::string("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"),
                                    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(1001, 'x')}) {
        const auto answer = send();
        const int fd = serveOnce(text);
        EXPECT_EQ(codeOf(answer->wait()), "wire.protocol") << text.substr(0, 40);
        ::close(fd);
    }
}

TEST_F(ClientAgainst, ChunkedCloseDelimitedAndInterimAnswersAreRead)
{
    auto answer = send();
    ::close(serveOnce("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: t\r\n\r\n"));
    EXPECT_EQ((*answer->wait())->body, "hello world");
    answer = send();
    ::close(serveOnce("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
    EXPECT_EQ((*answer->wait())->body, "until the end");
    answer = send();
    ::close(serveOnce("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + std::string(kOk)));
    EXPECT_EQ((*answer->wait())->body, "ok");
}

TEST_F(ClientAgainst, ADeadKeptAliveConnectionIsRetriedOnlyForIdempotentMethods)
{
    for (const bool idempotent : {true, false}) {
        auto answer = send();
        int fd = serveOnce(kOk);
        EXPECT_EQ(codeOf(answer->wait()), "200");
        // The server reads the next request and dies without a word.
        answer = send(idempotent ? "DELETE" : "POST");
        EXPECT_NE(RawServer::readUntil(fd, "\r\n\r\n"), "");
        RawServer::closeWithReset(fd);
        if (idempotent) {
            fd = serveOnce("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            ASSERT_GE(fd, 0) << "sent again on a fresh connection";
            EXPECT_EQ(codeOf(answer->wait()), "202");
            ::close(fd);
        } else {
            EXPECT_EQ(codeOf(answer->wait()), "wire.reset");
            EXPECT_EQ(m_peer.accept(200ms), -1) << "a POST is not sent twice";
        }
    }
}

TEST_F(ClientAgainst, AConnectionClosedWhileIdleIsNotUsedAgain)
{
    auto answer = send();
    ::close(serveOnce(kOk));
    EXPECT_EQ(codeOf(answer->wait()), "200");
    // The goodbye has arrived before this: the POST must find a fresh connection.
    answer = send("POST");
    ::close(serveOnce(kOk));
    EXPECT_EQ(codeOf(answer->wait()), "200");
}

TEST_F(ClientAgainst, TheQueueIsBoundedAndServedInTurn)
{
    const auto first = send();
    const int fd = m_peer.accept();
    RawServer::readUntil(fd, "\r\n\r\n");
    const auto second = send(), third = send(), fourth = send();
    const auto refused = fourth->wait();
    EXPECT_EQ(codeOf(refused), "wire.overloaded");
    EXPECT_EQ((*refused).error().kind, ErrorKind::Unavailable);
    for (const auto& answer : {first, second, third}) {
        RawServer::write(fd, kOk);
        EXPECT_EQ(codeOf(answer->wait()), "200");
    }
    ::close(fd);
}

TEST_F(ClientAgainst, WaitingForAConnectionTooLongWasNotSent)
{
    const auto busy = send("GET", 2s);
    const int fd = m_peer.accept();
    const auto waiting = send("POST", 200ms);
    const auto result = waiting->wait();
    EXPECT_EQ(codeOf(result), "wire.connect");
    EXPECT_EQ((*result).error().kind, ErrorKind::Unavailable);
    RawServer::readUntil(fd, "\r\n\r\n");
    RawServer::write(fd, kOk);
    EXPECT_EQ(codeOf(busy->wait()), "200");
    ::close(fd);
}

TEST_F(ClientAgainst, AfterTheClientIsDestroyedNoCallbackComes)
{
    const auto answer = send("GET", 300ms);
    const int fd = m_peer.accept();
    runtime::runAndWait(*m_executor, [&] { m_client.reset(); });
    EXPECT_FALSE(answer->wait(500ms));
    EXPECT_EQ(RawServer::readUntil(fd, "never").find("never"), std::string::npos) << "its socket is closed";
    ::close(fd);
}

namespace {

/// A WebSocket client against a server that the test plays by hand.
class WebSocketClientAgainst : public testing::Test {
protected:
    /// Accepts and answers the upgrade properly; returns the socket.
    int acceptUpgrade(std::string_view behind = {})
    {
        const int fd = m_peer.accept();
        const std::string request = RawServer::readUntil(fd, "\r\n\r\n");
        const auto at = request.find("Sec-WebSocket-Key: ") + 19;
        RawServer::write(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: " + acceptKeyFor(request.substr(at, 24)) + "\r\n\r\n" +
                                 std::string(behind));
        return fd;
    }
    void connect(WebSocketOptions options = {})
    {
        options.url = "ws://127.0.0.1:" + std::to_string(m_peer.port()) + "/stream";
        m_socket.connect(*m_client, std::move(options));
    }

    RawServer m_peer;
    Network m_network{1, "client-test"};
    std::unique_ptr<runtime::Executor> m_executor = m_network.makeExecutor();
    std::unique_ptr<WebSocketClient> m_client = makeWebSocketClient(m_network, *m_executor);
    RecordedSocket m_socket;
};

} // namespace

TEST_F(WebSocketClientAgainst, FramesBehindTheHandshakeArrive)
{
    connect();
    const int fd = acceptUpgrade(std::string("\x81\x05") + "hello");
    ASSERT_TRUE(m_socket.waitMessages(1));
    EXPECT_EQ(m_socket.messages()[0].payload, "hello");
    ::close(fd);
    EXPECT_EQ(m_socket.waitClosed()->code, 1006);
}

TEST_F(WebSocketClientAgainst, AWrongHandshakeIsRefused)
{
    for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 401 Unauthorized\r\n\r\n",
                               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
                               "nonsense\r\n\r\n"}) {
        m_socket = {};
        connect();
        const int fd = m_peer.accept();
        RawServer::readUntil(fd, "\r\n\r\n");
        RawServer::write(fd, answer);
        const auto closed = m_socket.waitClosed();
        ASSERT_TRUE(closed);
        EXPECT_EQ(closed->code, 1006);
        ::close(fd);
    }
}

TEST_F(WebSocketClientAgainst, AServerThatNeverAnswersTheHandshakeIsGivenUp)
{
    WebSocketOptions options;
    options.connectTimeout = 200ms;
    connect(options);
    const int fd = m_peer.accept();
    EXPECT_EQ(m_socket.waitClosed()->code, 1006);
    EXPECT_EQ(m_socket.closedCount(), 1);
    ::close(fd);
}

TEST_F(WebSocketClientAgainst, ClosingBeforeItIsOpenCancels)
{
    connect();
    const int fd = m_peer.accept();
    runtime::runAndWait(*m_executor, [&] { m_socket.handle()->close({1000, "changed my mind"}); });
    EXPECT_EQ(m_socket.waitClosed()->code, 1000);
    EXPECT_EQ(RawServer::readUntil(fd, "never").find("never"), std::string::npos);
    ::close(fd);
}

TEST_F(WebSocketClientAgainst, ASilentServerIsPingedThenGivenUp)
{
    WebSocketOptions options;
    options.idleTimeout = 400ms;
    connect(options);
    const int fd = acceptUpgrade();
    const std::string ping = RawServer::readUntil(fd, "\x89\x80");
    EXPECT_TRUE(ping.ends_with("\x89\x80"));
    EXPECT_EQ(m_socket.waitClosed()->code, 1006);
    ::close(fd);
}

TEST_F(WebSocketClientAgainst, TheQueueIsBoundedInBytes)
{
    WebSocketOptions options;
    options.queueBytesMax = 1 << 20;
    connect(options);
    const int fd = acceptUpgrade(); // and reads nothing
    const auto open = m_socket.waitOpen();
    ASSERT_TRUE(open);
    int accepted = 0;
    while (open->send({true, std::string(100'000, 'q')})) {
        ASSERT_LE(open->queuedBytes(), options.queueBytesMax);
        ASSERT_LT(++accepted, 1000);
    }
    EXPECT_GE(accepted, 10);
    ::close(fd);
    EXPECT_TRUE(m_socket.waitClosed());
    EXPECT_FALSE(open->send({true, "late"}));
}

TEST_F(WebSocketClientAgainst, AMaskedFrameFromTheServerIsAProtocolError)
{
    connect();
    const int fd = acceptUpgrade(std::string("\x81\x81\x01\x02\x03\x04x", 7));
    EXPECT_EQ(m_socket.waitClosed()->code, 1002);
    ::close(fd);
}

} // namespace qd::wire
