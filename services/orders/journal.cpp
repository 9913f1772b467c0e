#include "services/orders/journal.h"

#include <utility>

namespace qd::orders {

/// A change on its way to the disk, and who waits for it.
struct Journal::Written {
    Change change;
    std::vector<std::string> payloads;
    Then then;
};

/// What goes to the writer as one work.
struct Journal::Group {
    std::vector<Written> changes;
};

Journal::Journal(storage::Writer& writer, runtime::Executor& core, std::size_t pendingMax,
                 Events events)
    : m_writer(writer), m_core(core), m_pendingMax(pendingMax), m_events(std::move(events))
{
}

void Journal::commit(Change change, Then then)
{
    if (change.empty()) {
        if (then) then({});
        return;
    }
    const Timestamp now = m_core.clock().now();
    if (!m_group) m_group = std::make_shared<Group>();
    Written& written = m_group->changes.emplace_back();
    written.payloads.reserve(change.size());
    for (Entry& entry : change) {
        entry.fact.time = now;
        written.payloads.push_back(payloadOf(entry));
    }
    written.change = std::move(change);
    written.then = std::move(then);
    ++*m_pending;
    written.then ? handOverSoon() : handOverInTime();
}

void Journal::handOverSoon()
{
    if (std::exchange(m_isComing, true)) return;
    m_core.post([this, alive = std::weak_ptr<bool>(m_alive)] {
        if (!alive.expired()) handOver();
    });
}

void Journal::handOverInTime()
{
    if (m_isComing || m_ride.isActive()) return;
    m_ride = m_core.after(kRideMax, [this] { handOver(); });
}

void Journal::handOver()
{
    m_isComing = false;
    m_ride.cancel();
    const std::shared_ptr<Group> group = std::exchange(m_group, nullptr);
    if (!group) return;
    const auto done = [this, group, pending = m_pending,
                       alive = std::weak_ptr<bool>(m_alive)](const Result<std::int64_t>& outcome) {
        *pending -= group->changes.size();
        if (!alive.expired()) settle(*group, outcome.map([](std::int64_t) {}));
    };
    if (*m_pending > m_pendingMax) {
        m_core.post([done] {
            done(fail(ErrorKind::Unavailable, "orders.overloaded",
                      "too many changes wait for the disk already"));
        });
        return;
    }
    // The answer keeps it all until the work has run, and lets go of it on this side: memory that
    // another thread gives back costs both of them a lock.
    m_writer.submit(
        [work = group.get()](storage::Transaction& transaction) -> Result<void> {
            for (Written& written : work->changes) {
                if (auto stored = store(transaction, written.change, written.payloads); !stored) {
                    return stored;
                }
            }
            return {};
        },
        m_core, done);
}

void Journal::settle(Group& group, const Result<void>& outcome)
{
    const std::weak_ptr<bool> alive = m_alive; // those who are told may end it all
    for (Written& written : group.changes) {
        if (outcome) m_events.committed(written.change);
        if (written.then) written.then(outcome);
        if (alive.expired()) return;
    }
    if (!outcome) m_events.failed(outcome.error());
}

void Journal::read(storage::Writer::Work work, Then then)
{
    handOver();
    m_writer.submit(std::move(work), m_core,
                    [then = std::move(then),
                     alive = std::weak_ptr<bool>(m_alive)](Result<std::int64_t> outcome) {
                        if (alive.expired()) return;
                        then(outcome.map([](std::int64_t) {}));
                    });
}

void Journal::abandon()
{
    m_alive = std::make_shared<bool>(true);
    m_pending = std::make_shared<std::size_t>(0);
    m_group.reset();
    m_isComing = false;
    m_ride.cancel();
}

} // namespace qd::orders
