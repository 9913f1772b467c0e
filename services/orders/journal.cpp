#include "services/orders/journal.h"

namespace qd::orders {

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
    auto payloads = std::make_shared<std::vector<Payload>>();
    payloads->reserve(change.size());
    for (Entry& entry : change) {
        entry.fact.time = now;
        payloads->push_back(payloadOf(entry));
    }
    const auto shared = std::make_shared<Change>(std::move(change));
    ++*m_pending;
    m_writer.submit(
        [shared, payloads = std::move(payloads)](storage::Transaction& transaction) {
            return store(transaction, *shared, *payloads);
        },
        m_core,
        [this, shared, then = std::move(then), pending = m_pending,
         alive = std::weak_ptr<bool>(m_alive)](Result<std::int64_t> outcome) {
            --*pending;
            if (alive.expired()) return;
            if (!outcome) {
                if (then) then(tl::unexpected(outcome.error()));
                m_events.failed(outcome.error());
                return;
            }
            m_events.committed(*shared);
            if (then) then({});
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
