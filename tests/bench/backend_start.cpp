// Cold start of quarterdeckd on an empty data folder, from exec to the first answered request;
// median of five. The sandbox it connects to runs already. Needs both programs in bin/.
// uses: models/base services/runtime services/json
#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "services/json/json.h"
#include "tests/bench/loopback_client.h"

using namespace qd;
using namespace qd::bench;

namespace {

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

} // namespace

int main()
{
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
    std::vector<double> times;
    std::string failure;
    {
        const Program sandbox(bin + "quarterdeck-sandbox",
                              {"--credentials-file=" + (folder / "key.json").string()});
        const auto ready = json::Document::parse(sandbox.readLine());
        const auto text = [&](const char* name) {
            return ready ? std::string(ready->root()[name].stringOr({})) : std::string();
        };
        for (int run = 0; run < 5 && ready; ++run) {
            const auto data = folder / fmt::format("run{}", run);
            const auto start = Clock::now();
            const Program backend(
                bin + "quarterdeckd",
                {"--data-dir=" + data.string(), "--alpaca-trading-url=" + text("alpaca"),
                 "--alpaca-stream-url=" + text("stream"), "--alpaca-data-url=" + text("data"),
                 "--alpaca-data-stream-url=" + text("dataStream"),
                 "--alpaca-credentials-file=" + text("credentialsFile"),
                 "--alpaca-simulated=true"});
            const auto line = json::Document::parse(backend.readLine());
            if (!line || !answers(portOf(line->root()["url"].stringOr({})))) {
                failure = "the backend did not start";
                break;
            }
            times.push_back(secondsSince(start));
        }
        if (!ready) failure = "the sandbox did not start";
    }
    std::filesystem::remove_all(folder);
    if (times.empty()) {
        fmt::print("{{\"bench\":\"backend_start\",\"failed\":\"{}\",\"ok\":false}}\n", failure);
        return 1;
    }
    std::ranges::sort(times);
    const double median = times[times.size() / 2];
    fmt::print(
        "{{\"bench\":\"backend_start.first_answer\",\"value\":{:.0f},\"unit\":\"ms, median of {}\","
        "\"best\":{:.0f},\"worst\":{:.0f},\"bar\":\"<=1000 ms\",\"ok\":{}}}\n",
        median * 1e3, times.size(), times.front() * 1e3, times.back() * 1e3, median <= 1.0);
    return 0;
}
