#include <gtest/gtest.h>

#include "tests/services/wire/wire_fixture.h"

namespace qd::wire {

namespace {

/// Counts who still holds it: what is captured in callbacks that nobody can call any more.
using Token = std::shared_ptr<int>;

/// Upgrades everything with events that hold `token` and the socket; never answers a request.
class HoldingService final : public Service {
public:
    explicit HoldingService(Token token) : m_token(std::move(token)) {}
    void handle(HttpRequest, Respond respond) override
    {
        m_responds.push_back(std::move(respond));
        ++asked;
    }
    tl::expected<WebSocketEvents, HttpResponse> upgrade(const HttpRequest&) override
    {
        WebSocketEvents events;
        auto held = std::make_shared<std::shared_ptr<WebSocket>>();
        events.onOpen = [held](std::shared_ptr<WebSocket> socket) { *held = std::move(socket); };
        events.onMessage = [token = m_token](const WebSocketMessage&) {};
        events.onClosed = [held](const CloseReason&) { held->reset(); };
        return events;
    }
    std::atomic<int> asked{0};

private:
    Token m_token;
    std::vector<Respond> m_responds;
};

WebSocketEvents holding(const Token& token, std::shared_ptr<std::atomic<bool>> opened)
{
    WebSocketEvents events;
    events.onOpen = [token, opened](const std::shared_ptr<WebSocket>&) { *opened = true; };
    events.onMessage = [token](const WebSocketMessage&) {};
    events.onClosed = [token](const CloseReason&) {};
    return events;
}

} // namespace

/// A program that ends stops its network first; what is open then must not outlive it, although no
/// socket is told to close any more.
TEST(NetworkStop, WhatIsOpenEndsWithTheNetwork)
{
    const Token token = std::make_shared<int>(0);
    auto opened = std::make_shared<std::atomic<bool>>(false);
    RawServer silent;
    int silentEnd = -1;
    {
        HoldingService service(token);
        Network network(1, "wire-test");
        const auto executor = network.makeExecutor();
        const auto server = makeServer(network, *executor, service, {});
        ASSERT_TRUE(server);
        const std::string authority = "127.0.0.1:" + std::to_string((*server)->port());
        const auto client = makeHttpClient(network, *executor);
        const auto webSockets = makeWebSocketClient(network, *executor);

        HttpRequest request;
        request.target = "http://" + authority + "/";
        client->send(request, [token](const Result<HttpResponse>&) {});
        const auto open = webSockets->connect(webSocketTo("ws://" + authority + "/ws"), holding(token, opened));
        const auto opening = webSockets->connect(
            webSocketTo("ws://127.0.0.1:" + std::to_string(silent.port()) + "/"), holding(token, opened));
        silentEnd = silent.accept();
        ASSERT_FALSE(RawServer::readUntil(silentEnd, "\r\n\r\n").empty());
        ASSERT_TRUE(becomesTrue([&] { return opened->load() && service.asked == 1; }));
        ASSERT_GT(token.use_count(), 3);
        network.stop();
    }
    EXPECT_EQ(token.use_count(), 1);
    RawServer::closeWithReset(silentEnd);
}

/// As above, for an idle kept-alive connection and one that is still being made.
TEST(NetworkStop, AClientsPoolEndsWithTheNetwork)
{
    const Token token = std::make_shared<int>(0);
    RawServer server;
    int end = -1;
    {
        Network network(1, "wire-test");
        const auto executor = network.makeExecutor();
        const auto client = makeHttpClient(network, *executor);
        HttpRequest request;
        request.target = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
        std::atomic<bool> answered{false};
        client->send(request, [&answered](const Result<HttpResponse>&) { answered = true; });
        end = server.accept();
        RawServer::readUntil(end, "\r\n\r\n");
        RawServer::write(end, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        ASSERT_TRUE(becomesTrue([&] { return answered.load(); }));
        request.target = "https://127.0.0.1:" + std::to_string(server.port()) + "/"; // never shakes hands
        client->send(request, [token](const Result<HttpResponse>&) {});
        const int shaking = server.accept();
        ASSERT_GE(shaking, 0);
        network.stop();
        RawServer::closeWithReset(shaking);
    }
    EXPECT_EQ(token.use_count(), 1);
    RawServer::closeWithReset(end);
}

} // namespace qd::wire
