#include "services/orders/journal.h"

namespace qd::orders {

/// A change on its way to the disk, and who waits for it.
struct Journal::Written {
    Change change;
    std::vector<std::string> payloads;
    Then then;
};

Journal::Journal(storage::Writer& writer, runtime::Executor& core, Events events)
    : m_writer(writer), m_core(core), m_events(std::move(events))
{
}

void Journal::commit(Change change, Then then)
{
    if (change.empty()) {
        if (then) then({});
        return;
    }
    const Timestamp now = m_core.clock().now();
    const auto written = std::make_shared<Written>();
    written->payloads.reserve(change.size());
    for (Entry& entry : change) {
        entry.fact.time = now;
        written->payloads.push_back(payloadOf(entry));
    }
    written->change = std::move(change);
    written->then = std::move(then);
    ++*m_pending;
    // The answer keeps it all until the work has run, and lets go of it on this side: memory that
    // another thread gives back costs both of them a lock.
    m_writer.submit(
        [work = written.get()](storage::Transaction& transaction) {
            return store(transaction, work->change, work->payloads);
        },
        m_core,
        [this, written, pending = m_pending,
         alive = std::weak_ptr<bool>(m_alive)](Result<std::int64_t> outcome) {
            --*pending;
            if (alive.expired()) return;
            if (!outcome) {
                if (written->then) written->then(tl::unexpected(outcome.error()));
                m_events.failed(outcome.error());
                return;
            }
            m_events.committed(written->change);
            if (written->then) written->then({});
        });
}

void Journal::read(storage::Writer::Work work, Then then) const
{
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
}

} // namespace qd::orders
