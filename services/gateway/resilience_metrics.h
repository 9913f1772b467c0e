#pragma once

#include <string>
#include <string_view>

#include "services/brokers/persistent_reads.h"
#include "services/gateway/api.h"
#include "services/observability/metrics.h"

namespace qd::gateway {

/// What the limits and the second tries are doing, for /metrics; breakers are told by Monitoring, the
/// bulkhead by SystemApi:
///   ratelimit_decisions_total{name="api.orders"|"api.queries"|"api.strangers",decision="allowed"|"refused"}
///   ratelimit_remaining{name="broker.…"}    requests that the venue still lets through; −1 unknown
///   retry_attempts_total{name="broker.…",outcome="retried"|"recovered"|"gave_up"}
///   retry_budget_ratio{name="broker.…"}     1: ten retries are saved up, 0: none
///   retry_waiting{name="broker.…"}
/// Core executor. Everything given outlives it, and it the metrics' last exposition.
class ResilienceMetrics {
public:
    ResilienceMetrics(observability::Metrics& metrics, const Api& api,
                      const brokers::Broker& broker, const brokers::PersistentReads& reads);

private:
    void collect();
    void collectLimit(std::string_view name, RateClass rate);

    observability::Metrics& m_metrics;
    const Api& m_api;
    const brokers::Broker& m_broker;
    const brokers::PersistentReads& m_reads;
    const std::string m_name; ///< "broker.alpaca"
};

} // namespace qd::gateway
