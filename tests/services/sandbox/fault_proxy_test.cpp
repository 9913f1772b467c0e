#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/sandbox/proxy/fault_proxy.h"
#include "services/sandbox/proxy/proxy_api.h"
#include "services/wire/network.h"


namespace qd::sandbox {
namespace {

using namespace std::chrono_literals;


/// A server that answers everything with "pong".
struct Pong final : wire::Service {
    void handle(wire::HttpRequest, Respond respond) override
    {
        ++asked;
        respond({200, {}, "pong"});
    }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest&) override
    {
        return tl::unexpected(wire::HttpResponse{404, {}, {}});
    }
    std::atomic<int> asked{0};
};

/// A connection by hand, blocking.
class Socket {
public:
    explicit Socket(const std::string& authority)
        : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port =
            htons(static_cast<std::uint16_t>(std::stoi(authority.substr(authority.rfind(':') + 1))));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(m_fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    ~Socket() { ::close(m_fd); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void send(std::string_view text)
    {
        EXPECT_EQ(::send(m_fd, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    /// What comes until it ends with `end`, the connection closes or ten seconds are over.
    std::string readUntil(std::string_view end)
    {
        std::string received;
        pollfd ready{m_fd, POLLIN, 0};
        while (!received.ends_with(end) && ::poll(&ready, 1, 10'000) > 0) {
            char buffer[4096];
            const ssize_t count = ::recv(m_fd, buffer, sizeof buffer, 0);
            m_closed = count <= 0;
            if (m_closed) break;
            received.append(buffer, static_cast<std::size_t>(count));
        }
        return received;
    }
    bool isClosed() const { return m_closed; }

private:
    const int m_fd;
    bool m_closed = false;
};

/// The proxy in front of a real server, controlled through its HTTP API, asked over real sockets.
class FaultProxyTest : public testing::Test {
protected:
    FaultProxyTest()
    {
        auto started = wire::makeServer(network, *executor, pong, {});
        EXPECT_TRUE(started.has_value());
        server = std::move(*started);
        const std::string made =
            control("POST", "/proxies",
                    R"({"name":"p","listen":"127.0.0.1:0","upstream":"127.0.0.1:)"
                        + std::to_string(server->port()) + R"("})",
                    201);
        const auto document = json::Document::parse(made);
        listen = std::string(document.value().root()["listen"].stringOr(""));
    }

    std::string control(std::string method, std::string target, std::string body, int status)
    {
        std::string text;
        wire::HttpRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.body = std::move(body);
        api.handle(std::move(request), [&](wire::HttpResponse response) {
            EXPECT_EQ(response.status, status) << response.body;
            text = response.body;
        });
        return text;
    }
    void toxic(const std::string& body) { control("POST", "/proxies/p/toxics", body, 200); }

    /// One request on a connection of its own; status 0 = the connection failed.
    int ask(std::chrono::milliseconds timeout = 10s)
    {
        std::promise<int> done;
        const auto client = wire::makeHttpClient(network, *executor);
        wire::HttpRequest request;
        request.method = "POST";
        request.target = "http://" + listen + "/";
        request.headers = {{"Connection", "close"}};
        request.timeout = timeout;
        client->send(std::move(request), [&](Result<wire::HttpResponse> answer) {
            lastError = answer ? Error{} : answer.error();
            done.set_value(answer ? answer->status : 0);
        });
        return done.get_future().get();
    }

    wire::Network network;
    std::unique_ptr<runtime::Executor> executor = network.makeExecutor();
    Pong pong;
    std::unique_ptr<wire::Server> server;
    runtime::SeededRandom random{3};
    FaultProxy proxy{random};
    ProxyApi api{proxy};
    std::string listen;
    Error lastError;
};

TEST_F(FaultProxyTest, PassesBytesBothWaysAndCountsThem)
{
    EXPECT_EQ(ask(), 200);
    const auto stats = proxy.stats("p");
    EXPECT_EQ(stats->connections, 1u);
    EXPECT_GT(stats->bytesUpstream, 10u);
    EXPECT_GT(stats->bytesDownstream, 10u);
}

TEST_F(FaultProxyTest, ALostAcknowledgementReachedTheServer)
{
    toxic(R"({"type":"lose_ack"})");
    EXPECT_EQ(ask(), 0);
    EXPECT_EQ(lastError.kind, ErrorKind::OutcomeUnknown);
    EXPECT_EQ(pong.asked, 1);
    EXPECT_EQ(ask(), 200);
}

TEST_F(FaultProxyTest, AnInjectedStatusNeverReachesTheServer)
{
    toxic(R"({"type":"http_status","stream":"upstream","attributes":{"status":429,"count":1}})");
    EXPECT_EQ(ask(), 429);
    EXPECT_EQ(pong.asked, 0);
    EXPECT_EQ(ask(), 200);
}

TEST_F(FaultProxyTest, ABlackHoleTimesOutAndAResetMends)
{
    toxic(R"({"type":"timeout","attributes":{"timeout":0}})");
    EXPECT_EQ(ask(300ms), 0);
    control("POST", "/reset", "", 204);
    EXPECT_EQ(ask(), 200);
    EXPECT_EQ(control("GET", "/proxies/p/toxics", "", 200), "[]");
}

TEST_F(FaultProxyTest, ASlowCloseKeepsTheConnectionOpenBehindTheAnswer)
{
    toxic(R"({"type":"slow_close","stream":"downstream","attributes":{"delay":300}})");
    Socket client(listen);
    const auto start = std::chrono::steady_clock::now();
    client.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(client.readUntil("pong").ends_with("pong"));
    EXPECT_EQ(client.readUntil("never"), "");
    EXPECT_TRUE(client.isClosed());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 300ms);
}

TEST_F(FaultProxyTest, DisabledItRefusesAndEnabledItListensAtTheSameAddress)
{
    const std::string before = listen;
    control("POST", "/proxies/p", R"({"enabled":false})", 200);
    EXPECT_EQ(ask(), 0);
    EXPECT_EQ(lastError.code, "wire.connect");
    const std::string after = control("POST", "/proxies/p", R"({"enabled":true})", 200);
    EXPECT_NE(after.find(before), std::string::npos);
    EXPECT_EQ(ask(), 200);
}

TEST_F(FaultProxyTest, TheApiAnswersAsToxiproxyDoes)
{
    EXPECT_EQ(control("GET", "/proxies/none", "", 404),
              R"({"error":"proxy not found","status":404})");
    control("POST", "/proxies", R"({"name":"p","upstream":"127.0.0.1:1"})", 409);
    control("POST", "/proxies", R"({"name":"q"})", 400);
    toxic(R"({"name":"slow","type":"latency","attributes":{"latency":5}})");
    control("POST", "/proxies/p/toxics", R"({"name":"slow","type":"latency"})", 409);
    EXPECT_NE(control("POST", "/proxies/p/toxics/slow", R"({"attributes":{"latency":7}})", 200)
                  .find(R"("latency":7)"),
              std::string::npos);
    control("DELETE", "/proxies/p/toxics/slow", "", 204);
    control("POST", "/populate", R"([{"name":"r","upstream":"127.0.0.1:1"}])", 201);
    control("DELETE", "/proxies/r", "", 204);
    EXPECT_NE(control("GET", "/version", "", 200).find("version"), std::string::npos);
}

} // namespace
} // namespace qd::sandbox
