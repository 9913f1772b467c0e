#include "services/identity/hash_queue.h"

#include <algorithm>

namespace qd::identity {

struct HashQueue::State {
    struct Lane {
        runtime::Executor* executor;
        bool isBusy = false;
    };
    State(runtime::Executor& where, const std::vector<runtime::Executor*>& jobs)
        : core(where), bulkhead({.name = "password hashing",
                                 .concurrentMax = static_cast<int>(jobs.size()),
                                 .waitingMax = kWaitingMax,
                                 .waitMax = std::chrono::seconds(10)},
                                where)
    {
        for (auto* job : jobs) lanes.push_back({job});
    }
    runtime::Executor& core;
    std::vector<Lane> lanes;
    resilience::Bulkhead bulkhead;
};

HashQueue::HashQueue(runtime::Executor& core, std::vector<runtime::Executor*> jobs)
    : m_state(std::make_shared<State>(core, jobs))
{
    QD_ASSERT(!jobs.empty());
}

HashQueue::~HashQueue() = default;

void HashQueue::run(std::function<void()> work, resilience::Priority priority,
                    std::function<void(Result<void>)> done)
{
    using Slot = resilience::Bulkhead::Slot;
    const std::weak_ptr<State> weak = m_state;
    m_state->bulkhead.run(
        [weak, work = std::move(work), done = std::move(done)](Result<Slot> slot) {
            const auto state = weak.lock();
            if (!state) return;
            if (!slot)
                return done(fail(ErrorKind::Unavailable, "identity.busy", slot.error().detail));
            const auto lane = std::find_if(state->lanes.begin(), state->lanes.end(),
                                           [](const State::Lane& each) { return !each.isBusy; });
            QD_ASSERT(lane != state->lanes.end());
            lane->isBusy = true;
            const auto index = lane - state->lanes.begin();
            const auto held = std::make_shared<Slot>(std::move(*slot));
            runtime::Executor& core = state->core;
            lane->executor->post([weak, work, done, held, index, &core] {
                work();
                core.post([weak, done, held, index] {
                    const auto alive = weak.lock();
                    if (!alive) return;
                    alive->lanes[static_cast<std::size_t>(index)].isBusy = false;
                    held->release();
                    done({});
                });
            });
        },
        priority);
}

resilience::BulkheadCounts HashQueue::counts() const
{
    return m_state->bulkhead.counts();
}

} // namespace qd::identity
