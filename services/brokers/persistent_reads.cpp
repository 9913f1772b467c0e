#include "services/brokers/persistent_reads.h"

namespace qd::brokers {

PersistentReads::PersistentReads(Broker& broker, runtime::Executor& core, runtime::Random& random)
    : m_broker(broker), m_clock(core.clock()), m_retrier(kPolicy, core, random, m_budget)
{
}

template <typename T>
void PersistentReads::read(std::function<void(Callback<T>)> ask, Callback<T> done)
{
    using resilience::Retrier;
    ++m_counts->reads;
    const auto tries = std::make_shared<int>(0);
    m_retrier.run<T>(
        resilience::kIdempotent, resilience::Deadline::in(kWithin, m_clock),
        [ask = std::move(ask), tries, counts = m_counts](
            int attempt, std::function<void(Retrier::TryResult<T>)> settle) {
            *tries = attempt;
            if (attempt > 1) ++counts->retried;
            ask([settle = std::move(settle)](Result<T> answer) {
                if (answer) return settle(std::move(*answer));
                settle(tl::unexpected(resilience::TryFailure{answer.error(), {}}));
            });
        },
        [done = std::move(done), tries, counts = m_counts](Result<T> answer) {
            if (!answer) ++counts->gaveUp;
            else if (*tries > 1) ++counts->recovered;
            done(std::move(answer));
        });
}

void PersistentReads::submit(const OrderRequest& request, const std::string& traceParent,
                             OutcomeCallback done)
{
    m_broker.submit(request, traceParent, std::move(done));
}

void PersistentReads::modify(const VenueOrderId& order, const Modification& change,
                             const std::string& traceParent, OutcomeCallback done)
{
    m_broker.modify(order, change, traceParent, std::move(done));
}

void PersistentReads::cancel(const VenueOrderId& order, const std::string& traceParent,
                             OutcomeCallback done)
{
    m_broker.cancel(order, traceParent, std::move(done));
}

void PersistentReads::findByClientId(const ClientOrderId& id, Callback<OrderReport> done)
{
    m_broker.findByClientId(id, std::move(done));
}

void PersistentReads::listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done)
{
    read<std::vector<OrderReport>>(
        [&broker = m_broker, query](auto answered) { broker.listOrders(query, std::move(answered)); },
        std::move(done));
}

void PersistentReads::listExecutions(Timestamp since, Callback<std::vector<Fill>> done)
{
    read<std::vector<Fill>>(
        [&broker = m_broker, since](auto answered) {
            broker.listExecutions(since, std::move(answered));
        },
        std::move(done));
}

void PersistentReads::listPositions(Callback<std::vector<Position>> done)
{
    read<std::vector<Position>>(
        [&broker = m_broker](auto answered) { broker.listPositions(std::move(answered)); },
        std::move(done));
}

void PersistentReads::account(Callback<AccountSnapshot> done)
{
    read<AccountSnapshot>(
        [&broker = m_broker](auto answered) { broker.account(std::move(answered)); },
        std::move(done));
}

void PersistentReads::listInstruments(Callback<std::vector<Instrument>> done)
{
    read<std::vector<Instrument>>(
        [&broker = m_broker](auto answered) { broker.listInstruments(std::move(answered)); },
        std::move(done));
}

void PersistentReads::start(std::function<void(BrokerEvent)> events)
{
    m_broker.start(std::move(events));
}

} // namespace qd::brokers
