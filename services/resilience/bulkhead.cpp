#include "services/resilience/bulkhead.h"

#include <list>

namespace qd::resilience {

struct Bulkhead::Core : std::enable_shared_from_this<Bulkhead::Core> {
    Core(BulkheadSettings given, runtime::Executor& where)
        : settings(std::move(given)), executor(where)
    {
    }

    struct Waiting {
        Work work;
        runtime::Timer limit;
    };

    Slot takeSlot();
    void enqueue(Work work, Priority priority);
    void expire(std::list<Waiting>& queue, std::list<Waiting>::iterator waiting);
    void startNext();

    BulkheadSettings settings;
    runtime::Executor& executor;
    BulkheadCounts counts;
    std::list<Waiting> urgent, background;
};

Bulkhead::Slot Bulkhead::Core::takeSlot()
{
    ++counts.running;
    ++counts.started;
    Slot slot;
    slot.m_core = weak_from_this();
    return slot;
}

void Bulkhead::Core::enqueue(Work work, Priority priority)
{
    auto& queue = priority == Priority::Urgent ? urgent : background;
    const auto waiting = queue.insert(queue.end(), Waiting{std::move(work), {}});
    waiting->limit = executor.after(settings.waitMax,
                                    [this, &queue, waiting] { expire(queue, waiting); });
    ++counts.waiting;
}

void Bulkhead::Core::expire(std::list<Waiting>& queue, std::list<Waiting>::iterator waiting)
{
    const Work work = std::move(waiting->work);
    queue.erase(waiting);
    --counts.waiting;
    ++counts.expired;
    work(fail(ErrorKind::Unavailable, "resilience.bulkhead_wait",
              settings.name + ": waited too long for one of " +
                  std::to_string(settings.concurrentMax) + " places"));
}

void Bulkhead::Core::startNext()
{
    auto& queue = urgent.empty() ? background : urgent;
    if (queue.empty()) return;
    // Posted, not called: work that ends at once would otherwise pile up calls on the stack. The
    // place is taken now, so that nobody slips in between.
    const auto slot = std::make_shared<Slot>(takeSlot());
    executor.post([work = std::move(queue.front().work), slot] { work(std::move(*slot)); });
    queue.pop_front();
    --counts.waiting;
}

Bulkhead::Slot& Bulkhead::Slot::operator=(Slot&& other) noexcept
{
    if (this != &other) {
        release();
        m_core = std::move(other.m_core);
    }
    return *this;
}

void Bulkhead::Slot::release()
{
    const auto core = m_core.lock();
    m_core.reset();
    if (!core) return;
    --core->counts.running;
    core->startNext();
}

Bulkhead::Bulkhead(BulkheadSettings settings, runtime::Executor& executor)
    : m_core(std::make_shared<Core>(std::move(settings), executor))
{
    QD_ASSERT(m_core->settings.concurrentMax >= 1 && m_core->settings.waitingMax >= 0);
}

Bulkhead::~Bulkhead() = default;

void Bulkhead::run(Work work, Priority priority)
{
    if (m_core->counts.running < m_core->settings.concurrentMax) return work(m_core->takeSlot());
    if (m_core->counts.waiting >= m_core->settings.waitingMax) {
        ++m_core->counts.refused;
        return work(fail(ErrorKind::Unavailable, "resilience.bulkhead_full",
                         m_core->settings.name + ": " +
                             std::to_string(m_core->counts.running) + " running and " +
                             std::to_string(m_core->counts.waiting) + " waiting already"));
    }
    m_core->enqueue(std::move(work), priority);
}

BulkheadCounts Bulkhead::counts() const
{
    return m_core->counts;
}

} // namespace qd::resilience
