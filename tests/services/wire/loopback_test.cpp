#include <gtest/gtest.h>

#include "tests/services/wire/wire_fixture.h"

namespace qd::wire {

/// Both ways a service can be called: on the sockets' own strand, and on a thread of its own.
class Exchanges : public testing::TestWithParam<bool> {
protected:
    Loopback m_loopback{{}, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Executors, Exchanges, testing::Values(false, true));

TEST_P(Exchanges, ARequestArrivesAsSentAndSoDoesTheAnswer)
{
    HttpRequest request;
    request.method = "POST";
    request.target = m_loopback.url("/echo?a=b");
    request.headers.add("X-Custom", "value");
    request.body = std::string("a\0b", 3) + std::string(200'000, 'x');
    const auto answer = m_loopback.send(request);
    ASSERT_TRUE(answer) << describe(answer.error());
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, request.body);
    EXPECT_EQ(answer->headers.find("x-method"), "POST");
    const auto seen = m_loopback.service().seen().at(0);
    EXPECT_EQ(seen.target, "/echo?a=b");
    EXPECT_EQ(seen.headers.find("X-Custom"), "value");
    EXPECT_EQ(seen.peerAddress, "127.0.0.1");
}

TEST_P(Exchanges, HeadAndNoContentHaveNoBody)
{
    HttpRequest head;
    head.method = "HEAD";
    head.target = m_loopback.url("/hello");
    const auto answer = m_loopback.send(head);
    ASSERT_TRUE(answer) << describe(answer.error());
    EXPECT_EQ(answer->body, "");
    EXPECT_EQ(answer->headers.find("Content-Length"), "5");
    const auto empty = m_loopback.get("/empty");
    ASSERT_TRUE(empty) << describe(empty.error());
    EXPECT_EQ(empty->status, 204);
    EXPECT_EQ(empty->body, "");
    EXPECT_FALSE(empty->headers.contains("Content-Length"));
    EXPECT_EQ(m_loopback.get("/hello")->body, "hello");
    EXPECT_EQ(m_loopback.server().stats().accepted, 1u) << "kept alive throughout";
}

TEST_P(Exchanges, AServiceThatDropsItsRespondAnswers500)
{
    const auto answer = m_loopback.get("/drop");
    ASSERT_TRUE(answer) << describe(answer.error());
    EXPECT_EQ(answer->status, 500);
}

TEST_P(Exchanges, WebSocketMessagesComeBackInOrder)
{
    RecordedSocket socket;
    socket.connect(m_loopback.webSockets(), webSocketTo(m_loopback.url("/ws", "ws")));
    const auto open = socket.waitOpen();
    ASSERT_TRUE(open);
    runtime::runAndWait(m_loopback.executor(), [&] {
        for (int i = 0; i < 100; ++i)
            EXPECT_TRUE(open->send({i % 2 == 1, std::string(static_cast<std::size_t>(i) * 97, 'm') + std::to_string(i)}));
        EXPECT_TRUE(open->sendShared(std::make_shared<const std::string>("shared"), false));
    });
    ASSERT_TRUE(socket.waitMessages(101));
    const auto messages = socket.messages();
    for (std::size_t i = 0; i < 100; ++i) {
        EXPECT_EQ(messages[i].binary, i % 2 == 1);
        EXPECT_EQ(messages[i].payload, std::string(i * 97, 'm') + std::to_string(i));
    }
    EXPECT_EQ(messages[100].payload, "shared");
    runtime::runAndWait(m_loopback.executor(), [&] { open->close({1000, "bye"}); });
    EXPECT_EQ(socket.waitClosed()->code, 1000);
    ASSERT_TRUE(becomesTrue([&] { return !m_loopback.service().closed().empty(); }));
    EXPECT_EQ(m_loopback.service().closed()[0].code, 1000);
    EXPECT_EQ(m_loopback.service().closed()[0].text, "bye");
    EXPECT_EQ(m_loopback.server().stats().openWebSockets, 0);
}

TEST_P(Exchanges, ARefusedUpgradeIsToldWithItsStatus)
{
    RecordedSocket socket;
    socket.connect(m_loopback.webSockets(), webSocketTo(m_loopback.url("/nowhere", "ws")));
    const auto closed = socket.waitClosed();
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->code, 1006);
    EXPECT_NE(closed->text.find("404"), std::string::npos) << closed->text;
}

} // namespace qd::wire
