// Does a backend with 10,000 quiet terminals still answer, and what does each terminal cost?
// uses: services/drills
// Two whole quarterdeckd: one holds 10,000 sessions on /v1/stream, each greeted with its token, given
// its snapshot, subscribed to quotes of a paused market and sent a status every second; the other
// holds none. GETs go to one and to the other by turns, while the one whose turn it is not stands
// still. What is kept is the median of the pairs' ratios.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>
#include <vector>

#include "services/drills/stage.h"
#include "tests/bench/idle_sockets.h"
#include "tests/bench/peer.h"

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

/// Terminals that said who they are and what they want to see; how many came so far.
std::int64_t openSessions(const Address& address, std::vector<int>& held)
{
    const std::string greeting =
        frameOf(std::string(R"({"type":"hello","token":")") + address.token + "\"}") +
        frameOf(R"({"type":"subscribe","quotes":["SPY","AAPL","MSFT"]})");
    std::int64_t opened = 0;
    while (static_cast<int>(held.size()) < kIdle) {
        const auto batch = openWebSockets(address.port, "/v1/stream", kAtOnce, greeting);
        held.insert(held.end(), batch.begin(), batch.end());
        if (batch.size() < kAtOnce) break;
        for (const int fd : batch) // the picture of what it subscribed to is the last to come
            if (!readUntil(fd, "\"snapshot\":true").empty()) ++opened;
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

/// Commands: 'w' opens the sessions, 'r' reads them off, 'i' and 'f' load the backend with and without.
void runPeer(int commands, int results)
{
    Address addresses[2];
    if (!readWhole(commands, addresses)) return;
    const std::vector<int> loaders[2] = {connectMany(addresses[0].port, kLoaders),
                                         connectMany(addresses[1].port, kLoaders)};
    std::vector<int> held;
    for (char command = 0; readWhole(commands, command);) {
        const std::int64_t result =
            command == 'w'   ? openSessions(addresses[0], held)
            : command == 'r' ? readOff(held)
                             : load(loaders[command == 'i' ? 0 : 1], "/health/live", kRound);
        if (!writeWhole(results, result)) break;
    }
}

// ── this process: watches the two backends ──────────────────────────────────────────────────────

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

/// One round against `pid`, while `other` stands still.
Rate measure(const Peer& peer, char command, pid_t pid, pid_t other)
{
    ::kill(other, SIGSTOP);
    const Stopwatch watch(processorSecondsOf(pid));
    const auto answered = peer.ask(command);
    const Rate rate = watch.of(answered, processorSecondsOf(pid));
    ::kill(other, SIGCONT);
    return rate;
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
    Pairs pairs;
    for (int i = 0; i < kPairs; ++i) {
        pairs.add([&] { return measure(peer, 'i', idle, free); },
                  [&] { return measure(peer, 'f', free, idle); });
        peer.ask('r');
    }
    const Rate kept = pairs.kept(), withIdle = pairs.withIdle();
    report("get_rate", withIdle.perSecond, "GET/s", kept.perSecond, ">= 0.70", kept.perSecond >= 0.7);
    report("get_per_cpu", withIdle.perProcessorSecond, "GET/cpu-s", kept.perProcessorSecond, ">= 0.70",
           kept.perProcessorSecond >= 0.7);
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
    const Peer peer = Peer::start(runPeer); // before any thread of ours
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
    peer.end();
    return code;
}
