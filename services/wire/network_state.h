#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include "services/wire/network.h"
#include "services/wire/transport.h"

namespace qd::wire {

using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                               asio::wait_traits<std::chrono::steady_clock>, Strand>;

/// Something that it and what it owns keep alive between them until it is closed, which cannot happen
/// any more once the loop has stopped.
class Lasting {
public:
    virtual ~Lasting() = default;
    /// Lets go of all that it holds. After the network's threads have ended.
    virtual void release() = 0;
};

struct Network::State {
    explicit State(int threads);
    Strand makeStrand() { return Strand(loop.get_executor()); }
    /// `lasting` is released when the network stops, should it still be there. Any thread.
    void releaseAtStop(std::weak_ptr<Lasting> lasting);
    /// After the threads have ended.
    void releaseAll();

    asio::io_context loop;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::vector<std::thread> threads;

private:
    std::mutex m_mutex; ///< guards what follows
    std::vector<std::weak_ptr<Lasting>> m_lasting;
    std::size_t m_purgeAt = 64;
};

/// A strand of a Network as an Executor. Destroying it waits for the task that runs and drops the
/// ones that wait.
class NetworkExecutor final : public runtime::Executor {
public:
    NetworkExecutor(Network::State& network, Strand strand);
    ~NetworkExecutor() override;
    void post(runtime::Task task) override;
    [[nodiscard]] runtime::Timer after(Duration delay, runtime::Task task) override;
    const runtime::Clock& clock() const override { return runtime::systemClock(); }
    bool isCurrent() const override { return m_core->strand.running_in_this_thread(); }

    const Strand& strand() const { return m_core->strand; }
    bool belongsTo(const Network::State& network) const { return &m_network == &network; }

private:
    struct Pending {
        std::shared_ptr<bool> alive;
        runtime::Task task;
    };
    struct Core : std::enable_shared_from_this<Core> {
        explicit Core(Strand s) : strand(std::move(s)), timer(strand) {}
        void run(const runtime::Task& task);
        void arm();
        void fire();
        void dropCancelled();

        Strand strand;
        SteadyTimer timer;
        std::recursive_mutex running; ///< held while a task runs; recursive: a task may destroy us
        bool open = true;             ///< under `running`
        std::multimap<std::chrono::steady_clock::time_point, Pending> pending; ///< strand only
        std::size_t purgeAt = 64;
    };
    Network::State& m_network;
    std::shared_ptr<Core> m_core;
};

/// The strand on which sockets for a user on `executor` run: the executor's own if it belongs to
/// this network (then no call crosses threads), else none.
std::optional<Strand> sharedStrand(Network& network, runtime::Executor& executor);

/// Where a user's callbacks go. Once closed, none is called any more: `close` waits for the one that
/// runs (unless it is the caller). Any thread.
class Outlet : public std::enable_shared_from_this<Outlet> {
public:
    Outlet(Network& network, runtime::Executor& executor)
        : m_executor(&executor), m_strand(sharedStrand(network, executor)) {}
    /// Run `task` on the executor: at once if this is its strand, else later.
    void deliver(runtime::Task task);
    /// Run `task` later on the executor, never inside this call.
    void post(runtime::Task task);
    void close();
    bool isOpen();

private:
    void run(const runtime::Task& task);
    runtime::Executor* m_executor;
    std::optional<Strand> m_strand;
    std::mutex m_postMutex;
    std::recursive_mutex m_runMutex;
    bool m_open = true;    ///< under m_postMutex
    bool m_running = true; ///< under m_runMutex
};

} // namespace qd::wire
