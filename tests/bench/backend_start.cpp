// Start of quarterdeckd, from exec to the first answered request; median of five, twice: "warm" with an
// empty data folder and the program still in the page cache, and "cold" on a folder that has a database,
// after the pages of the program, of the libraries that nobody else has mapped and of the database were
// dropped. The sandbox it connects to runs already. Needs both programs in bin/.
//
// The control is a program of its own that does nothing but serve: this one, copied and told to be it,
// on the backend's own HTTP server. It is started in the same way, in turn with the backend.
// uses: models/base services/runtime services/json services/wire
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "services/json/json.h"
#include "services/wire/network.h"
#include "tests/bench/loopback_client.h"
#include "tests/bench/median.h"

using namespace qd;
using namespace qd::bench;

namespace {

constexpr int kRuns = 5;
constexpr std::string_view kBareServer = "--bare-server";

// ── the control ─────────────────────────────────────────────────────────────────────────────────

/// Answers whatever it is asked.
class Yes final : public wire::Service {
public:
    void handle(wire::HttpRequest, Respond respond) override { respond({200, {}, "{}"}); }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest&) override
    {
        return tl::unexpected(wire::HttpResponse{404, {}, {}});
    }
};

/// Serves until it is killed.
int serveBare()
{
    wire::Network network(1, "io");
    Yes yes;
    const auto executor = network.makeExecutor();
    const auto server = wire::makeServer(network, *executor, yes, {});
    if (!server) return 1;
    fmt::print("{{\"url\":\"http://127.0.0.1:{}\"}}\n", (*server)->port());
    std::fflush(stdout);
    for (;;) ::pause();
}

// ── programs ────────────────────────────────────────────────────────────────────────────────────

/// A program whose first line on stdout says that it is ready.
class Program {
public:
    Program(const std::string& path, const std::vector<std::string>& arguments)
    {
        int out[2];
        if (::pipe2(out, O_CLOEXEC) != 0) return;
        m_pid = ::fork();
        if (m_pid == 0) {
            ::dup2(out[1], STDOUT_FILENO);
            std::vector<char*> words{const_cast<char*>(path.c_str())};
            for (const auto& argument : arguments)
                words.push_back(const_cast<char*>(argument.c_str()));
            words.push_back(nullptr);
            ::execv(path.c_str(), words.data());
            _exit(127);
        }
        ::close(out[1]);
        m_out = out[0];
    }
    ~Program()
    {
        if (m_pid > 0) {
            ::kill(m_pid, SIGTERM);
            ::waitpid(m_pid, nullptr, 0);
        }
        if (m_out >= 0) ::close(m_out);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    pid_t pid() const { return m_pid; }
    std::string readLine() const
    {
        std::string line;
        char c = 0;
        while (::read(m_out, &c, 1) == 1 && c != '\n') line += c;
        return line;
    }

private:
    pid_t m_pid = -1;
    int m_out = -1;
};

std::uint16_t portOf(std::string_view url)
{
    return static_cast<std::uint16_t>(
        std::atoi(std::string(url.substr(url.rfind(':') + 1)).c_str()));
}

bool answers(std::uint16_t port)
{
    const int fd = connectTo(port);
    if (fd < 0) return false;
    say(fd, "GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n");
    char answer[512];
    const auto got = ::recv(fd, answer, sizeof answer, 0);
    ::close(fd);
    return got > 12 && std::string_view(answer + 9, 3) == "200";
}

// ── what the kernel still has of a file ─────────────────────────────────────────────────────────

struct Pages {
    std::size_t all = 0, cached = 0;
};

/// Drops what can be dropped of a file, and counts what stayed. Pages that another process has mapped
/// stay: for a library of the whole system that is as it would be on any running machine.
Pages dropFromCache(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd < 0 || ::fstat(fd, &status) != 0 || status.st_size == 0) return {};
    ::fdatasync(fd); // only clean pages are dropped
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    const auto size = static_cast<std::size_t>(status.st_size);
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> resident((size + page - 1) / page);
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (mapped == MAP_FAILED) return {};
    Pages pages{resident.size(), resident.size()};
    if (::mincore(mapped, size, resident.data()) == 0)
        pages.cached = static_cast<std::size_t>(
            std::ranges::count_if(resident, [](unsigned char bits) { return (bits & 1U) != 0; }));
    ::munmap(mapped, size);
    return pages;
}

/// The files that the program maps, as its own /proc entry tells while it runs.
std::vector<std::string> mappedFiles(pid_t pid)
{
    std::vector<std::string> files;
    std::ifstream maps(fmt::format("/proc/{}/maps", pid));
    for (std::string line; std::getline(maps, line);) {
        const auto at = line.find('/');
        if (at == std::string::npos) continue;
        const auto path = line.substr(at);
        if (std::ranges::find(files, path) == files.end()) files.push_back(path);
    }
    return files;
}

/// The share of the program's files that is really on disk only.
double chill(const std::vector<std::string>& files, const std::filesystem::path& data)
{
    Pages sum;
    const auto add = [&sum](const std::string& path) {
        const auto pages = dropFromCache(path);
        sum.all += pages.all;
        sum.cached += pages.cached;
    };
    for (const auto& file : files) add(file);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(data, ignored))
        if (entry.is_regular_file()) add(entry.path().string());
    return sum.all == 0 ? 0 : 1.0 - static_cast<double>(sum.cached) / static_cast<double>(sum.all);
}

// ── starts ──────────────────────────────────────────────────────────────────────────────────────

/// How quarterdeckd is told where the sandbox is.
std::vector<std::string> argumentsFor(const json::Value& sandbox, const std::filesystem::path& data)
{
    const auto text = [&](const char* name) { return std::string(sandbox[name].stringOr({})); };
    return {"--data-dir=" + data.string(),
            "--alpaca-trading-url=" + text("alpaca"),
            "--alpaca-stream-url=" + text("stream"),
            "--alpaca-data-url=" + text("data"),
            "--alpaca-data-stream-url=" + text("dataStream"),
            "--alpaca-credentials-file=" + text("credentialsFile"),
            "--alpaca-simulated=true"};
}

struct Start {
    double seconds = -1; ///< below zero: it did not start
    std::vector<std::string> files;
};

Start startOnce(const std::string& program, const std::vector<std::string>& arguments)
{
    const auto before = Clock::now();
    const Program backend(program, arguments);
    const auto line = json::Document::parse(backend.readLine());
    if (!line || !answers(portOf(line->root()["url"].stringOr({})))) return {};
    return {secondsSince(before), mappedFiles(backend.pid())};
}

struct Times {
    std::vector<double> backend, bare;
};

void report(const char* name, Times times, double dropped)
{
    const double median = bench::median(times.backend), bare = bench::median(times.bare);
    const auto [best, worst] = std::ranges::minmax(times.backend);
    fmt::print("{{\"bench\":\"backend_start.{}\",\"value\":{:.0f},\"unit\":\"ms, median of {}\","
               "\"control\":\"a bare server {:.0f} ms\",\"ratio\":{:.1f},"
               "\"best\":{:.0f},\"worst\":{:.0f},\"droppedPages\":{:.2f},\"bar\":\"<=1000 ms\","
               "\"ok\":{}}}\n",
               name, median * 1e3, times.backend.size(), bare * 1e3, median / bare, best * 1e3,
               worst * 1e3, dropped, median <= 1.0);
}

/// How a program is started, and what it maps.
struct Started {
    std::string program;
    std::vector<std::string> arguments;
    std::vector<std::string> files = {};

    /// False: it did not start.
    bool start(std::vector<double>& times)
    {
        const Start start = startOnce(program, arguments);
        times.push_back(start.seconds);
        files = start.files;
        return start.seconds >= 0;
    }
};

/// Prints both figures. What went wrong; empty if nothing.
std::string measure(const std::string& program, const json::Value& sandbox,
                    const std::filesystem::path& folder)
{
    Times warm, cold;
    double dropped = 1;
    const auto kept = folder / "kept";
    // A copy: the pages of this program itself cannot be dropped while it runs.
    const auto copy = folder / "bare-server";
    std::filesystem::copy_file("/proc/self/exe", copy);
    Started bare{copy.string(), {std::string(kBareServer)}};
    for (int run = 0; run < kRuns; ++run) {
        Started backend{program, argumentsFor(sandbox, folder / fmt::format("run{}", run))};
        if (!bare.start(warm.bare) || !backend.start(warm.backend)) return "a program did not start";
    }
    Started backend{program, argumentsFor(sandbox, kept)};
    std::vector<double> first;
    if (!backend.start(first)) return "it did not start";
    for (int run = 0; run < kRuns; ++run) {
        chill(bare.files, folder / "nothing");
        if (!bare.start(cold.bare)) return "the control did not start again";
        dropped = std::min(dropped, chill(backend.files, kept));
        if (!backend.start(cold.backend)) return "the backend did not start again";
    }
    report("first_answer", std::move(warm), 0);
    report("first_answer_cold", std::move(cold), dropped);
    return {};
}

} // namespace

int main(int argc, char** argv)
{
    if (argc > 1 && argv[1] == kBareServer) return serveBare();
    const std::string bin = std::string(QD_BINARY_DIR) + "/bin/";
    if (!std::filesystem::exists(bin + "quarterdeckd") ||
        !std::filesystem::exists(bin + "quarterdeck-sandbox")) {
        fmt::print("{{\"bench\":\"backend_start\",\"skipped\":\"build quarterdeckd and "
                   "quarterdeck-sandbox first\"}}\n");
        return 0;
    }
    const auto folder =
        std::filesystem::temp_directory_path() / fmt::format("qd-bench-start-{}", ::getpid());
    std::filesystem::create_directories(folder);
    std::string failure = "the sandbox did not start";
    {
        const Program sandbox(bin + "quarterdeck-sandbox",
                              {"--credentials-file=" + (folder / "key.json").string()});
        if (const auto ready = json::Document::parse(sandbox.readLine()))
            failure = measure(bin + "quarterdeckd", ready->root(), folder);
    }
    std::filesystem::remove_all(folder);
    if (failure.empty()) return 0;
    fmt::print("{{\"bench\":\"backend_start\",\"failed\":\"{}\",\"ok\":false}}\n", failure);
    return 1;
}
