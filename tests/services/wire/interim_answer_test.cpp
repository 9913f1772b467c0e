#include <gtest/gtest.h>

#include <poll.h>

#include <boost/asio/post.hpp>

#include "services/wire/server_connection.h"
#include "tests/services/wire/wire_fixture.h"

namespace qd::wire {

namespace {

class NeverAsked final : public Service {
public:
    void handle(HttpRequest, Respond) override { ADD_FAILURE() << "a request without its body"; }
    tl::expected<WebSocketEvents, HttpResponse> upgrade(const HttpRequest&) override
    {
        return tl::unexpected(HttpResponse{404, {}, {}});
    }
};

/// A connection to `peer` whose way out is full: the next write waits until the peer reads.
Socket fullSocket(Network& network, RawServer& peer)
{
    Socket socket(network.state().makeStrand());
    socket.connect({asio::ip::address_v4::loopback(), peer.port()});
    socket.set_option(asio::socket_base::send_buffer_size(4096));
    socket.non_blocking(true);
    bool isFull = false;
    while (!isFull) {
        error_code error;
        while (!error) socket.write_some(asio::buffer("x", 1), error);
        EXPECT_EQ(error, asio::error::would_block);
        // What is under way to the peer leaves room for more until the peer's buffer is full, too;
        // a little room takes a short answer without being told as writable.
        pollfd ready{socket.native_handle(), POLLOUT, 0};
        if (::poll(&ready, 1, 300) != 0) continue;
        error_code stillFull;
        socket.write_some(asio::buffer("x", 1), stillFull);
        isFull = stillFull == asio::error::would_block;
    }
    return socket;
}

} // namespace

TEST(InterimAnswer, ABodysDeadlineWhileItIsBeingWrittenClosesAndWritesNothingElse)
{
    Network network(1, "wire-test");
    const auto executor = network.makeExecutor();
    NeverAsked service;
    RawServer peer;
    const auto shared = std::make_shared<ServerShared>();
    shared->options.bodyTimeout = 100ms;
    shared->options.idleTimeout = 5s;
    shared->service = &service;
    shared->outlet = std::make_shared<Outlet>(network, *executor);
    shared->watch = std::make_shared<Watch>(network.state().makeStrand(), 5ms);
    network.state().releaseAtStop(shared->watch);
    ASSERT_TRUE(shared->admit("127.0.0.1"));
    auto connection = std::make_shared<ServerConnection>(fullSocket(network, peer), "127.0.0.1", shared);
    const int end = peer.accept();
    ASSERT_GE(end, 0);
    asio::post(connection->strand(), [connection] { connection->start(); });
    connection.reset();
    RawServer::write(end, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_TRUE(becomesTrue([&] { return shared->counters.timeouts == 1; }));
    const std::string received = RawServer::readUntil(end, "408");
    EXPECT_EQ(received.find_first_not_of('x'), std::string::npos)
        << received.substr(received.find_first_not_of('x'));
    EXPECT_TRUE(becomesTrue([&] { return shared->counters.openConnections == 0; }));
    RawServer::closeWithReset(end);
}

} // namespace qd::wire
