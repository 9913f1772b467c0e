// A second ./run, as a person starts it, to live prices in its window: the script of this checkout with
// its look at packages and at a build that has nothing to do, then terminal, backend and sandbox over
// the data of the start before; median of three. The terminal shows its window first; that prices
// have reached it, its backend tells, whose only stream session it is. Off screen.
//
// The control is ./run --headless over the same data, to its ready line. The processor's time, that of
// stopping included, tells what a start costs whoever else uses the machine.
// uses: services/drills
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "services/drills/child.h"
#include "services/drills/link.h"
#include "tests/bench/loopback_client.h"
#include "tests/bench/median.h"

using namespace qd;
using namespace std::chrono_literals;

namespace {

constexpr int kRuns = 3;
constexpr auto kWithin = 60s;
constexpr double kFramesLive = 2; ///< the picture, and what changed since
constexpr double kSecondsMax = 2.0;

/// Of the checkout that this program was built from, as its build knows it.
std::filesystem::path sourceFolder()
{
    constexpr std::string_view kName = "CMAKE_HOME_DIRECTORY:INTERNAL=";
    const auto cache = drills::slurp(QD_BINARY_DIR "/CMakeCache.txt");
    const auto at = cache.find(kName);
    if (at == std::string::npos) return {};
    const auto from = at + kName.size();
    return cache.substr(from, cache.find('\n', from) - from);
}

/// A checkout whose build is the one this program is from, and a home that goes with this object.
class House {
public:
    House()
        : m_folder(std::filesystem::temp_directory_path() / fmt::format("qd-bench-run-{}", ::getpid()))
    {
        namespace fs = std::filesystem;
        for (const char* name : {"data", "config", "cache", "runtime", "tools"})
            fs::create_directories(m_folder / name);
        fs::permissions(m_folder / "runtime", fs::perms::owner_all);
        for (const char* name : {"run", "packaging"})
            fs::copy(sourceFolder() / name, m_folder / name, fs::copy_options::recursive);
        fs::create_directory_symlink(QD_BINARY_DIR, m_folder / "build");
        fs::create_symlink("/bin/false", m_folder / "tools/apt-get"); // nothing is installed for a bench
    }
    ~House()
    {
        std::error_code ignored;
        std::filesystem::remove_all(m_folder, ignored);
    }
    House(const House&) = delete;
    House& operator=(const House&) = delete;

    std::unique_ptr<drills::Child> run(std::vector<std::string> arguments) const
    {
        const auto home = [this](const char* name) { return (m_folder / name).string(); };
        std::vector<std::string> environment{
            "XDG_DATA_HOME=" + home("data"),     "XDG_CONFIG_HOME=" + home("config"),
            "XDG_CACHE_HOME=" + home("cache"),   "XDG_RUNTIME_DIR=" + home("runtime"),
            "DBUS_SESSION_BUS_ADDRESS=disabled:", "QT_QPA_PLATFORM=offscreen"};
        arguments.insert(arguments.begin(),
                         {"DISPLAY=:none", "PATH=" + home("tools") + ":" + std::getenv("PATH"),
                          home("run")});
        auto child = drills::Child::start({"/usr/bin/env", std::move(arguments),
                                           std::move(environment), home("out"), home("err")});
        return child ? std::move(*child) : nullptr;
    }
    /// Of the backend that is running; it is written anew at each start.
    std::string beacon() const { return (m_folder / "data/quarterdeck/backend.json").string(); }

private:
    std::filesystem::path m_folder;
};

double valueOf(const std::string& metrics, std::string_view name)
{
    const auto at = metrics.find(fmt::format("\n{} ", name));
    return at == std::string::npos ? 0 : std::atof(metrics.c_str() + at + name.size() + 2);
}

/// Of all programs that were started and have ended.
double childrensProcessorSeconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

/// Whether the backend of this beacon has sent live prices to the terminal.
bool isLive(drills::Link& link, const std::string& beacon)
{
    const auto found = json::Document::parse(drills::slurp(beacon));
    if (!found) return false;
    auto token = drills::slurp(std::string((*found)["tokenFile"].stringOr({})));
    while (token.ends_with('\n')) token.pop_back();
    drills::ApiClient api(link, std::string((*found)["url"].stringOr({})),
                          runtime::Secret(std::move(token)));
    const auto answer = api.call("GET", "/metrics");
    return answer && answer->isOk() && valueOf(answer->body, "stream_sessions") == 1 &&
           valueOf(answer->body, "stream_market_frames") >= kFramesLive;
}

struct Start {
    double seconds = -1; ///< below zero: it did not come so far
    double processor = 0;
};

Start startWindow(const House& house)
{
    const double processor = childrensProcessorSeconds();
    std::error_code ignored;
    std::filesystem::remove(house.beacon(), ignored);
    drills::Link link;
    const auto start = bench::Clock::now();
    const auto terminal = house.run({});
    const bool came = terminal && drills::waitUntil(kWithin, [&] {
        return isLive(link, house.beacon()) || !terminal->isRunning();
    }) && terminal->isRunning();
    const double seconds = bench::secondsSince(start);
    if (!came && terminal) fmt::print(stderr, "{}\n", terminal->errors());
    if (terminal) terminal->terminate(20s);
    return {came ? seconds : -1, childrensProcessorSeconds() - processor};
}

/// Seconds; below zero: it did not come so far.
double startHeadless(const House& house)
{
    const auto start = bench::Clock::now();
    const auto pair = house.run({"--headless"});
    const bool came = pair && pair->firstLine(kWithin).starts_with("quarterdeckd is at");
    const double seconds = bench::secondsSince(start);
    if (pair) pair->terminate(20s);
    return came ? seconds : -1;
}

} // namespace

int main()
{
    if (!std::filesystem::exists(QD_BINARY_DIR "/bin/quarterdeck")) {
        fmt::print("{{\"bench\":\"run_start\",\"skipped\":\"build quarterdeck first\"}}\n");
        return 0;
    }
    const House house;
    std::vector<double> windows, pairs, processor;
    double worst = startWindow(house).seconds; // the first start makes what the second finds
    for (int run = 0; run < kRuns && worst >= 0; ++run) {
        pairs.push_back(startHeadless(house));
        const Start window = startWindow(house);
        windows.push_back(window.seconds);
        processor.push_back(window.processor);
        worst = std::min(pairs.back(), windows.back());
    }
    if (worst < 0) {
        fmt::print("{{\"bench\":\"run_start\",\"failed\":\"it did not start\",\"ok\":false}}\n");
        return 1;
    }
    const double seconds = bench::median(windows), bare = bench::median(pairs);
    fmt::print("{{\"bench\":\"run_start.live_window\",\"value\":{:.2f},\"unit\":\"s, median of {}\","
               "\"control\":\"./run --headless {:.2f} s\",\"ratio\":{:.2f},"
               "\"processorSeconds\":{:.2f},\"bar\":\"<2 s\",\"ok\":{}}}\n",
               seconds, kRuns, bare, seconds / bare, bench::median(processor),
               seconds < kSecondsMax);
    return 0;
}
