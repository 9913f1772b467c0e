#pragma once

#include <cstdint>
#include <memory>

#include "services/brokers/broker.h"
#include "services/resilience/retry.h"

namespace qd::brokers {

/// A broker whose lists are asked for again, soon and a few times, when the way there fails: a moment's
/// trouble then costs a moment and not a whole comparison. Commands and the question for one order pass
/// as they are: an order is never sent twice, and who asks for one order keeps on asking by himself.
/// Core executor; what it is given outlives it.
class PersistentReads final : public Broker {
public:
    /// Three tries within this time; no waiting past it.
    static constexpr Duration kWithin = std::chrono::seconds(20);
    static constexpr resilience::RetryPolicy kPolicy{};

    struct Counts {
        std::uint64_t reads = 0;     ///< asked for by somebody
        std::uint64_t retried = 0;   ///< tries beyond the first
        std::uint64_t recovered = 0; ///< reads that a later try saved
        std::uint64_t gaveUp = 0;    ///< reads that failed in the end
    };

    PersistentReads(Broker& broker, runtime::Executor& core, runtime::Random& random);

    const Counts& counts() const { return *m_counts; }
    int budgetPermille() const { return m_budget.permille(); }
    std::size_t waiting() const { return m_retrier.waiting(); }

    const Capabilities& capabilities() const override { return m_broker.capabilities(); }
    BrokerStatus status() const override { return m_broker.status(); }
    void submit(const OrderRequest& request, const std::string& traceParent,
                OutcomeCallback done) override;
    void modify(const VenueOrderId& order, const Modification& change,
                const std::string& traceParent, OutcomeCallback done) override;
    void cancel(const VenueOrderId& order, const std::string& traceParent,
                OutcomeCallback done) override;
    void findByClientId(const ClientOrderId& id, Callback<OrderReport> done) override;
    void listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done) override;
    void listExecutions(Timestamp since, Callback<std::vector<Fill>> done) override;
    void listPositions(Callback<std::vector<Position>> done) override;
    void account(Callback<AccountSnapshot> done) override;
    void listInstruments(Callback<std::vector<Instrument>> done) override;
    void start(std::function<void(BrokerEvent)> events) override;
    void stop() override { m_broker.stop(); }

private:
    template <typename T>
    void read(std::function<void(Callback<T>)> ask, Callback<T> done);

    Broker& m_broker;
    const runtime::Clock& m_clock;
    std::shared_ptr<Counts> m_counts = std::make_shared<Counts>(); ///< answers may come late
    resilience::RetryBudget m_budget;
    resilience::Retrier m_retrier;
};

} // namespace qd::brokers
