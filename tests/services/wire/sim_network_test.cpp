#include <gtest/gtest.h>

#include "tests/services/wire/wire_fixture.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_world.h"

namespace qd::wire {

namespace {

class SimulatedNetwork : public testing::Test {
protected:
    Result<HttpResponse> get(const std::string& url)
    {
        std::optional<Result<HttpResponse>> answer;
        HttpRequest request;
        request.target = url;
        m_http->send(request, [&](Result<HttpResponse> result) { answer = std::move(result); });
        EXPECT_FALSE(answer) << "never inside send";
        m_world.run(60s);
        return answer.value_or(fail(ErrorKind::Corrupt, "test.no_answer", ""));
    }

    test::SimWorld m_world{7};
    test::SimExecutor m_wires{m_world, "wires"}, m_venue{m_world, "venue"}, m_core{m_world, "core"};
    test::SimNetwork m_network{m_wires, m_world.random()};
    EchoService m_service;
    std::unique_ptr<HttpClient> m_http = m_network.makeHttpClient(m_core);
    std::unique_ptr<WebSocketClient> m_webSockets = m_network.makeWebSocketClient(m_core);
    void SetUp() override { m_network.serve("venue.test", m_service, m_venue); }
};

} // namespace

TEST_F(SimulatedNetwork, AHealthyOneDelivers)
{
    const auto answer = get("https://venue.test/hello?x=1");
    ASSERT_TRUE(answer) << describe(answer.error());
    EXPECT_EQ(answer->body, "hello");
    EXPECT_EQ(m_service.seen().at(0).target, "/hello?x=1");
    EXPECT_EQ(m_service.seen().at(0).headers.find("Host"), "venue.test");
}

TEST_F(SimulatedNetwork, EachFaultHasItsErrorAndIsDeliveredOrNot)
{
    struct Row {
        double test::SimFaults::* fault;
        const char* code;
        std::size_t delivered;
    };
    const std::vector<Row> rows{
        {&test::SimFaults::connectRefused, "wire.connect", 0}, {&test::SimFaults::requestLost, "wire.timeout", 0},
        {&test::SimFaults::requestReset, "wire.reset", 0},     {&test::SimFaults::answerLost, "wire.timeout", 1},
        {&test::SimFaults::answerReset, "wire.reset", 1},      {&test::SimFaults::slow, "wire.timeout", 1},
        {&test::SimFaults::serverError, "503", 0},             {&test::SimFaults::serverErrorAfter, "502", 1},
    };
    for (const Row& row : rows) {
        m_network.faults() = {};
        m_network.faults().*row.fault = 1;
        const std::size_t before = m_service.seen().size();
        const auto answer = get("http://venue.test/hello");
        EXPECT_EQ(answer ? std::to_string(answer->status) : answer.error().code, row.code);
        EXPECT_EQ(m_service.seen().size() - before, row.delivered) << row.code;
    }
    m_network.faults() = {};
    EXPECT_EQ(get("http://venue.test/hello")->body, "hello");
    m_network.unserve("venue.test");
    EXPECT_EQ(get("http://venue.test/hello").error().code, "wire.connect");
}

TEST_F(SimulatedNetwork, SocketsKeepOrderStallWhenCutAndDieWhenDropped)
{
    RecordedSocket socket;
    socket.connect(*m_webSockets, webSocketTo("ws://venue.test/ws"));
    m_world.run(1s);
    ASSERT_TRUE(socket.handle()->isOpen());
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(socket.handle()->send({false, std::to_string(i)}));
    m_world.run(1s);
    ASSERT_EQ(socket.messages().size(), 50u);
    for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(socket.messages()[i].payload, std::to_string(i));

    m_network.cut("venue.test");
    EXPECT_TRUE(socket.handle()->send({false, "stalled"}));
    m_world.run(10s);
    EXPECT_EQ(socket.messages().size(), 50u);
    m_network.heal("venue.test");
    m_world.run(1s);
    ASSERT_EQ(socket.messages().size(), 51u);

    m_network.dropSockets("venue.test");
    m_world.run(1s);
    EXPECT_EQ(socket.waitClosed()->code, 1006);
    EXPECT_EQ(socket.closedCount(), 1);
    ASSERT_EQ(m_service.closed().size(), 1u);
    EXPECT_EQ(m_service.closed()[0].code, 1006);
}

TEST_F(SimulatedNetwork, MessagesAreLostAndDoubledAsAsked)
{
    RecordedSocket socket;
    socket.connect(*m_webSockets, webSocketTo("ws://venue.test/ws"));
    m_world.run(1s);
    m_network.faults().messageDuplicated = 1;
    EXPECT_TRUE(socket.handle()->send({false, "twice"}));
    m_world.run(1s);
    EXPECT_EQ(socket.messages().size(), 4u) << "there and back, doubled each time";
    m_network.faults() = {};
    m_network.faults().messageLost = 1;
    EXPECT_TRUE(socket.handle()->send({false, "never"}));
    m_world.run(1s);
    EXPECT_EQ(socket.messages().size(), 4u);
}

TEST_F(SimulatedNetwork, TheSameSeedGivesTheSameRun)
{
    const auto story = [] {
        test::SimWorld world(99);
        test::SimExecutor wires(world, "wires"), venue(world, "venue"), core(world, "core");
        test::SimNetwork network(wires, world.random());
        EchoService service;
        network.serve("venue.test", service, venue);
        network.faults().answerLost = network.faults().requestReset = network.faults().connectRefused = 0.3;
        const auto http = network.makeHttpClient(core);
        std::string outcomes;
        for (int i = 0; i < 200; ++i) {
            HttpRequest request;
            request.target = "http://venue.test/hello";
            http->send(request, [&](const Result<HttpResponse>& result) {
                outcomes += std::to_string(world.now().nanos()) + (result ? " ok;" : result.error().code + ";");
            });
        }
        world.run(60s);
        return outcomes;
    };
    const std::string first = story();
    EXPECT_NE(first.find("ok"), std::string::npos);
    EXPECT_NE(first.find("wire.timeout"), std::string::npos);
    EXPECT_EQ(first, story());
}

} // namespace qd::wire
