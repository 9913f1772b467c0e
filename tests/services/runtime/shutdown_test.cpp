#include "services/runtime/shutdown.h"

#include <csignal>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace qd::runtime {
namespace {

// A child process that shuts down when told; what it writes is what happened, in order.
class Child {
public:
    explicit Child(void (*run)(int output))
    {
        int ends[2] = {-1, -1};
        EXPECT_EQ(pipe(ends), 0);
        m_pid = fork();
        if (m_pid == 0) {
            close(ends[0]);
            run(ends[1]);
            _exit(0);
        }
        close(ends[1]);
        m_input = ends[0];
    }
    ~Child() { close(m_input); }

    char read() const
    {
        char c = 0;
        return ::read(m_input, &c, 1) == 1 ? c : '\0';
    }
    void signal(int number) const { kill(m_pid, number); }
    int wait() const
    {
        int status = 0;
        waitpid(m_pid, &status, 0);
        return status;
    }

private:
    pid_t m_pid = -1;
    int m_input = -1;
};

void say(int output, char c)
{
    if (::write(output, &c, 1) != 1) _exit(9);
}

TEST(Shutdown, RunsTheStepsInReverseOrderAfterASignal)
{
    const Child child([](int output) {
        Shutdown shutdown;
        shutdown.addStep("first", [&] { say(output, '1'); });
        shutdown.addStep("second", [&] { say(output, '2'); });
        say(output, 'r');
        shutdown.wait();
    });
    ASSERT_EQ(child.read(), 'r');
    child.signal(SIGTERM);
    EXPECT_EQ(child.read(), '2');
    EXPECT_EQ(child.read(), '1');
    const int status = child.wait();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Shutdown, ASecondSignalEndsTheProcessAtOnce)
{
    const Child child([](int output) {
        Shutdown shutdown;
        shutdown.addStep("hangs", [&] {
            say(output, 'h');
            for (;;) pause();
        });
        say(output, 'r');
        shutdown.wait();
    });
    ASSERT_EQ(child.read(), 'r');
    child.signal(SIGINT);
    ASSERT_EQ(child.read(), 'h');
    child.signal(SIGINT);
    const int status = child.wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

TEST(Shutdown, CanBeRequestedByAnotherThread)
{
    const Child child([](int output) {
        Shutdown shutdown;
        shutdown.addStep("step", [&] { say(output, 's'); });
        std::thread([&] { shutdown.request(); }).join();
        shutdown.wait();
    });
    EXPECT_EQ(child.read(), 's');
    const int status = child.wait();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

} // namespace
} // namespace qd::runtime
