#include "tests/support/sim_world.h"

#include <algorithm>

namespace qd::test {

SimWorld::SimWorld(std::uint64_t seed, Timestamp start)
    : m_clock(start), m_random(seed), m_delays(seed ^ 0x5eed5eed5eed5eedULL)
{
}

SimWorld::~SimWorld() = default;

void SimWorld::add(SimExecutor& owner, Duration delay, runtime::Task task,
                   std::shared_ptr<bool> alive)
{
    QD_ASSERT(std::this_thread::get_id() == m_thread);
    if (!owner.isAlive()) return;
    m_queue.emplace(Key(m_clock.steady() + delay, m_sequence++),
                    Entry{&owner, std::move(task), std::move(alive)});
}

void SimWorld::post(SimExecutor& owner, runtime::Task task)
{
    Duration delay{0};
    if (m_postDelayMax > Duration::zero()) {
        const auto longest = static_cast<std::uint64_t>(m_postDelayMax.count()) + 1;
        delay = Duration(static_cast<std::int64_t>(m_delays.below(longest)));
        const Duration due = std::max(m_clock.steady() + delay, owner.m_lastPostDue);
        owner.m_lastPostDue = due;
        delay = due - m_clock.steady();
    }
    add(owner, delay, std::move(task), nullptr);
}

void SimWorld::drop(const SimExecutor& owner)
{
    // Destroyed only once the queue is whole again: what a task captured may post or cancel.
    std::vector<Entry> dropped;
    for (auto it = m_queue.begin(); it != m_queue.end();) {
        if (it->second.owner != &owner) {
            ++it;
            continue;
        }
        if (it->second.alive) *it->second.alive = false;
        dropped.push_back(std::move(it->second));
        it = m_queue.erase(it);
    }
}

bool SimWorld::hasNext()
{
    while (!m_queue.empty()) {
        const auto& alive = m_queue.begin()->second.alive;
        if (!alive || *alive) return true;
        const auto cancelled = m_queue.extract(m_queue.begin());
    }
    return false;
}

void SimWorld::advanceTo(Duration steady)
{
    if (steady <= m_clock.steady()) return;
    m_clock.advance(steady - m_clock.steady());
    m_tasksAtThisInstant = 0;
}

void SimWorld::runNext()
{
    const auto node = m_queue.extract(m_queue.begin());
    advanceTo(node.key().first);
    QD_ASSERT(++m_tasksAtThisInstant < kTasksAtOneInstantMax);
    ++m_tasksRun;
    const Entry& entry = node.mapped();
    if (entry.alive) *entry.alive = false;
    const SimExecutor* const outer = std::exchange(m_current, entry.owner);
    entry.task();
    m_current = outer;
}

void SimWorld::run(Duration duration)
{
    const Duration end = m_clock.steady() + duration;
    while (hasNext() && m_queue.begin()->first.first <= end) runNext();
    advanceTo(end);
}

bool SimWorld::runUntilIdle(Duration limit)
{
    return runUntil([this] { return !hasNext(); }, limit);
}

bool SimWorld::runUntil(const std::function<bool()>& predicate, Duration limit)
{
    const Duration end = m_clock.steady() + limit;
    while (!predicate()) {
        if (!hasNext() || m_queue.begin()->first.first > end) {
            advanceTo(end);
            return predicate();
        }
        runNext();
    }
    return true;
}

bool SimWorld::step()
{
    if (!hasNext()) return false;
    runNext();
    return true;
}

std::size_t SimWorld::pending()
{
    return static_cast<std::size_t>(
        std::count_if(m_queue.begin(), m_queue.end(), [](const auto& entry) {
            return !entry.second.alive || *entry.second.alive;
        }));
}

SimExecutor::SimExecutor(SimWorld& world, std::string name) : m_world(world), m_name(std::move(name))
{
}

SimExecutor::~SimExecutor()
{
    kill();
}

void SimExecutor::post(runtime::Task task)
{
    m_world.post(*this, std::move(task));
}

runtime::Timer SimExecutor::after(Duration delay, runtime::Task task)
{
    QD_ASSERT(delay >= Duration::zero());
    QD_ASSERT(isCurrent());
    if (!m_isAlive) return {};
    auto alive = std::make_shared<bool>(true);
    m_world.add(*this, delay, std::move(task), alive);
    return runtime::Timer(std::move(alive));
}

bool SimExecutor::isCurrent() const
{
    return m_world.m_current == nullptr || m_world.m_current == this;
}

void SimExecutor::kill()
{
    m_isAlive = false;
    m_world.drop(*this);
}

SimProcess::SimProcess(SimWorld& world, std::string name) : m_world(world), m_name(std::move(name))
{
}

SimExecutor& SimProcess::executor(const std::string& name)
{
    auto& executor = m_executors[name];
    if (!executor) {
        executor = std::make_unique<SimExecutor>(m_world, m_name + "." + name);
        if (!m_isAlive) executor->kill();
    }
    return *executor;
}

void SimProcess::kill()
{
    m_isAlive = false;
    for (const auto& [name, executor] : m_executors) executor->kill();
}

} // namespace qd::test
