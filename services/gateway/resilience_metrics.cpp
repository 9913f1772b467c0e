#include "services/gateway/resilience_metrics.h"

namespace qd::gateway {

ResilienceMetrics::ResilienceMetrics(observability::Metrics& metrics, const Api& api,
                                     const brokers::Broker& broker,
                                     const brokers::PersistentReads& reads)
    : m_metrics(metrics), m_api(api), m_broker(broker), m_reads(reads),
      m_name("broker." + broker.capabilities().broker.text())
{
    using observability::MetricType;
    m_metrics.declare({
        {"ratelimit_remaining", MetricType::Gauge,
         "Requests that the other side still lets through in its window; -1 if it has not said.",
         {"name"}, {}},
        {"retry_budget_ratio", MetricType::Gauge,
         "Share of the retry budget that is saved up: at 0 nothing is tried again.", {"name"}, {}},
        {"retry_waiting", MetricType::Gauge, "Calls that wait for their next try.", {"name"}, {}},
    });
    m_metrics.onCollect([this] { collect(); });
}

void ResilienceMetrics::raise(std::string_view metric, std::string_view name,
                              std::string_view label, std::uint64_t& told, std::uint64_t now)
{
    m_metrics.counter(metric, {name, label}).add(static_cast<double>(now - told));
    told = now;
}

void ResilienceMetrics::collectLimit(std::string_view name, LimitCounts& told,
                                     const LimitCounts& now)
{
    raise("ratelimit_decisions_total", name, "allowed", told.allowed, now.allowed);
    raise("ratelimit_decisions_total", name, "refused", told.refused, now.refused);
}

void ResilienceMetrics::collect()
{
    collectLimit("api.orders", m_toldOrders, m_api.limitCounts(RateClass::Orders));
    collectLimit("api.queries", m_toldQueries, m_api.limitCounts(RateClass::Queries));
    const auto& counts = m_reads.counts();
    raise("retry_attempts_total", m_name, "retried", m_told.retried, counts.retried);
    raise("retry_attempts_total", m_name, "recovered", m_told.recovered, counts.recovered);
    raise("retry_attempts_total", m_name, "gave_up", m_told.gaveUp, counts.gaveUp);
    m_metrics.gauge("retry_budget_ratio", {m_name})
        .set(static_cast<double>(m_reads.budgetPermille()) / resilience::RetryBudget::kCapPermille);
    m_metrics.gauge("retry_waiting", {m_name}).set(static_cast<double>(m_reads.waiting()));
    m_metrics.gauge("ratelimit_remaining", {m_name}).set(m_broker.status().rateRemaining);
}

} // namespace qd::gateway
