#include "services/drills/crew.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/json/json.h"

namespace qd::drills {

namespace {

/// Leaves room for the rest of the message, and for what JSON escapes.
constexpr std::size_t kReasonMax = 8 * 1024, kEvidenceMax = kMessageMax / 4;

const Drill* drillOf(std::string_view id, const std::vector<Drill>& catalogue)
{
    const auto found = std::ranges::find(catalogue, id, &Drill::id);
    return found == catalogue.end() ? nullptr : &*found;
}

std::vector<std::string> fitting(const std::vector<std::string>& lines)
{
    std::vector<std::string> result;
    std::size_t size = 0;
    for (const auto& line : lines) {
        size += line.size();
        if (size > kEvidenceMax) {
            result.push_back(fmt::format("{} more lines", lines.size() - result.size()));
            break;
        }
        result.push_back(line);
    }
    return result;
}

std::string receive(int line)
{
    std::string message(kMessageMax, '\0');
    ssize_t size = 0;
    do size = ::recv(line, message.data(), message.size(), 0);
    while (size < 0 && errno == EINTR);
    message.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return message;
}

bool say(int line, std::string_view message)
{
    return ::send(line, message.data(), message.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(message.size());
}

/// Runs what it is told by id, until nobody tells any more.
void work(int line, const Runner::Options& options, const std::vector<Drill>& catalogue)
{
    Runner runner(options);
    for (;;) {
        const auto id = receive(line);
        const Drill* drill = drillOf(id, catalogue);
        if (drill == nullptr || !say(line, packResult(runner.run(*drill)))) return;
    }
}

std::string howItEnded(int status)
{
    return WIFSIGNALED(status) ? fmt::format("by signal {}", WTERMSIG(status))
                               : fmt::format("with exit status {}", WEXITSTATUS(status));
}

} // namespace

std::string packResult(const DrillResult& result)
{
    return json::Writer()
        .beginObject()
        .member("id", result.drill->id)
        .member("outcome", static_cast<std::int64_t>(result.outcome))
        .member("reason", result.reason.substr(0, kReasonMax))
        .member("startedAt", result.startedAt)
        .member("tookNs", static_cast<std::int64_t>(result.took.count()))
        .array("evidence", fitting(result.evidence))
        .endObject()
        .take();
}

Result<DrillResult> unpackResult(std::string_view message, const std::vector<Drill>& catalogue)
{
    const auto document = json::Document::parse(message);
    if (!document) return tl::unexpected(document.error());
    const json::Document& root = *document;
    DrillResult result;
    result.drill = drillOf(root["id"].stringOr(""), catalogue);
    if (result.drill == nullptr) return fail(ErrorKind::Invalid, "drill.unknown", "no such drill");
    const auto outcome = root["outcome"].integer();
    const auto startedAt = root["startedAt"].timestamp();
    const auto took = root["tookNs"].integer();
    auto reason = root["reason"].text();
    auto evidence = root["evidence"].strings();
    if (!outcome) return tl::unexpected(outcome.error());
    if (!startedAt) return tl::unexpected(startedAt.error());
    if (!took) return tl::unexpected(took.error());
    if (!reason) return tl::unexpected(reason.error());
    if (!evidence) return tl::unexpected(evidence.error());
    result.outcome = static_cast<Outcome>(
        std::clamp<std::int64_t>(*outcome, 0, static_cast<std::int64_t>(Outcome::Skipped)));
    result.startedAt = *startedAt;
    result.took = Duration(*took);
    result.reason = std::move(*reason);
    result.evidence = std::move(*evidence);
    return result;
}

/// One process that runs drills.
class Crew::Worker {
public:
    Worker(const Runner::Options& options, const std::vector<Drill>& catalogue)
        : m_catalogue(catalogue)
    {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
        std::fflush(nullptr); // what is not written yet would be written twice
        const pid_t parent = ::getpid();
        m_pid = ::fork();
        if (m_pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL); // its janitor tidies up
            ::close(ends[1]);
            if (::getppid() == parent) work(ends[0], options, catalogue);
            ::_exit(0);
        }
        ::close(ends[0]);
        m_line = ends[1];
    }
    ~Worker()
    {
        if (m_drill != nullptr && m_pid > 0) ::kill(m_pid, SIGKILL);
        end();
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    bool isBusy() const { return m_drill != nullptr; }
    int line() const { return m_line; }
    void begin(const Drill& drill)
    {
        m_drill = &drill;
        m_startedAt = runtime::systemClock().now();
        // To a dead process nothing can be said; it is seen where its answer is read.
        static_cast<void>(say(m_line, drill.id));
    }
    /// Waits. `lives` is false if the process has died.
    DrillResult finish(bool& lives)
    {
        const Drill* drill = std::exchange(m_drill, nullptr);
        auto result = unpackResult(receive(m_line), m_catalogue);
        lives = result.has_value();
        if (lives) return std::move(*result);
        DrillResult lost;
        lost.drill = drill;
        lost.outcome = Outcome::Failed;
        lost.startedAt = m_startedAt;
        lost.took = runtime::systemClock().now() - m_startedAt;
        lost.reason = "the process that ran it ended " + howItEnded(end());
        return lost;
    }

private:
    int end()
    {
        if (m_line >= 0) {
            ::shutdown(m_line, SHUT_RDWR); // processes that were forked later hold it too
            ::close(std::exchange(m_line, -1));
        }
        int status = 0;
        while (m_pid > 0 && ::waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {}
        m_pid = -1;
        return status;
    }

    const std::vector<Drill>& m_catalogue;
    pid_t m_pid = -1;
    int m_line = -1;
    const Drill* m_drill = nullptr;
    Timestamp m_startedAt;
};

Crew::Crew(int jobs, Runner::Options options, const std::vector<Drill>& catalogue)
    : m_jobs(jobs), m_options(std::move(options)), m_catalogue(catalogue)
{
    QD_ASSERT(jobs >= 1 && jobs <= kJobsMax);
}

Crew::~Crew() = default;

std::unique_ptr<Crew::Worker> Crew::makeWorker() const
{
    return std::make_unique<Worker>(m_options, m_catalogue);
}

void Crew::run(const std::vector<const Drill*>& wanted,
               const std::function<void(const DrillResult&)>& told)
{
    if (m_jobs == 1) {
        Runner runner(m_options);
        for (const Drill* drill : wanted) told(runner.run(*drill));
        return;
    }
    std::vector<const Drill*> together, alone;
    for (const Drill* drill : wanted) (drill->isAlone ? alone : together).push_back(drill);
    runTogether(together, static_cast<std::size_t>(m_jobs), told);
    runTogether(alone, 1, told);
}

void Crew::runTogether(const std::vector<const Drill*>& wanted, std::size_t jobs,
                       const std::function<void(const DrillResult&)>& told)
{
    jobs = std::min(jobs, wanted.size());
    while (m_workers.size() < jobs) m_workers.push_back(makeWorker());
    std::size_t next = 0, running = 0;
    const auto begin = [&](Worker& worker) {
        if (next == wanted.size()) return;
        worker.begin(*wanted[next++]);
        ++running;
    };
    for (std::size_t i = 0; i < jobs; ++i) begin(*m_workers[i]);
    while (running > 0) {
        std::vector<pollfd> lines;
        for (const auto& worker : m_workers)
            lines.push_back({worker->isBusy() ? worker->line() : -1, POLLIN, 0});
        if (::poll(lines.data(), lines.size(), -1) < 0) continue; // interrupted
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (lines[i].revents == 0) continue;
            bool lives = true;
            const auto result = m_workers[i]->finish(lives);
            --running;
            if (!lives) m_workers[i] = makeWorker();
            told(result);
            begin(*m_workers[i]);
        }
    }
}

} // namespace qd::drills
