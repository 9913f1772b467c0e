#pragma once

#include <memory>
#include <string>

#include "services/gateway/api.h"
#include "services/gateway/health.h"
#include "services/gateway/stream_hub.h"
#include "services/observability/log_file.h"
#include "services/observability/metrics.h"
#include "services/observability/spans.h"
#include "services/resilience/circuit_breaker.h"

namespace qd::gateway {

/// Turns what the rooms know of themselves into health, metrics and status frames: nothing is kept
/// twice, every figure is asked for when it is shown. Core executor. Everything given outlives it.
class Monitoring {
public:
    struct Dependencies {
        const runtime::Clock& clock;
        const brokers::Broker& broker;
        const orders::OrderService& orders;
        const market::MarketData& market;
        const storage::Writer& writer;
        const observability::LogFile& log;
        const runtime::ThreadExecutor& core;
        std::vector<const resilience::CircuitBreaker*> breakers;
        std::string configSource; ///< "file /etc/…" or "environment and arguments"
    };
    explicit Monitoring(Dependencies dependencies);

    /// The components of `/health/report`. `api` and `hub` are added later because they need us.
    void addTo(Health& health, const Api& api, const StreamHub& hub);
    /// Gauges and counters of these rooms, refreshed before each exposition.
    void addTo(observability::Metrics& metrics, const Api& api, const StreamHub& hub);
    /// The members of a stream status frame.
    std::string statusMembers() const;

private:
    ComponentHealth storage() const;
    ComponentHealth brokerHealth() const;
    ComponentHealth stream() const;
    ComponentHealth ordersHealth() const;
    ComponentHealth logHealth() const;
    std::vector<Health::Source> feeds() const;
    void updateBreakers(observability::Metrics& metrics);

    Dependencies m_the;
};

/// A span and a latency sample for each call that the API answered.
void recordCall(const FinishedCall& call, observability::Metrics& metrics,
                observability::SpanStore& spans);

} // namespace qd::gateway
