#include "services/identity/hash_queue.h"

#include <algorithm>

namespace qd::identity {

struct HashQueue::State {
    struct Lane {
        runtime::Executor* executor = nullptr;
        bool isBusy = false;
    };
    State(runtime::Executor& where, const std::vector<runtime::Executor*>& jobs,
          runtime::Executor* forUrgent)
        : core(where), reserved{forUrgent},
          bulkhead({.name = "password hashing",
                    .concurrentMax = static_cast<int>(jobs.size()),
                    .waitingMax = kWaitingMax,
                    .waitMax = std::chrono::seconds(10)},
                   where)
    {
        for (auto* job : jobs) lanes.push_back({job});
    }
    /// Run `work` on the lane; when that is free again, `after` on core.
    static void occupy(const std::shared_ptr<State>& state, Lane& lane,
                       const std::function<void()>& work, const std::function<void()>& after)
    {
        lane.isBusy = true;
        lane.executor->post([work, after, &lane, &core = state->core,
                             weak = std::weak_ptr<State>(state)] {
            work();
            core.post([after, &lane, weak] {
                const auto alive = weak.lock(); // the lane is its
                if (!alive) return;
                lane.isBusy = false;
                after();
            });
        });
    }

    runtime::Executor& core;
    std::vector<Lane> lanes;
    Lane reserved; ///< without an executor: there is none
    std::uint64_t startedAhead = 0;
    resilience::Bulkhead bulkhead;
};

HashQueue::HashQueue(runtime::Executor& core, std::vector<runtime::Executor*> jobs,
                     runtime::Executor* reserved)
    : m_state(std::make_shared<State>(core, jobs, reserved))
{
    QD_ASSERT(!jobs.empty());
}

HashQueue::~HashQueue() = default;

void HashQueue::run(std::function<void()> work, resilience::Priority priority,
                    std::function<void(Result<void>)> done)
{
    using Slot = resilience::Bulkhead::Slot;
    State::Lane& reserved = m_state->reserved;
    const bool isRoomAhead = reserved.executor != nullptr && !reserved.isBusy;
    if (isRoomAhead && priority == resilience::Priority::Urgent) {
        ++m_state->startedAhead;
        return State::occupy(m_state, reserved, work, [done = std::move(done)] { done({}); });
    }
    m_state->bulkhead.run(
        [weak = std::weak_ptr<State>(m_state), work = std::move(work),
         done = std::move(done)](Result<Slot> slot) {
            const auto state = weak.lock();
            if (!state) return;
            if (!slot)
                return done(fail(ErrorKind::Unavailable, "identity.busy", slot.error().detail));
            const auto lane = std::find_if(state->lanes.begin(), state->lanes.end(),
                                           [](const State::Lane& each) { return !each.isBusy; });
            QD_ASSERT(lane != state->lanes.end());
            const auto held = std::make_shared<Slot>(std::move(*slot));
            State::occupy(state, *lane, work, [done, held] {
                held->release();
                done({});
            });
        },
        priority);
}

resilience::BulkheadCounts HashQueue::counts() const
{
    auto counts = m_state->bulkhead.counts();
    counts.started += m_state->startedAhead;
    counts.running += m_state->reserved.isBusy ? 1 : 0;
    return counts;
}

} // namespace qd::identity
