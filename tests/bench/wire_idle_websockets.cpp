// Does a server that holds 10,000 idle WebSockets still answer GETs, and what does each cost?
// Beside it, with a thread of its own, stands the same server without any: one round against one and
// one against the other by turns, so that what else the machine does falls on both. What is kept is
// the median of the pairs' ratios.
// uses: models/base services/runtime services/wire
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "services/wire/network.h"

namespace {

using namespace qd;
using Clock = std::chrono::steady_clock;

constexpr int kIdle = 10'000, kLoaders = 32, kPairs = 15;
constexpr std::chrono::milliseconds kRound{250};

double seconds(Clock::duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

class Answering final : public wire::Service {
public:
    void handle(wire::HttpRequest, Respond respond) override { respond({200, {}, "hello"}); }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse> upgrade(const wire::HttpRequest&) override
    {
        auto socket = std::make_shared<std::shared_ptr<wire::WebSocket>>();
        wire::WebSocketEvents events;
        events.onOpen = [socket](std::shared_ptr<wire::WebSocket> opened) { *socket = std::move(opened); };
        events.onMessage = [socket](wire::WebSocketMessage message) { (*socket)->send(std::move(message)); };
        events.onClosed = [socket](const wire::CloseReason&) { socket->reset(); };
        return events;
    }
};

// ── the other process: raw sockets, as cheap as can be ──────────────────────────────────────────

int connectTo(std::uint16_t port)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) != 0) return -1;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

bool say(int fd, const std::string& text)
{
    return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// GETs answered in one round, on `loaders` connections in a closed loop.
std::int64_t load(const std::vector<int>& loaders)
{
    static const std::string get = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (const int fd : loaders) {
        epoll_event event{EPOLLIN, {.fd = fd}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
        say(fd, get);
    }
    std::int64_t answered = 0;
    std::size_t pending = loaders.size();
    const auto end = Clock::now() + kRound;
    while (pending > 0) {
        epoll_event events[64];
        const int n = ::epoll_wait(poll, events, 64, 5000);
        if (n <= 0) break;
        for (int i = 0; i < n; ++i) {
            char answer[1024];
            // An answer of this size arrives whole on loopback.
            if (::recv(events[i].data.fd, answer, sizeof answer, 0) <= 0) return -1;
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

std::int64_t openWebSockets(std::uint16_t port, std::vector<int>& held)
{
    const std::string upgrade = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    std::int64_t opened = 0;
    while (static_cast<int>(held.size()) < kIdle) {
        std::vector<int> batch;
        for (int i = 0; i < 100; ++i) {
            const int fd = connectTo(port);
            if (fd < 0 || !say(fd, upgrade)) return opened;
            batch.push_back(fd);
        }
        for (const int fd : batch) {
            char answer[1024];
            const ssize_t n = ::recv(fd, answer, sizeof answer, 0);
            if (n > 12 && std::string(answer, 12) == "HTTP/1.1 101") ++opened;
            held.push_back(fd);
        }
    }
    return opened;
}

/// Commands: 'w' opens the idle WebSockets, 'i' loads the server that holds them, 'f' the free one.
[[noreturn]] void runPeer(int commands, int results)
{
    std::uint16_t ports[2] = {};
    if (::read(commands, ports, sizeof ports) != sizeof ports) _exit(1);
    std::vector<int> loaders[2], held;
    for (int server = 0; server < 2; ++server)
        for (int i = 0; i < kLoaders; ++i) loaders[server].push_back(connectTo(ports[server]));
    char command = 0;
    while (::read(commands, &command, 1) == 1) {
        const std::int64_t result =
            command == 'w' ? openWebSockets(ports[0], held) : load(loaders[command == 'i' ? 0 : 1]);
        if (::write(results, &result, sizeof result) != sizeof result) break;
    }
    _exit(0);
}

// ── this process: the server ────────────────────────────────────────────────────────────────────

double residentBytes()
{
    std::ifstream file("/proc/self/statm");
    long total = 0, resident = 0;
    file >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double processorSeconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

struct Peer {
    int commands, results;
    std::int64_t ask(char command) const
    {
        std::int64_t result = -1;
        if (::write(commands, &command, 1) != 1 || ::read(results, &result, sizeof result) != sizeof result) return -1;
        return result;
    }
};

struct Rate {
    double perSecond, perProcessorSecond;
};

Rate measure(const Peer& peer, char server)
{
    const auto start = Clock::now();
    const double processor = processorSeconds();
    const auto answered = static_cast<double>(peer.ask(server));
    return {answered / seconds(Clock::now() - start),
            answered / std::max(1e-6, processorSeconds() - processor)};
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Kept {
    double perSecond, perProcessorSecond; ///< with idle sockets, as a share of without
    Rate withIdle;
};

Kept compare(const Peer& peer)
{
    std::vector<double> rates, perProcessor, keptRates, keptPerProcessor;
    for (int i = 0; i < kPairs; ++i) {
        // Who goes first changes, so that a machine that tires or wakes up favours neither.
        const bool freeFirst = i % 2 == 0;
        Rate free = freeFirst ? measure(peer, 'f') : Rate();
        const Rate idle = measure(peer, 'i');
        if (!freeFirst) free = measure(peer, 'f');
        rates.push_back(idle.perSecond);
        perProcessor.push_back(idle.perProcessorSecond);
        keptRates.push_back(idle.perSecond / free.perSecond);
        keptPerProcessor.push_back(idle.perProcessorSecond / free.perProcessorSecond);
    }
    return {median(keptRates), median(keptPerProcessor), {median(rates), median(perProcessor)}};
}

void report(const char* name, double value, const char* unit, const char* control, double ratio, const char* bar, bool ok)
{
    std::printf("{\"bench\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",\"control\":\"%s\",\"ratio\":%.3f,\"bar\":\"%s\",\"ok\":%s}\n",
                name, value, unit, control, ratio, bar, ok ? "true" : "false");
}

} // namespace

int main()
{
    int commands[2], results[2];
    if (::pipe(commands) != 0 || ::pipe(results) != 0) return 1;
    if (::fork() == 0) {
        ::close(commands[1]);
        ::close(results[0]);
        runPeer(commands[0], results[1]);
    }
    ::close(commands[0]);
    ::close(results[1]);
    const Peer peer{commands[1], results[0]};

    // Two networks: with one, the idle sockets would burden both servers' thread.
    wire::Network network(1, "idle"), freeNetwork(1, "free");
    const auto executor = network.makeExecutor(), freeExecutor = freeNetwork.makeExecutor();
    Answering service;
    wire::ServerOptions options;
    options.idleTimeout = std::chrono::minutes(2);
    auto server = wire::makeServer(network, *executor, service, options);
    auto freeServer = wire::makeServer(freeNetwork, *freeExecutor, service, options);
    if (!server || !freeServer) return 1;
    const std::uint16_t ports[2] = {(*server)->port(), (*freeServer)->port()};
    if (::write(peer.commands, ports, sizeof ports) != sizeof ports) return 1;

    peer.ask('i'); // warm up
    peer.ask('f');
    const double memoryBefore = residentBytes();
    const auto start = Clock::now();
    const std::int64_t opened = peer.ask('w');
    const double openingSeconds = seconds(Clock::now() - start);
    const double bytesEach = (residentBytes() - memoryBefore) / kIdle;
    const Kept kept = compare(peer);
    const auto open = (*server)->stats().openWebSockets;

    report("wire.idle_websockets.open", static_cast<double>(open), "sockets", "asked for",
           static_cast<double>(opened) / kIdle, "10000 open, none lost", open == kIdle && opened == kIdle);
    report("wire.idle_websockets.accept_rate", static_cast<double>(opened) / openingSeconds, "upgrades/s", "none", 0, "none", true);
    report("wire.idle_websockets.get_rate", kept.withIdle.perSecond, "GET/s",
           "a server with no idle socket, by turns", kept.perSecond, ">= 0.70", kept.perSecond >= 0.7);
    report("wire.idle_websockets.get_per_cpu", kept.withIdle.perProcessorSecond, "GET/cpu-s",
           "a server with no idle socket, by turns", kept.perProcessorSecond, ">= 0.70",
           kept.perProcessorSecond >= 0.7);
    report("wire.idle_websockets.memory", bytesEach / 1024, "KiB/socket", "none", 0, "<= 12 KiB", bytesEach <= 12 * 1024);
    ::close(peer.commands);
    ::wait(nullptr);
    return 0;
}
