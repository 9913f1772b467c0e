#include <gtest/gtest.h>

#include "services/wire/watch.h"

namespace qd::wire {
namespace {

using namespace std::chrono_literals;

class Connection final : public Watched {
public:
    explicit Connection(asio::io_context& loop) : m_strand(loop.get_executor()) {}
    using Watched::clearDeadline;
    using Watched::setDeadline;
    void onDeadline() override { ++told; }
    void retire() override {}
    void abort() override {}
    const Strand& strand() const override { return m_strand; }

    int told = 0;

private:
    Strand m_strand;
};

/// A watch and one member whose deadline has passed; `onDeadline` waits on its strand.
struct Passed {
    Passed()
    {
        member->setDeadline(0s);
        watch->add(member);
        loop.run_one(); // arms the timer
        loop.run_one(); // the tick
    }
    asio::io_context loop{1};
    std::shared_ptr<Watch> watch =
        std::make_shared<Watch>(Strand(loop.get_executor()), 1ms);
    std::shared_ptr<Connection> member = std::make_shared<Connection>(loop);
};

TEST(Watch, ADeadlineThatPassesIsToldOnce)
{
    Passed passed;
    passed.loop.run_one();
    EXPECT_EQ(passed.member->told, 1);
    passed.loop.run_one(); // the next tick
    EXPECT_EQ(passed.member->told, 1);
}

TEST(Watch, ProgressJustInTimeIsNoTimeout)
{
    Passed moved;
    moved.member->setDeadline(1h);
    moved.loop.run_one();
    EXPECT_EQ(moved.member->told, 0);

    // As when a whole request has come and its handler may take as long as it likes.
    Passed cleared;
    cleared.member->clearDeadline();
    cleared.loop.run_one();
    EXPECT_EQ(cleared.member->told, 0);
}

} // namespace
} // namespace qd::wire
