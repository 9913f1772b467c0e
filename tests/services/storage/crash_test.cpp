#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/services/storage/store.h"
#include "tests/support/eventually.h"

extern char** environ;

namespace qd::storage::test {
namespace {

const std::string kWriter = QD_BINARY_DIR "/tests/powercut_writer";

/// A process of its own whose output goes to a file.
class Child {
public:
    Child(std::vector<std::string> arguments, const std::string& output)
    {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
        std::vector<char*> pointers;
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        const int code =
            ::posix_spawn(&m_id, pointers[0], &actions, nullptr, pointers.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        QD_ASSERT(code == 0);
    }
    ~Child()
    {
        if (m_id > 0) kill();
    }
    void kill()
    {
        ::kill(m_id, SIGKILL);
        wait();
    }
    int wait()
    {
        int status = 0;
        ::waitpid(std::exchange(m_id, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    pid_t m_id = 0;
};

TEST(Crash, AKilledProcessLosesNothingThatWasAcknowledged)
{
    const qd::test::TempDir folder;
    const std::string path = (folder / "store.db").string();
    const std::string acks = (folder / "acks").string();
    const std::string answer = (folder / "answer").string();
    for (int round = 0; round < 8; ++round) {
        Child writer({kWriter, "write", path, "full"}, acks);
        ASSERT_TRUE(qd::test::eventually([&] {
            std::error_code error;
            return std::filesystem::file_size(acks, error) > 400u && !error;
        }));
        writer.kill();
        Child check({kWriter, "check", path, acks}, answer);
        EXPECT_EQ(check.wait(), 0);
        const std::string text = qd::test::readFile(answer);
        EXPECT_NE(text.find(" lost=0 state=ok"), std::string::npos) << text;
        EXPECT_EQ(text.find("acked=0 "), std::string::npos) << text;
    }
}

} // namespace
} // namespace qd::storage::test
