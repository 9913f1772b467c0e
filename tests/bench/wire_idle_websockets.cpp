// Does a server that holds 10,000 idle WebSockets still answer GETs, and what does each cost?
// Beside it, with a thread of its own, stands the same server without any: one round against one and
// one against the other by turns, so that what else the machine does falls on both. What is kept is
// the median of the pairs' ratios.
// uses: models/base services/runtime services/wire
#include <chrono>
#include <cstdio>
#include <vector>

#include "services/wire/network.h"
#include "tests/bench/idle_sockets.h"
#include "tests/bench/peer.h"

using namespace qd;
using namespace qd::bench;

namespace {

constexpr int kIdle = 10'000, kLoaders = 32, kPairs = 15, kAtOnce = 100;
constexpr std::chrono::milliseconds kRound{250};

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

// ── the other process ───────────────────────────────────────────────────────────────────────────

std::int64_t holdWebSockets(std::uint16_t port, std::vector<int>& held)
{
    while (static_cast<int>(held.size()) < kIdle) {
        const auto batch = openWebSockets(port, "/ws", kAtOnce);
        held.insert(held.end(), batch.begin(), batch.end());
        if (batch.size() < kAtOnce) break;
    }
    return static_cast<std::int64_t>(held.size());
}

/// Commands: 'w' opens the idle WebSockets, 'i' loads the server that holds them, 'f' the free one.
void runPeer(int commands, int results)
{
    std::uint16_t ports[2] = {};
    if (!readWhole(commands, ports)) return;
    const std::vector<int> loaders[2] = {connectMany(ports[0], kLoaders),
                                         connectMany(ports[1], kLoaders)};
    std::vector<int> held;
    for (char command = 0; readWhole(commands, command);) {
        const std::int64_t result = command == 'w'
                                        ? holdWebSockets(ports[0], held)
                                        : load(loaders[command == 'i' ? 0 : 1], "/hello", kRound);
        if (!writeWhole(results, result)) break;
    }
}

// ── this process: the server ────────────────────────────────────────────────────────────────────

Rate measure(const Peer& peer, char server)
{
    const Stopwatch watch(processorSeconds());
    const auto answered = peer.ask(server);
    return watch.of(answered, processorSeconds());
}

void report(const char* name, double value, const char* unit, const char* control, double ratio, const char* bar, bool ok)
{
    std::printf("{\"bench\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",\"control\":\"%s\",\"ratio\":%.3f,\"bar\":\"%s\",\"ok\":%s}\n",
                name, value, unit, control, ratio, bar, ok ? "true" : "false");
}

} // namespace

int main()
{
    const Peer peer = Peer::start(runPeer); // before there are threads

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
    if (!writeWhole(peer.commands, ports)) return 1;

    peer.ask('i'); // warm up
    peer.ask('f');
    const double memoryBefore = residentBytes(::getpid());
    const auto start = Clock::now();
    const std::int64_t opened = peer.ask('w');
    const double openingSeconds = secondsSince(start);
    const double bytesEach = (residentBytes(::getpid()) - memoryBefore) / kIdle;
    Pairs pairs;
    for (int i = 0; i < kPairs; ++i)
        pairs.add([&] { return measure(peer, 'i'); }, [&] { return measure(peer, 'f'); });
    const Rate kept = pairs.kept(), withIdle = pairs.withIdle();
    const auto open = (*server)->stats().openWebSockets;

    report("wire.idle_websockets.open", static_cast<double>(open), "sockets", "asked for",
           static_cast<double>(opened) / kIdle, "10000 open, none lost", open == kIdle && opened == kIdle);
    report("wire.idle_websockets.accept_rate", static_cast<double>(opened) / openingSeconds, "upgrades/s", "none", 0, "none", true);
    report("wire.idle_websockets.get_rate", withIdle.perSecond, "GET/s",
           "a server with no idle socket, by turns", kept.perSecond, ">= 0.70", kept.perSecond >= 0.7);
    report("wire.idle_websockets.get_per_cpu", withIdle.perProcessorSecond, "GET/cpu-s",
           "a server with no idle socket, by turns", kept.perProcessorSecond, ">= 0.70",
           kept.perProcessorSecond >= 0.7);
    report("wire.idle_websockets.memory", bytesEach / 1024, "KiB/socket", "none", 0, "<= 12 KiB", bytesEach <= 12 * 1024);
    peer.end();
    return 0;
}
