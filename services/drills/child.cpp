#include "services/drills/child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace qd::drills {

namespace {

constexpr int kCannotExecute = 127;

std::vector<std::string> environmentFor(const Child::Spec& spec)
{
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (!std::string_view(*entry).starts_with("QUARTERDECK_")) result.emplace_back(*entry);
    result.insert(result.end(), spec.environment.begin(), spec.environment.end());
    return result;
}

std::vector<char*> pointersTo(std::vector<std::string>& texts)
{
    std::vector<char*> pointers;
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

int openLog(const std::string& path)
{
    const char* file = path.empty() ? "/dev/null" : path.c_str();
    return ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/// Between fork and exec only what is safe after a fork of a process with threads.
[[noreturn]] void becomeChild(const char* program, char** arguments, char** environment, int out,
                              int err, pid_t parent)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotExecute);
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execve(program, arguments, environment);
    ::_exit(kCannotExecute);
}

} // namespace

void pauseFor(std::chrono::milliseconds time)
{
    ::poll(nullptr, 0, static_cast<int>(time.count()));
}

std::string slurp(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

Result<std::unique_ptr<Child>> Child::start(Spec spec)
{
    std::unique_ptr<Child> child(new Child(std::move(spec)));
    const Spec& the = child->m_spec;
    child->m_outputStart = slurp(the.outputFile).size();
    child->m_errorStart = slurp(the.errorFile).size();
    std::vector<std::string> words = the.arguments;
    words.insert(words.begin(), the.program);
    auto environment = environmentFor(the);
    const auto arguments = pointersTo(words);
    const auto variables = pointersTo(environment);
    const int out = openLog(the.outputFile), err = openLog(the.errorFile);
    const pid_t parent = ::getpid();
    const pid_t pid = out < 0 || err < 0 || ::access(the.program.c_str(), X_OK) != 0 ? -1 : ::fork();
    if (pid == 0)
        becomeChild(the.program.c_str(), const_cast<char**>(arguments.data()),
                    const_cast<char**>(variables.data()), out, err, parent);
    const int reason = errno;
    if (out >= 0) ::close(out);
    if (err >= 0) ::close(err);
    if (pid < 0)
        return fail(ErrorKind::Unavailable, "drill.start",
                    "cannot start " + the.program + ": " + std::strerror(reason));
    child->m_pid = pid;
    return child;
}

Child::~Child()
{
    kill();
}

std::optional<Child::Exit> Child::poll()
{
    if (m_exit || m_pid < 0) return m_exit;
    int status = 0;
    if (::waitpid(m_pid, &status, WNOHANG) != m_pid) return std::nullopt;
    m_exit = WIFEXITED(status) ? Exit{WEXITSTATUS(status), 0} : Exit{-1, WTERMSIG(status)};
    return m_exit;
}

std::optional<Child::Exit> Child::waitFor(std::chrono::milliseconds limit)
{
    waitUntil(limit, [this] { return poll().has_value(); });
    return m_exit;
}

void Child::kill()
{
    if (m_pid < 0 || poll()) return;
    ::kill(m_pid, SIGKILL);
    int status = 0;
    while (::waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {}
    m_exit = Exit{-1, SIGKILL};
}

bool Child::terminate(std::chrono::milliseconds limit)
{
    if (m_pid < 0 || poll()) return true;
    ::kill(m_pid, SIGTERM);
    const bool ended = waitFor(limit).has_value();
    kill();
    return ended;
}

std::string Child::firstLine(std::chrono::milliseconds limit)
{
    std::string text;
    waitUntil(limit, [&] {
        const bool ended = !isRunning();
        text = output();
        return text.find('\n') != std::string::npos || ended;
    });
    const auto end = text.find('\n');
    return end == std::string::npos ? std::string() : text.substr(0, end);
}

std::string Child::output() const
{
    const auto text = slurp(m_spec.outputFile);
    return text.substr(std::min(m_outputStart, text.size()));
}

std::string Child::errors() const
{
    const auto text = slurp(m_spec.errorFile);
    return text.substr(std::min(m_errorStart, text.size()));
}

} // namespace qd::drills
