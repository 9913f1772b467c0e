#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "services/runtime/executor.h"
#include "services/runtime/random.h"
#include "tests/support/fake_clock.h"

namespace qd::test {

class SimExecutor;

/// Virtual time for any number of executors on one thread: one queue ordered by time, then by when
/// a task was asked for. Time passes only between tasks, as fast as there is nothing to do. The same
/// seed and the same calls give the same run, bit for bit.
///
///   SimWorld world(seed);
///   SimExecutor core(world, "core"), db(world, "db");
///   …
///   world.run(30s);
class SimWorld {
public:
    explicit SimWorld(std::uint64_t seed = 1,
                      Timestamp start = Timestamp::of("2026-01-05T15:00:00Z"));
    ~SimWorld(); ///< after its executors
    SimWorld(const SimWorld&) = delete;
    SimWorld& operator=(const SimWorld&) = delete;

    const FakeClock& clock() const { return m_clock; }
    Timestamp now() const { return m_clock.now(); }
    /// Somebody sets the wall clock; timers do not notice.
    void setWall(Timestamp now) { m_clock.setWall(now); }
    /// For faults and choices of the test; the same sequence for the same seed.
    runtime::Random& random() { return m_random; }
    /// Delay every posted task by up to `longest`, drawn from the seed, so that executors overtake
    /// each other as real threads do. Each executor still runs its own tasks in order. Zero at first.
    void setPostDelay(Duration longest) { m_postDelayMax = longest; }

    /// Let `duration` pass: run all that falls due, then stand at the end of it.
    void run(Duration duration);
    /// Run what is due now; no time passes.
    void runReady() { run(Duration::zero()); }
    /// Run until nothing is waiting, for at most `limit`. True: nothing is waiting any more.
    bool runUntilIdle(Duration limit = std::chrono::hours(24));
    /// Run task by task until `predicate` holds, for at most `limit`. True: it holds.
    bool runUntil(const std::function<bool()>& predicate,
                  Duration limit = std::chrono::minutes(5));
    /// Run the next task, whenever it is due. False: nothing is waiting.
    bool step();
    /// Tasks and live timers waiting.
    std::size_t pending();
    /// Tasks run since the start: with the same seed always the same.
    std::uint64_t tasksRun() const { return m_tasksRun; }

    /// More tasks than this without time passing are an endless loop: a broken promise.
    static constexpr std::uint64_t kTasksAtOneInstantMax = 5'000'000;

private:
    friend class SimExecutor;
    struct Entry {
        SimExecutor* owner;
        runtime::Task task;
        std::shared_ptr<bool> alive; ///< timers only
    };
    using Key = std::pair<Duration, std::uint64_t>;

    void add(SimExecutor& owner, Duration delay, runtime::Task task, std::shared_ptr<bool> alive);
    void post(SimExecutor& owner, runtime::Task task);
    void drop(const SimExecutor& owner);
    /// Drops cancelled timers from the front. False: nothing is waiting.
    bool hasNext();
    void runNext();
    void advanceTo(Duration steady);

    FakeClock m_clock;
    runtime::SeededRandom m_random;
    runtime::SeededRandom m_delays;
    Duration m_postDelayMax{0};
    std::map<Key, Entry> m_queue;
    std::uint64_t m_sequence = 0;
    std::uint64_t m_tasksRun = 0;
    std::uint64_t m_tasksAtThisInstant = 0;
    const SimExecutor* m_current = nullptr;
    std::thread::id m_thread = std::this_thread::get_id();
};

/// One executor in a SimWorld. Destroying or killing it drops its tasks unrun, as a crash does.
/// `isCurrent` while one of its tasks runs, and while none runs at all (set-up in the test).
class SimExecutor final : public runtime::Executor {
public:
    explicit SimExecutor(SimWorld& world, std::string name = "core");
    ~SimExecutor() override;
    SimExecutor(const SimExecutor&) = delete;
    SimExecutor& operator=(const SimExecutor&) = delete;

    void post(runtime::Task task) override;
    [[nodiscard]] runtime::Timer after(Duration delay, runtime::Task task) override;
    const runtime::Clock& clock() const override { return m_world.clock(); }
    bool isCurrent() const override;

    /// The process that this executor belongs to is gone: what waits is dropped, and what is posted
    /// from now on too.
    void kill();
    bool isAlive() const { return m_isAlive; }
    const std::string& name() const { return m_name; }
    SimWorld& world() { return m_world; }

private:
    friend class SimWorld;
    SimWorld& m_world;
    std::string m_name;
    bool m_isAlive = true;
    Duration m_lastPostDue{0}; ///< keeps posted tasks in order when they are delayed
};

/// The executors of one simulated process, which live and die together.
class SimProcess {
public:
    explicit SimProcess(SimWorld& world, std::string name = "backend");

    /// The executor called `name`, made when first asked for.
    SimExecutor& executor(const std::string& name);
    /// As `kill -9`: drop everything. Objects of the process may then be destroyed in any order.
    void kill();
    bool isAlive() const { return m_isAlive; }

private:
    SimWorld& m_world;
    std::string m_name;
    bool m_isAlive = true;
    std::map<std::string, std::unique_ptr<SimExecutor>> m_executors;
};

} // namespace qd::test
