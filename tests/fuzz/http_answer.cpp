// Any bytes as a server's answer: the client tells its user once, with an answer or an error.
// uses: models/base services/runtime services/wire
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/wire/network.h"

namespace {

using namespace qd;

/// A port whose every answer is what the test says, and a client that asks.
struct Asking {
    Asking() : listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t length = sizeof address;
        QD_ASSERT(::bind(listener, generic, length) == 0 && ::listen(listener, 8) == 0);
        ::getsockname(listener, generic, &length);
        url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    }

    static wire::HttpClientOptions limits()
    {
        wire::HttpClientOptions options;
        options.headerBytesMax = 1 << 10;
        options.bodyBytesMax = 2 << 10;
        return options;
    }

    const int listener;
    std::string url;
    wire::Network network{1, "fuzz"};
    std::unique_ptr<runtime::Executor> executor = network.makeExecutor();
    std::unique_ptr<wire::HttpClient> client = wire::makeHttpClient(network, *executor, limits());
    std::mutex mutex;
    std::condition_variable told;
    std::optional<Result<wire::HttpResponse>> result; ///< under mutex
};

/// Takes the request and sends `answer`; closing with a reset leaves no port waiting.
void serve(int listener, std::string_view answer)
{
    const int fd = ::accept(listener, nullptr, nullptr);
    std::string request;
    for (char c = 0; !request.ends_with("\r\n\r\n") && ::recv(fd, &c, 1, 0) == 1;) request += c;
    (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL); // it may have closed already
    ::shutdown(fd, SHUT_WR);
    for (char c = 0; ::recv(fd, &c, 1, 0) > 0;) {}
    ::close(fd);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static Asking asking;
    if (size == 0) return 0;
    wire::HttpRequest request;
    request.method = bytes[0] % 4 == 0 ? "HEAD" : "POST"; // a POST is not sent again
    request.target = asking.url;
    asking.client->send(request, [](Result<wire::HttpResponse> result) {
        const std::lock_guard lock(asking.mutex);
        QD_ASSERT(!asking.result);
        asking.result = std::move(result);
        asking.told.notify_one();
    });
    serve(asking.listener, {reinterpret_cast<const char*>(bytes) + 1, size - 1});
    std::unique_lock lock(asking.mutex);
    asking.told.wait(lock, [] { return asking.result.has_value(); });
    const auto result = std::move(*asking.result);
    asking.result.reset();
    if (result)
        QD_ASSERT(result->status >= 101 && result->status <= 999 && result->body.size() <= 2 << 10);
    else
        QD_ASSERT(result.error().kind == ErrorKind::OutcomeUnknown && !result.error().code.empty());
    return 0;
}
