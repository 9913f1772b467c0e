#pragma once

#include <functional>
#include <memory>

#include "services/orders/change.h"
#include "services/orders/store.h"
#include "services/runtime/executor.h"
#include "services/storage/writer.h"

namespace qd::orders {

/// The way to the disk: takes changes in order, and tells when each is there. Core executor.
///
/// Changes go to the writer in groups, as one work: those that came in one turn of the core, once
/// somebody waits for one of them. What nobody waits for, mostly what the broker tells, rides along
/// with the next that somebody does, or goes by itself after `kRideMax`: each commit costs a flush of
/// the disk, and the next orders would wait behind it.
class Journal {
public:
    /// `committed` is called with each change once it is on disk, before the change's own `then`.
    /// `failed` is called when a change could not be written: the book is ahead of the disk and must
    /// be loaded again.
    struct Events {
        std::function<void(Change&)> committed;
        std::function<void(const Error&)> failed;
    };
    using Then = std::function<void(Result<void>)>;
    static constexpr Duration kRideMax = std::chrono::milliseconds(2);

    /// More than `pendingMax` changes wait only when the disk has stopped: they fail then, as what
    /// cannot be written does.
    Journal(storage::Writer& writer, runtime::Executor& core, std::size_t pendingMax, Events events);

    /// An empty change is on disk at once.
    void commit(Change change, Then then = {});
    /// Work for the writer that is not a change of orders: loading, reading back events.
    /// Sees every change committed before.
    void read(storage::Writer::Work work, Then then);
    /// Answers still under way are not delivered any more: the book they belong to is gone.
    void abandon();
    std::size_t pending() const { return *m_pending; }

private:
    struct Written;
    struct Group;
    void handOverSoon();
    void handOverInTime();
    void handOver();
    void settle(Group& group, const Result<void>& outcome);

    storage::Writer& m_writer;
    runtime::Executor& m_core;
    const std::size_t m_pendingMax;
    Events m_events;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    std::shared_ptr<std::size_t> m_pending = std::make_shared<std::size_t>(0);
    std::shared_ptr<Group> m_group; ///< not with the writer yet; null if there is nothing
    bool m_isComing = false;        ///< `handOver` is posted
    runtime::Timer m_ride;
};

} // namespace qd::orders
