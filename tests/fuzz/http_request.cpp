// Any bytes at the server's port, in two pieces: it answers in HTTP or closes, and lets go of the
// connection.
// uses: models/base services/runtime services/wire tests/support
#include <algorithm>
#include <cstdint>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/wire/network.h"
#include "tests/support/eventually.h"

namespace {

using namespace qd;

/// Says what it was asked, and echoes on WebSockets.
class Echo final : public wire::Service {
public:
    void handle(wire::HttpRequest request, Respond respond) override
    {
        QD_ASSERT(!request.method.empty() && !request.target.empty());
        wire::HttpResponse answer{200, {}, request.body};
        answer.headers.add("X-Target", request.target);
        respond(std::move(answer));
    }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest&) override
    {
        auto open = std::make_shared<std::shared_ptr<wire::WebSocket>>();
        wire::WebSocketEvents events;
        events.onOpen = [open](std::shared_ptr<wire::WebSocket> socket) {
            *open = std::move(socket);
        };
        events.onMessage = [open](wire::WebSocketMessage message) {
            (*open)->send(std::move(message));
        };
        events.onClosed = [open](const wire::CloseReason&) { open->reset(); };
        return events;
    }
};

struct Listening {
    /// OpenSSL's settings are read here: of a thread that does so and ends it loses a few bytes.
    const bool hasCrypto = OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr) == 1;
    wire::Network network{1, "fuzz"};
    std::unique_ptr<runtime::Executor> executor = network.makeExecutor();
    Echo echo;
    std::unique_ptr<wire::Server> server =
        std::move(*wire::makeServer(network, *executor, echo, limits()));

    static wire::ServerOptions limits()
    {
        wire::ServerOptions options;
        options.headerBytesMax = 1 << 10;
        options.bodyBytesMax = options.webSocketMessageBytesMax = 2 << 10;
        return options;
    }
};

int connectTo(std::uint16_t port)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    QD_ASSERT(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const linger atOnce{1, 0}; // no port is left waiting
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
    return fd;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static Listening listening;
    if (size == 0) return 0;
    const std::size_t cut = std::min<std::size_t>(bytes[0], size - 1);
    const int fd = connectTo(listening.server->port());
    std::string answer;
    const bool sent = ::send(fd, bytes + 1, cut, MSG_NOSIGNAL) >= 0 &&
                      ::send(fd, bytes + 1 + cut, size - 1 - cut, MSG_NOSIGNAL) >= 0;
    if (sent) {
        ::shutdown(fd, SHUT_WR);
        char buffer[4096];
        for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
            answer.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(fd);
    QD_ASSERT(answer.empty() || answer.starts_with("HTTP/1.1 "));
    // It learns of our end on its own thread: asked each time, most time would go to waiting.
    static int inputs = 0;
    const auto isQuiet = [] { return listening.server->stats().openConnections == 0; };
    if (++inputs % 64 == 0) QD_ASSERT(qd::test::eventually(isQuiet));
    return 0;
}
