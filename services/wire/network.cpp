#include <algorithm>

#include <pthread.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "services/wire/network_state.h"

namespace qd::wire {

Network::State::State(int threadCount) : loop(threadCount), work(asio::make_work_guard(loop)) {}

void Network::State::releaseAtStop(std::weak_ptr<Lasting> lasting)
{
    const std::lock_guard lock(m_mutex);
    m_lasting.push_back(std::move(lasting));
    if (m_lasting.size() < m_purgeAt) return;
    std::erase_if(m_lasting, [](const auto& known) { return known.expired(); });
    m_purgeAt = std::max<std::size_t>(64, m_lasting.size() * 2);
}

void Network::State::releaseAll()
{
    std::vector<std::weak_ptr<Lasting>> all;
    {
        const std::lock_guard lock(m_mutex);
        all.swap(m_lasting);
    }
    for (const auto& known : all)
        if (const auto lasting = known.lock()) lasting->release();
}

Network::Network(int threads, std::string name) : m_state(std::make_unique<State>(threads))
{
    QD_ASSERT(threads > 0);
    for (int i = 0; i < threads; ++i) {
        m_state->threads.emplace_back([this] { m_state->loop.run(); });
        const std::string threadName = threads == 1 ? name : name + std::to_string(i);
        pthread_setname_np(m_state->threads.back().native_handle(), threadName.substr(0, 15).c_str());
    }
}

Network::~Network()
{
    stop();
}

std::unique_ptr<runtime::Executor> Network::makeExecutor()
{
    return std::make_unique<NetworkExecutor>(*m_state, m_state->makeStrand());
}

void Network::stop()
{
    m_state->work.reset();
    m_state->loop.stop();
    for (std::thread& thread : m_state->threads) {
        if (thread.joinable()) thread.join();
    }
    m_state->releaseAll();
}

NetworkExecutor::NetworkExecutor(Network::State& network, Strand strand)
    : m_network(network), m_core(std::make_shared<Core>(std::move(strand)))
{
}

NetworkExecutor::~NetworkExecutor()
{
    {
        const std::lock_guard lock(m_core->running);
        m_core->open = false;
    }
    asio::post(m_core->strand, [core = m_core] {
        core->pending.clear();
        core->timer.cancel();
    });
}

void NetworkExecutor::post(runtime::Task task)
{
    asio::post(m_core->strand, [core = m_core, task = std::move(task)] { core->run(task); });
}

runtime::Timer NetworkExecutor::after(Duration delay, runtime::Task task)
{
    QD_ASSERT(delay >= Duration::zero());
    auto alive = std::make_shared<bool>(true);
    const auto due = std::chrono::steady_clock::now() + delay;
    const auto added = m_core->pending.emplace(due, Pending{alive, std::move(task)});
    if (m_core->pending.size() >= m_core->purgeAt) m_core->dropCancelled();
    if (added == m_core->pending.begin()) m_core->arm();
    return runtime::Timer(std::move(alive));
}

void NetworkExecutor::Core::run(const runtime::Task& task)
{
    const std::lock_guard lock(running);
    if (open) task();
}

void NetworkExecutor::Core::arm()
{
    if (pending.empty()) return;
    timer.expires_at(pending.begin()->first);
    timer.async_wait([self = shared_from_this()](error_code error) {
        if (!error) self->fire();
    });
}

void NetworkExecutor::Core::fire()
{
    const auto now = std::chrono::steady_clock::now();
    while (!pending.empty() && pending.begin()->first <= now) {
        const Pending due = std::move(pending.begin()->second);
        pending.erase(pending.begin());
        if (!*due.alive) continue;
        *due.alive = false;
        run(due.task);
    }
    arm();
}

void NetworkExecutor::Core::dropCancelled()
{
    std::erase_if(pending, [](const auto& entry) { return !*entry.second.alive; });
    purgeAt = std::max<std::size_t>(64, pending.size() * 2);
}

std::optional<Strand> sharedStrand(Network& network, runtime::Executor& executor)
{
    const auto* own = dynamic_cast<NetworkExecutor*>(&executor);
    if (!own || !own->belongsTo(network.state())) return std::nullopt;
    return own->strand();
}

void Outlet::deliver(runtime::Task task)
{
    if (m_strand && m_strand->running_in_this_thread())
        run(task);
    else
        post(std::move(task));
}

void Outlet::post(runtime::Task task)
{
    const std::lock_guard lock(m_postMutex);
    if (!m_open) return;
    m_executor->post([self = shared_from_this(), task = std::move(task)] { self->run(task); });
}

void Outlet::run(const runtime::Task& task)
{
    const std::lock_guard lock(m_runMutex);
    if (m_running) task();
}

bool Outlet::isOpen()
{
    const std::lock_guard lock(m_postMutex);
    return m_open;
}

void Outlet::close()
{
    {
        const std::lock_guard lock(m_postMutex);
        m_open = false;
    }
    const std::lock_guard lock(m_runMutex);
    m_running = false;
}

} // namespace qd::wire
