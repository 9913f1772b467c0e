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

void ResilienceMetrics::collectLimit(std::string_view name, RateClass rate)
{
    const LimitCounts& counts = m_api.limitCounts(rate);
    constexpr const char* kDecisions = "ratelimit_decisions_total";
    m_metrics.counter(kDecisions, {name, "allowed"}).raiseTo(counts.allowed);
    m_metrics.counter(kDecisions, {name, "refused"}).raiseTo(counts.refused);
}

void ResilienceMetrics::collect()
{
    collectLimit("api.orders", RateClass::Orders);
    collectLimit("api.queries", RateClass::Queries);
    collectLimit("api.strangers", RateClass::Strangers);
    const auto& counts = m_reads.counts();
    constexpr const char* kAttempts = "retry_attempts_total";
    m_metrics.counter(kAttempts, {m_name, "retried"}).raiseTo(counts.retried);
    m_metrics.counter(kAttempts, {m_name, "recovered"}).raiseTo(counts.recovered);
    m_metrics.counter(kAttempts, {m_name, "gave_up"}).raiseTo(counts.gaveUp);
    m_metrics.gauge("retry_budget_ratio", {m_name})
        .set(static_cast<double>(m_reads.budgetPermille()) / resilience::RetryBudget::kCapPermille);
    m_metrics.gauge("retry_waiting", {m_name}).set(static_cast<double>(m_reads.waiting()));
    m_metrics.gauge("ratelimit_remaining", {m_name}).set(m_broker.status().rateRemaining);
}

} // namespace qd::gateway
