#pragma once

// What the benches with sockets share: raw, cheap clients for the other process, and a few clocks.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace qd::bench {

using Clock = std::chrono::steady_clock;

inline double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

inline double processorSeconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

/// A blocking connection to 127.0.0.1:`port`; -1 if there is nobody.
inline int connectTo(std::uint16_t port)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

inline std::vector<int> connectMany(std::uint16_t port, int count)
{
    std::vector<int> connections;
    for (int i = 0; i < count; ++i) connections.push_back(connectTo(port));
    return connections;
}

inline bool say(int fd, std::string_view text)
{
    return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// Bytes of the HTTP answer at the front of `buffer`; 0 while it is not whole.
inline std::size_t answerSize(std::string_view buffer)
{
    const auto head = buffer.find("\r\n\r\n");
    if (head == std::string_view::npos) return 0;
    auto at = buffer.find("Content-Length: ");
    if (at == std::string_view::npos || at > head) at = buffer.find("content-length: ");
    std::size_t length = 0;
    if (at != std::string_view::npos && at < head)
        for (at += 16; at < head && buffer[at] >= '0' && buffer[at] <= '9'; ++at)
            length = length * 10 + static_cast<std::size_t>(buffer[at] - '0');
    const auto whole = head + 4 + length;
    return buffer.size() >= whole ? whole : 0;
}

template <typename T>
bool readWhole(int fd, T& value)
{
    auto* at = static_cast<char*>(static_cast<void*>(&value));
    std::size_t got = 0;
    while (got < sizeof value) {
        const auto n = ::read(fd, at + got, sizeof value - got);
        if (n <= 0) return false;
        got += static_cast<std::size_t>(n);
    }
    return true;
}

template <typename T>
bool writeWhole(int fd, const T& value)
{
    return ::write(fd, &value, sizeof value) == static_cast<ssize_t>(sizeof value);
}

} // namespace qd::bench
