#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "services/resilience/bulkhead.h"
#include "services/runtime/executor.h"

namespace qd::identity {

/// Takes password hashes off the core: one at a time on each of `jobs`, 32 waiting, the rest refused
/// at once, so that a flood of sign-ins costs neither the core nor more than 64 MiB for each of them.
/// What is urgent finds `reserved` free when all of `jobs` are taken by strangers, and starts at once
/// instead of after whoever is being hashed. Core executor. What is under way when it ends is not
/// answered; `jobs` and `reserved` outlive it and their work.
class HashQueue {
public:
    static constexpr int kWaitingMax = 32;

    /// Without `reserved` urgent work only goes ahead of what waits.
    HashQueue(runtime::Executor& core, std::vector<runtime::Executor*> jobs,
              runtime::Executor* reserved = nullptr);
    ~HashQueue();
    HashQueue(const HashQueue&) = delete;
    HashQueue& operator=(const HashQueue&) = delete;

    /// Run `work` on a job thread, then `done` on core. Urgent goes first. Fails with: Unavailable
    /// "identity.busy".
    void run(std::function<void()> work, resilience::Priority priority,
             std::function<void(Result<void>)> done);
    resilience::BulkheadCounts counts() const;

private:
    struct State;
    std::shared_ptr<State> m_state;
};

} // namespace qd::identity
