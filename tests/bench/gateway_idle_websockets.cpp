// Does a backend with 10,000 quiet terminals still answer, and what does each terminal cost?
// uses: services/drills
// Two whole quarterdeckd: one holds 10,000 sessions on /v1/stream, each greeted with its token, given
// its snapshot, subscribed to quotes of a paused market and sent a status every second; the other
// holds none. GETs go to one and to the other by turns, while the one whose turn it is not stands
// still. What is kept is the median of the pairs' ratios.
#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "services/drills/stage.h"
#include "tests/bench/loopback_client.h"

using namespace qd;
using namespace qd::bench;

namespace {

constexpr int kIdle = 10'000, kLoaders = 32, kPairs = 7, kAtOnce = 50;
constexpr std::chrono::milliseconds kRound{1500};

// ── the other process: raw sockets, as cheap as can be ──────────────────────────────────────────

struct Address {
    std::uint16_t port = 0;
    char token[128] = {};
};

/// A masked text frame; with a mask of zeros the payload stays as it is.
std::string frameOf(const std::string& text)
{
    std::string frame = "\x81";
    if (text.size() < 126) {
        frame += static_cast<char>(0x80U | text.size());
    } else {
        frame += static_cast<char>(0x80U | 126U);
        frame += static_cast<char>(text.size() >> 8);
        frame += static_cast<char>(text.size() & 0xffU);
    }
    return frame + std::string(4, '\0') + text;
}

/// Read until `word` has come; false if the other end has gone or is silent.
bool readUntil(int fd, std::string_view word)
{
    timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string heard;
    char chunk[16 << 10];
    while (heard.find(word) == std::string::npos) {
        const auto n = ::recv(fd, chunk, sizeof chunk, 0);
        if (n <= 0) return false;
        heard.append(chunk, static_cast<std::size_t>(n));
    }
    return true;
}

/// Terminals that said who they are and what they want to see; how many came so far.
std::int64_t openSessions(const Address& address, std::vector<int>& held)
{
    const std::string upgrade = "GET /v1/stream HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
                                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const std::string greeting =
        frameOf(std::string(R"({"type":"hello","token":")") + address.token + "\"}") +
        frameOf(R"({"type":"subscribe","quotes":["SPY","AAPL","MSFT"]})");
    std::int64_t opened = 0;
    while (static_cast<int>(held.size()) < kIdle) {
        std::vector<int> batch;
        for (int i = 0; i < kAtOnce; ++i) {
            const int fd = connectTo(address.port);
            if (fd < 0 || !say(fd, upgrade)) return opened;
            batch.push_back(fd);
        }
        for (const int fd : batch) {
            held.push_back(fd);
            if (!readUntil(fd, "\r\n\r\n") || !say(fd, greeting)) return opened;
        }
        for (const int fd : batch) // the picture of what it subscribed to is the last to come
            if (readUntil(fd, "\"snapshot\":true")) ++opened;
    }
    return opened;
}

/// Reads off what has come, as a terminal does; how many are still open.
std::int64_t readOff(const std::vector<int>& held)
{
    std::int64_t open = 0;
    char chunk[16 << 10];
    for (const int fd : held) {
        ssize_t n = 0;
        while ((n = ::recv(fd, chunk, sizeof chunk, MSG_DONTWAIT)) > 0) {
        }
        open += n < 0 && errno == EAGAIN ? 1 : 0;
    }
    return open;
}

/// GETs answered in one round, on `loaders` connections in a closed loop.
std::int64_t load(const std::vector<int>& loaders)
{
    static const std::string get = "GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n";
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

/// Commands: 'w' opens the sessions, 'r' reads them off, 'i' and 'f' load the backend with and without.
[[noreturn]] void runPeer(int commands, int results)
{
    Address addresses[2];
    if (!readWhole(commands, addresses)) _exit(1);
    std::vector<int> loaders[2], held;
    for (int backend = 0; backend < 2; ++backend)
        for (int i = 0; i < kLoaders; ++i)
            loaders[backend].push_back(connectTo(addresses[backend].port));
    for (char command = 0; ::read(commands, &command, 1) == 1;) {
        const std::int64_t result = command == 'w'   ? openSessions(addresses[0], held)
                                    : command == 'r' ? readOff(held)
                                                     : load(loaders[command == 'i' ? 0 : 1]);
        if (!writeWhole(results, result)) break;
    }
    _exit(0);
}

struct Peer {
    int commands = -1, results = -1;

    static Peer start()
    {
        int commands[2], results[2];
        if (::pipe(commands) != 0 || ::pipe(results) != 0) std::exit(1);
        if (::fork() == 0) {
            ::close(commands[1]);
            ::close(results[0]);
            runPeer(commands[0], results[1]);
        }
        ::close(commands[0]);
        ::close(results[1]);
        return {commands[1], results[0]};
    }
    std::int64_t ask(char command) const
    {
        std::int64_t result = -1;
        return writeWhole(commands, command) && readWhole(results, result) ? result : -1;
    }
};

// ── this process: watches the two backends ──────────────────────────────────────────────────────

double residentBytes(pid_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    double total = 0, resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double processorSecondsOf(pid_t pid)
{
    std::string stat = drills::slurp("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream words(stat.substr(stat.rfind(')') + 1));
    std::string word;
    double ticks = 0;
    for (int field = 3; words >> word && field <= 15; ++field) // utime and stime: proc(5)
        if (field >= 14) ticks += std::stod(word);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Rate {
    double perSecond = 0, perProcessorSecond = 0;
};

/// One round against `pid`, while `other` stands still.
Rate measure(const Peer& peer, char command, pid_t pid, pid_t other)
{
    ::kill(other, SIGSTOP);
    const auto start = Clock::now();
    const double processor = processorSecondsOf(pid);
    const auto answered = static_cast<double>(peer.ask(command));
    const Rate rate{answered / secondsSince(start),
                    answered / std::max(0.01, processorSecondsOf(pid) - processor)};
    ::kill(other, SIGCONT);
    return rate;
}

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void report(const char* name, double value, const char* unit, double ratio, const char* bar, bool ok)
{
    std::printf("{\"bench\":\"gateway.idle_terminals.%s\",\"value\":%.1f,\"unit\":\"%s\",\"control\":"
                "\"a backend without terminals, by turns\",\"ratio\":%.3f,\"bar\":\"%s\",\"ok\":%s}\n",
                name, value, unit, ratio, bar, ok ? "true" : "false");
}

Address addressOf(drills::Stage& stage)
{
    Address address;
    const auto& url = stage.api().baseUrl();
    address.port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    stage.token().copy(address.token, sizeof address.token - 1);
    return address;
}

void compare(const Peer& peer, pid_t idle, pid_t free)
{
    std::vector<double> rates, perProcessor, keptRates, keptPerProcessor;
    for (int i = 0; i < kPairs; ++i) {
        // Who goes first changes, so that a machine that tires or wakes up favours neither.
        const bool freeFirst = i % 2 == 0;
        Rate without = freeFirst ? measure(peer, 'f', free, idle) : Rate();
        const Rate with = measure(peer, 'i', idle, free);
        if (!freeFirst) without = measure(peer, 'f', free, idle);
        rates.push_back(with.perSecond);
        perProcessor.push_back(with.perProcessorSecond);
        keptRates.push_back(with.perSecond / without.perSecond);
        keptPerProcessor.push_back(with.perProcessorSecond / without.perProcessorSecond);
        peer.ask('r');
    }
    report("get_rate", median(rates), "GET/s", median(keptRates), ">= 0.70", median(keptRates) >= 0.7);
    report("get_per_cpu", median(perProcessor), "GET/cpu-s", median(keptPerProcessor), ">= 0.70",
           median(keptPerProcessor) >= 0.7);
}

void run(const Peer& peer, drills::Stage& idle, drills::Stage& free)
{
    for (auto* stage : {&idle, &free}) {
        stage->setLimit(std::chrono::minutes(5));
        stage->startAll();
        stage->awaitLiveQuote("SPY");
        stage->admin("POST", "/market/pause", R"({"paused":true})");
    }
    const Address addresses[2] = {addressOf(idle), addressOf(free)};
    writeWhole(peer.commands, addresses);
    const pid_t held = idle.backend().pid(), unburdened = free.backend().pid();
    peer.ask('i'); // warm up
    peer.ask('f');
    const double before = residentBytes(held);
    const auto start = Clock::now();
    const auto opened = peer.ask('w');
    const double took = secondsSince(start);
    report("open", static_cast<double>(opened), "sessions", static_cast<double>(opened) / kIdle,
           "10000 greeted and subscribed", opened == kIdle);
    report("open_rate", static_cast<double>(opened) / took, "sessions/s", 0, "none", true);
    drills::pauseFor(std::chrono::seconds(2)); // some statuses are sent
    const double each = (residentBytes(held) - before) / kIdle;
    report("memory", each / 1024, "KiB/session", 0, "<= 12 KiB", each <= 12 * 1024);
    compare(peer, held, unburdened);
    const auto left = peer.ask('r');
    report("kept", static_cast<double>(left), "sessions", static_cast<double>(left) / kIdle,
           "all still open", left == kIdle);
}

} // namespace

int main()
{
    const Peer peer = Peer::start(); // before any thread of ours
    const auto programs = drills::Programs::beside(std::string(QD_BINARY_DIR) + "/bin/quarterdeckctl");
    if (!std::filesystem::exists(programs.backend) || !std::filesystem::exists(programs.sandbox)) {
        std::printf("{\"bench\":\"gateway.idle_terminals\",\"skipped\":\"build quarterdeckd and "
                    "quarterdeck-sandbox first\"}\n");
        return 0;
    }
    const auto folder = (std::filesystem::temp_directory_path() / "qd-bench-idle-").string() +
                        std::to_string(::getpid());
    int code = 0;
    try {
        const drills::StageOptions options{.backend = {"trading-reconcile-every=1m"}};
        drills::Stage idle(options, programs, folder + "/idle");
        drills::Stage free(options, programs, folder + "/free");
        run(peer, idle, free);
    } catch (const drills::BrokenPromise& broken) {
        std::fprintf(stderr, "%s\n", broken.what.c_str());
        code = 1;
    } catch (const drills::CannotRun& cannot) {
        std::fprintf(stderr, "%s\n", cannot.why.c_str());
        code = 1;
    }
    std::filesystem::remove_all(folder);
    ::close(peer.commands);
    ::wait(nullptr);
    return code;
}
