#pragma once

// What a server keeps of its speed while it holds thousands of idle WebSockets: the other process
// with its raw sockets, and rounds against a burdened and a free server by turns.

#include <sys/epoll.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "tests/bench/loopback_client.h"
#include "tests/bench/median.h"

namespace qd::bench {

// ── in the other process ──────────────────────────────────────────────────────────────────────

/// What came until `word` was there; empty if the other end has gone, or was silent for ten seconds.
inline std::string readUntil(int fd, std::string_view word)
{
    timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string heard;
    char chunk[16 << 10];
    while (heard.find(word) == std::string::npos) {
        const auto n = ::recv(fd, chunk, sizeof chunk, 0);
        if (n <= 0) return {};
        heard.append(chunk, static_cast<std::size_t>(n));
    }
    return heard;
}

/// Up to `count` new WebSockets, each of which says `greeting` as soon as it is open; fewer if the
/// server refuses.
inline std::vector<int> openWebSockets(std::uint16_t port, const std::string& path, int count,
                                       const std::string& greeting = {})
{
    const std::string upgrade = "GET " + path +
                                " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
                                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    std::vector<int> opened;
    for (int i = 0; i < count; ++i) {
        const int fd = connectTo(port);
        if (fd < 0 || !say(fd, upgrade)) break;
        opened.push_back(fd);
    }
    std::erase_if(opened, [&](int fd) {
        return !readUntil(fd, "\r\n\r\n").starts_with("HTTP/1.1 101") || !say(fd, greeting);
    });
    return opened;
}

/// GETs of `path` answered in one `round`, on `loaders` connections in a closed loop.
inline std::int64_t load(const std::vector<int>& loaders, const std::string& path,
                         std::chrono::milliseconds round)
{
    const std::string get = "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n";
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (const int fd : loaders) {
        epoll_event event{EPOLLIN, {.fd = fd}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
        say(fd, get);
    }
    std::int64_t answered = 0;
    std::size_t pending = loaders.size();
    const auto end = Clock::now() + round;
    while (pending > 0) {
        epoll_event events[64];
        const int n = ::epoll_wait(poll, events, 64, 5000);
        if (n <= 0) break;
        for (int i = 0; i < n; ++i) {
            char answer[2048]; // an answer of this size arrives whole on loopback
            if (::recv(events[i].data.fd, answer, sizeof answer, 0) <= 0) return -1;
            if (std::string_view(answer + 9, 3) != "200") return -1;
            ++answered;
            if (Clock::now() < end)
                say(events[i].data.fd, get);
            else
                --pending;
        }
    }
    ::close(poll);
    return answered;
}

// ── in this process ───────────────────────────────────────────────────────────────────────────

inline double residentBytes(pid_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    double total = 0, resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

struct Rate {
    double perSecond = 0, perProcessorSecond = 0;
};

/// What one round costs, from now until `of`. `processor`: seconds that the server has used.
class Stopwatch {
public:
    explicit Stopwatch(double processor) : m_processor(processor) {}
    Rate of(std::int64_t answered, double processor) const
    {
        const auto count = static_cast<double>(answered);
        return {count / secondsSince(m_start), count / std::max(1e-6, processor - m_processor)};
    }

private:
    const Clock::time_point m_start = Clock::now();
    const double m_processor;
};

/// Rounds against a server with idle sockets and one without, by turns. Who goes first changes, so
/// that a machine that tires or wakes up favours neither; what counts are the medians.
class Pairs {
public:
    template <typename MeasureIdle, typename MeasureFree>
    void add(MeasureIdle measureIdle, MeasureFree measureFree)
    {
        const bool freeFirst = m_rates.size() % 2 == 0;
        Rate free = freeFirst ? measureFree() : Rate();
        const Rate idle = measureIdle();
        if (!freeFirst) free = measureFree();
        m_rates.push_back(idle.perSecond);
        m_perProcessor.push_back(idle.perProcessorSecond);
        m_keptRates.push_back(idle.perSecond / free.perSecond);
        m_keptPerProcessor.push_back(idle.perProcessorSecond / free.perProcessorSecond);
    }
    Rate withIdle() const { return {median(m_rates), median(m_perProcessor)}; }
    /// With idle sockets, as a share of without.
    Rate kept() const { return {median(m_keptRates), median(m_keptPerProcessor)}; }

private:
    std::vector<double> m_rates, m_perProcessor, m_keptRates, m_keptPerProcessor;
};

} // namespace qd::bench
