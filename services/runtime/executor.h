#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/runtime/clock.h"

namespace qd::runtime {

using Task = std::function<void()>;

/// A pending call. Destroying or cancelling it before it runs means that it does not run.
/// Belongs to the executor's thread.
class Timer {
public:
    Timer() = default;
    explicit Timer(std::shared_ptr<bool> alive) : m_alive(std::move(alive)) {}
    Timer(Timer&&) noexcept = default;
    Timer& operator=(Timer&& other) noexcept;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    void cancel();
    bool isActive() const { return m_alive && *m_alive; }

private:
    std::shared_ptr<bool> m_alive; ///< false once cancelled or run
};

/// Runs tasks one after the other, in the order they were posted.
class Executor {
public:
    virtual ~Executor() = default;
    /// Run `task` later on this executor. Any thread. Tasks posted after `stop` are dropped.
    virtual void post(Task task) = 0;
    /// Run `task` once `delay` (≥ 0) has passed. Call on the executor's own thread only.
    [[nodiscard]] virtual Timer after(Duration delay, Task task) = 0;
    virtual const Clock& clock() const = 0;
    /// Is the caller running on this executor?
    virtual bool isCurrent() const = 0;
};

/// An executor with a thread of its own, named for the debugger and `top` (≤ 15 characters).
class ThreadExecutor final : public Executor {
public:
    explicit ThreadExecutor(std::string name, const Clock& clock = systemClock());
    ~ThreadExecutor() override; ///< stops and joins

    void post(Task task) override;
    [[nodiscard]] Timer after(Duration delay, Task task) override;
    const Clock& clock() const override;
    bool isCurrent() const override;
    /// Runs what was posted before, then ends the thread. Idempotent; not from its own thread.
    void stop();
    /// Tasks waiting now: a health figure.
    std::size_t backlog() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// Post `task` to `executor` and wait until it has run or was dropped because the executor stopped;
/// runs it at once if called on the executor. Start-up, shutdown and tests only.
void runAndWait(Executor& executor, const Task& task);

} // namespace qd::runtime
