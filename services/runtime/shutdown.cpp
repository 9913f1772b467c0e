#include "services/runtime/shutdown.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "models/base/result.h"

namespace qd::runtime {
namespace {

sigset_t endingSignals()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

} // namespace

Shutdown::Shutdown()
{
    const sigset_t set = endingSignals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // A peer that hangs up is an error of one write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    m_wakeFd = eventfd(0, EFD_CLOEXEC);
    QD_ASSERT(m_wakeFd >= 0);
}

Shutdown::~Shutdown()
{
    close(m_wakeFd);
}

void Shutdown::addStep(std::string name, std::function<void()> step)
{
    m_steps.push_back({std::move(name), std::move(step)});
}

void Shutdown::wait()
{
    const sigset_t set = endingSignals();
    const int signalFd = signalfd(-1, &set, SFD_CLOEXEC);
    QD_ASSERT(signalFd >= 0);
    pollfd sources[2] = {{signalFd, POLLIN, 0}, {m_wakeFd, POLLIN, 0}};
    while (poll(sources, 2, -1) < 0) QD_ASSERT(errno == EINTR);
    if ((sources[0].revents & POLLIN) != 0) {
        signalfd_siginfo received{};
        QD_ASSERT(read(signalFd, &received, sizeof(received)) == sizeof(received));
    }
    close(signalFd);

    // From here on a signal has its usual effect: whoever asks twice does not want to wait.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);

    while (!m_steps.empty()) {
        const Step step = std::move(m_steps.back());
        m_steps.pop_back();
        step.run();
    }
}

void Shutdown::request()
{
    const std::uint64_t one = 1;
    // Cannot fail: the counter would have to reach 2^64 - 1 first.
    QD_ASSERT(write(m_wakeFd, &one, sizeof(one)) == sizeof(one));
}

void Shutdown::followParent()
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

} // namespace qd::runtime
