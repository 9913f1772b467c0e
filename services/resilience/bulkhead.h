#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "models/base/result.h"
#include "services/resilience/rate_limiter.h"
#include "services/runtime/executor.h"

namespace qd::resilience {

struct BulkheadSettings {
    std::string name;
    int concurrentMax = 10;
    int waitingMax = 50;
    /// What has waited longer is refused rather than run: its asker is gone.
    Duration waitMax = std::chrono::seconds(2);
};

struct BulkheadCounts {
    int running = 0, waiting = 0;
    std::uint64_t started = 0;
    std::uint64_t refused = 0; ///< no room to wait
    std::uint64_t expired = 0; ///< waited too long
};

/// Bounds how much of one thing is under way, so that one slow dependency cannot drown the rest.
/// One executor's thread. What is still waiting when it ends is dropped, without an answer.
class Bulkhead {
    struct Core;

public:
    /// Room for one piece of work; its end makes room for the next.
    class Slot {
    public:
        Slot() = default;
        Slot(Slot&&) noexcept = default;
        Slot& operator=(Slot&& other) noexcept;
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot() { release(); }
        void release();

    private:
        friend class Bulkhead;
        std::weak_ptr<Core> m_core;
    };
    using Work = std::function<void(Result<Slot>)>;

    Bulkhead(BulkheadSettings settings, runtime::Executor& executor);
    ~Bulkhead();

    /// Call `work` with a slot: at once if there is room, otherwise in turn (urgent first).
    /// Fails with: Unavailable "resilience.bulkhead_full", "resilience.bulkhead_wait".
    void run(Work work, Priority priority = Priority::Background);
    BulkheadCounts counts() const;

private:
    std::shared_ptr<Core> m_core;
};

} // namespace qd::resilience
