#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "services/wire/network_state.h"

namespace qd::wire {

/// Something open that has a deadline. It runs on its own strand; `setDeadline` may be called from
/// there at every step, since it only stores a number.
class Watched : public std::enable_shared_from_this<Watched> {
public:
    virtual ~Watched() = default;
    /// On the strand, after the deadline has passed. Must close or set a new deadline.
    virtual void onDeadline() = 0;
    /// On the strand: finish what is under way, then close.
    virtual void retire() = 0;
    /// On the strand: close now.
    virtual void abort() = 0;
    /// The loop has stopped: nothing of the above will come. Lets go of the user's callbacks.
    virtual void letGo() {}
    virtual const Strand& strand() const = 0;

protected:
    void setDeadline(Duration fromNow);
    void clearDeadline() { m_deadline.store(kNever, std::memory_order_relaxed); }

private:
    friend class Watch;
    static constexpr std::int64_t kNever = INT64_MAX;
    static constexpr std::int64_t kTold = INT64_MAX - 1; ///< it has passed, `onDeadline` is under way
    std::atomic<std::int64_t> m_deadline{kNever}; ///< steady nanoseconds
    std::size_t m_index = 0; ///< in Watch::m_members, under its mutex
};

/// Keeps the open connections of one owner alive and looks at their deadlines at every tick: one
/// timer for all, none per connection. Any thread.
class Watch : public Lasting, public std::enable_shared_from_this<Watch> {
public:
    Watch(const Strand& strand, Duration tick) : m_tick(tick), m_timer(strand) {}
    void add(std::shared_ptr<Watched> member);
    void remove(Watched& member);
    std::size_t size() const;
    void retireAll();
    void abortAll();
    void release() override;

private:
    void arm();
    void onTick();
    void forAll(void (Watched::*call)());

    const Duration m_tick;
    mutable std::mutex m_mutex;
    std::vector<std::shared_ptr<Watched>> m_members;
    bool m_armed = false;
    SteadyTimer m_timer;
};

} // namespace qd::wire
