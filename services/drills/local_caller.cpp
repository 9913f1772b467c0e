#include "services/drills/local_caller.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/base/whole_number.h"
#include "services/runtime/clock.h"

namespace qd::drills {
namespace {

constexpr std::size_t kAnswerMax = 1 << 20;

/// A socket that ends with it.
class Connection {
public:
    Connection() : m_file(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    ~Connection()
    {
        if (m_file >= 0) ::close(m_file);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    int file() const { return m_file; }

private:
    int m_file;
};

tl::unexpected<Error> noCall(const char* step)
{
    return fail(ErrorKind::Unavailable, "drill.call",
                std::string(step) + ": " + std::strerror(errno));
}

sockaddr_in addressOf(const std::string& host, std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
}

Result<void> connectFrom(const Connection& connection, const std::string& from,
                         const std::string& host, std::uint16_t port,
                         std::chrono::milliseconds limit)
{
    const timeval wait{static_cast<time_t>(limit.count() / 1000), 0};
    ::setsockopt(connection.file(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    const sockaddr_in here = addressOf(from, 0), there = addressOf(host, port);
    if (::bind(connection.file(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
        return noCall("bind");
    if (::connect(connection.file(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
        return noCall("connect");
    return {};
}

Result<void> sendAll(const Connection& connection, std::string_view text)
{
    while (!text.empty()) {
        const auto sent = ::send(connection.file(), text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return noCall("send");
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

/// Until the other end closes, or, if `headOnly`, until the empty line.
Result<std::string> receive(const Connection& connection, bool headOnly)
{
    std::string text;
    char buffer[4096];
    while (text.size() < kAnswerMax) {
        if (headOnly && text.find("\r\n\r\n") != std::string::npos) return text;
        const auto got = ::recv(connection.file(), buffer, sizeof buffer, 0);
        if (got < 0) return noCall("receive");
        if (got == 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
}

int statusOf(std::string_view answer)
{
    return answer.size() > 12 ? wholeNumber<int>(answer.substr(9, 3)).value_or(0) : 0;
}

/// The fields between the status line and the empty line.
wire::Headers headersOf(std::string_view head)
{
    wire::Headers headers;
    for (auto from = head.find("\r\n"); from != std::string_view::npos;) {
        from += 2;
        const auto end = head.find("\r\n", from);
        const auto line = head.substr(from, end - from);
        const auto colon = line.find(": ");
        if (colon != std::string_view::npos)
            headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
        from = end;
    }
    return headers;
}

} // namespace

LocalCaller::LocalCaller(std::string from, const std::string& baseUrl) : m_from(std::move(from))
{
    const auto start = baseUrl.find("://") + 3, colon = baseUrl.find(':', start);
    m_host = baseUrl.substr(start, colon - start);
    m_port = wholeNumber<std::uint16_t>(std::string_view(baseUrl).substr(colon + 1)).value_or(0);
}

Result<Answer> LocalCaller::call(const std::string& method, const std::string& path,
                                 const std::string& body, const wire::Headers& headers,
                                 std::chrono::milliseconds limit) const
{
    const Duration before = runtime::systemClock().steady();
    const Connection connection;
    if (auto done = connectFrom(connection, m_from, m_host, m_port, limit); !done)
        return tl::unexpected(done.error());
    std::string request = method + " " + path + " HTTP/1.1\r\nHost: " + m_host +
                          "\r\nConnection: close\r\nContent-Type: application/json\r\n";
    for (const auto& header : headers.all()) request += header.name + ": " + header.value + "\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (auto done = sendAll(connection, request); !done) return tl::unexpected(done.error());
    const auto text = receive(connection, /*headOnly=*/false);
    if (!text) return tl::unexpected(text.error());
    const auto head = text->find("\r\n\r\n");
    if (head == std::string::npos)
        return fail(ErrorKind::Unavailable, "drill.call", "no answer: " + text->substr(0, 200));
    return ApiClient::finish(
        wire::HttpResponse{statusOf(*text), headersOf(std::string_view(*text).substr(0, head)),
                           text->substr(head + 4)},
        runtime::systemClock().steady() - before);
}

Result<int> LocalCaller::upgrade(const std::string& path, const std::string& origin) const
{
    const Connection connection;
    if (auto done = connectFrom(connection, m_from, m_host, m_port, std::chrono::seconds(10)); !done)
        return tl::unexpected(done.error());
    std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + m_host +
                          "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    if (!origin.empty()) request += "Origin: " + origin + "\r\n";
    if (auto done = sendAll(connection, request + "\r\n"); !done)
        return tl::unexpected(done.error());
    const auto text = receive(connection, /*headOnly=*/true);
    if (!text) return tl::unexpected(text.error());
    return statusOf(*text);
}

} // namespace qd::drills
