#include "services/runtime/executor.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <pthread.h>

#include "models/base/result.h"

namespace qd::runtime {
namespace {

struct PendingTimer {
    Duration due;
    std::uint64_t sequence;
    Task task;
    std::shared_ptr<bool> alive;
};

// Heap order: the earliest on top, and among equals the one asked for first.
bool isLater(const PendingTimer& a, const PendingTimer& b)
{
    return a.due != b.due ? a.due > b.due : a.sequence > b.sequence;
}

constexpr std::size_t kSweepAtLeast = 64;
// A test's clock does not move the condition variable; look at it at least this often.
constexpr Duration kLongestNap = std::chrono::seconds(1);

} // namespace

Timer& Timer::operator=(Timer&& other) noexcept
{
    if (this != &other) {
        cancel();
        m_alive = std::move(other.m_alive);
    }
    return *this;
}

void Timer::cancel()
{
    if (m_alive) *m_alive = false;
    m_alive.reset();
}

struct ThreadExecutor::State {
    explicit State(const Clock& theClock) : clock(theClock) {}

    const Clock& clock;
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<Task> posted;  ///< under `mutex`
    bool stopping = false;    ///< under `mutex`
    std::thread thread;
    std::thread::id threadId; ///< under `mutex` until the thread has started

    // Only the executor's own thread touches these.
    std::vector<PendingTimer> timers;
    std::uint64_t timerSequence = 0;
    std::size_t sweepAt = kSweepAtLeast;

    void run();
    bool takePosted(std::deque<Task>& batch);
    void runDueTimers();
    void sweepCancelled();
};

void ThreadExecutor::State::run()
{
    std::deque<Task> batch;
    while (takePosted(batch)) {
        for (auto& task : batch) {
            task();
            task = nullptr; // what it captured ends here, not when the batch ends
        }
        batch.clear();
        runDueTimers();
    }
    timers.clear();
}

// Waits for posted tasks or the next timer. False: stopped, and everything posted before has run.
bool ThreadExecutor::State::takePosted(std::deque<Task>& batch)
{
    std::unique_lock lock(mutex);
    while (posted.empty() && !stopping) {
        if (timers.empty()) {
            wake.wait(lock);
            continue;
        }
        const Duration wait = timers.front().due - clock.steady();
        if (wait <= Duration::zero()) return true;
        wake.wait_for(lock, std::min(wait, kLongestNap));
    }
    batch.swap(posted);
    return !batch.empty() || !stopping;
}

void ThreadExecutor::State::runDueTimers()
{
    const Duration now = clock.steady();
    // Timers that a task below sets for "now" have a later sequence than this and wait for the next
    // round, so that a timer re-arming itself with delay zero cannot keep posted tasks waiting.
    const std::uint64_t round = timerSequence;
    while (!timers.empty() && timers.front().due <= now && timers.front().sequence < round) {
        std::pop_heap(timers.begin(), timers.end(), isLater);
        const PendingTimer timer = std::move(timers.back());
        timers.pop_back();
        if (!*timer.alive) continue;
        *timer.alive = false;
        timer.task();
    }
}

// Cancelled timers stay in the heap until due; without this a long deadline that is set and
// cancelled for every message would pile up.
void ThreadExecutor::State::sweepCancelled()
{
    if (timers.size() < sweepAt) return;
    std::erase_if(timers, [](const PendingTimer& timer) { return !*timer.alive; });
    std::make_heap(timers.begin(), timers.end(), isLater);
    sweepAt = std::max(kSweepAtLeast, timers.size() * 2);
}

ThreadExecutor::ThreadExecutor(std::string name, const Clock& clock)
    : m_state(std::make_unique<State>(clock))
{
    QD_ASSERT(name.size() <= 15);
    std::lock_guard lock(m_state->mutex);
    m_state->thread = std::thread([state = m_state.get(), name = std::move(name)] {
        pthread_setname_np(pthread_self(), name.c_str());
        { std::lock_guard started(state->mutex); }
        state->run();
    });
    m_state->threadId = m_state->thread.get_id();
}

ThreadExecutor::~ThreadExecutor()
{
    stop();
}

void ThreadExecutor::post(Task task)
{
    bool first = false;
    {
        std::lock_guard lock(m_state->mutex);
        if (m_state->stopping) return;
        first = m_state->posted.empty();
        m_state->posted.push_back(std::move(task));
    }
    if (first) m_state->wake.notify_one();
}

Timer ThreadExecutor::after(Duration delay, Task task)
{
    QD_ASSERT(isCurrent());
    QD_ASSERT(delay >= Duration::zero());
    auto& state = *m_state;
    state.sweepCancelled();
    auto alive = std::make_shared<bool>(true);
    state.timers.push_back(
        {state.clock.steady() + delay, state.timerSequence++, std::move(task), alive});
    std::push_heap(state.timers.begin(), state.timers.end(), isLater);
    return Timer(std::move(alive));
}

const Clock& ThreadExecutor::clock() const
{
    return m_state->clock;
}

bool ThreadExecutor::isCurrent() const
{
    return std::this_thread::get_id() == m_state->threadId;
}

void ThreadExecutor::stop()
{
    QD_ASSERT(!isCurrent());
    {
        std::lock_guard lock(m_state->mutex);
        m_state->stopping = true;
    }
    m_state->wake.notify_one();
    if (m_state->thread.joinable()) m_state->thread.join();
}

std::size_t ThreadExecutor::backlog() const
{
    std::lock_guard lock(m_state->mutex);
    return m_state->posted.size();
}

void runAndWait(Executor& executor, const Task& task)
{
    if (executor.isCurrent()) {
        task();
        return;
    }
    // The promise breaks when the executor drops the task, which ends the wait as well.
    auto promise = std::make_shared<std::promise<void>>();
    const auto done = promise->get_future();
    executor.post([&task, promise] {
        task();
        promise->set_value();
    });
    promise.reset();
    done.wait();
}

} // namespace qd::runtime
