#include "services/drills/janitor.h"

#include <cerrno>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace qd::drills {

namespace {

/// Reads folders until the line is cut, then removes them. Processes that die with us may still be
/// writing there: tried a few times.
constexpr const char* kScript =
    "trap '' INT TERM HUP\n"
    "while IFS= read -r folder; do set -- \"$@\" \"$folder\"; done\n"
    "[ $# -gt 0 ] || exit 0\n"
    "for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- \"$@\" 2>/dev/null && exit 0; sleep 0.2; done\n";

/// Between fork and exec only what is safe after a fork of a process with threads.
[[noreturn]] void becomeJanitor(int readEnd)
{
    ::setsid(); // Ctrl+C is for the terminal's group: not for us
    ::dup2(readEnd, STDIN_FILENO);
    ::execl("/bin/sh", "sh", "-c", kScript, "janitor", static_cast<char*>(nullptr));
    ::_exit(127);
}

} // namespace

Janitor::Janitor()
{
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
    m_pid = ::fork();
    if (m_pid == 0) becomeJanitor(ends[0]);
    ::close(ends[0]);
    m_line = ends[1];
}

Janitor::~Janitor()
{
    if (m_line >= 0) ::close(m_line);
    int status = 0;
    while (m_pid > 0 && ::waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {}
}

void Janitor::watch(const std::string& folder)
{
    const std::string line = folder + "\n";
    // A janitor that has died costs tidiness, and must not cost us a SIGPIPE.
    if (m_line >= 0) static_cast<void>(::send(m_line, line.data(), line.size(), MSG_NOSIGNAL));
}

} // namespace qd::drills
