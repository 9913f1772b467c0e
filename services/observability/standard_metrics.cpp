#include "services/observability/metrics.h"

namespace qd::observability {

const std::vector<double>& latencyBuckets()
{
    static const std::vector<double> buckets = {.005, .01, .025, .05, .075, .1,  .25,
                                                .5,   .75, 1,    2.5, 5,    7.5, 10};
    return buckets;
}

const std::vector<MetricSpec>& standardMetrics()
{
    using enum MetricType;
    static const std::vector<MetricSpec> specs = {
        {"build_info", Gauge, "Always 1; the labels say which build this is.",
         {"version", "revision"}, {}},
        {"http_server_request_duration_seconds", Histogram,
         "Time from the request to the end of the answer, by route template.",
         {"http_request_method", "http_route", "http_response_status_code", "error_type"}, {}},
        {"http_client_request_duration_seconds", Histogram,
         "Time from sending a request to another system to the end of its answer.",
         {"peer", "http_request_method", "http_response_status_code", "error_type"}, {}},

        {"breaker_state", Gauge, "1 for the state that the circuit breaker is in, 0 for the others.",
         {"name", "state"}, {}},
        {"breaker_calls_total", Counter, "Calls through a circuit breaker, by outcome.",
         {"name", "outcome"}, {}},
        {"breaker_not_permitted_total", Counter, "Calls that an open circuit breaker refused.",
         {"name"}, {}},
        {"breaker_transitions_total", Counter, "Changes of state of a circuit breaker.",
         {"name", "from", "to", "reason"}, {}},
        {"retry_attempts_total", Counter, "Attempts of retried calls, by outcome.",
         {"name", "outcome"}, {}},
        {"bulkhead_available_permits", Gauge, "Calls that a bulkhead would let through now.",
         {"name"}, {}},
        {"ratelimit_decisions_total", Counter, "Decisions of rate limiters.", {"name", "decision"}, {}},

        {"outbox_oldest_age_seconds", Gauge, "Age of the oldest event a consumer has not taken.",
         {"consumer"}, {}},
        {"dlq_messages", Gauge, "Messages in the dead-letter queue, by reason.", {"reason"}, {}},
        {"inbox_events_total", Counter, "Events received from providers, by result.",
         {"provider", "type", "result"}, {}},
        {"webhook_rejected_total", Counter, "Webhook calls that were refused.",
         {"provider", "reason"}, {}},
        {"journal_postings_total", Counter, "Entries posted to the journal.", {"code"}, {}},
        {"journal_verify_failures_total", Counter, "Checks of the journal that found a fault.", {}, {}},
        {"recon_unmatched_minor_units", Gauge, "Amount that reconciliation could not match.",
         {"source", "ccy"}, {}},
        {"saga_active", Gauge, "Sagas under way.", {"kind", "state"}, {}},
        {"saga_compensations_total", Counter, "Steps of sagas that were undone.", {"kind", "step"}, {}},

        {"auth_attempts_total", Counter, "Attempts to sign in.", {"result", "reason"}, {}},
        {"oauth_refresh_total", Counter, "Refreshes of broker tokens.", {"broker", "result"}, {}},
        {"oauth_revocations_pending", Gauge, "Revocations that the broker has not confirmed.", {}, {}},
        {"discord_requests_total", Counter, "Requests to Discord, by status code.",
         {"channel", "code"}, {}},
        {"alert_delivery_seconds", Histogram, "Time from an alert's cause to its delivery.",
         {"channel"}, {.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}},
        {"slo_error_budget_remaining_ratio", Gauge, "Part of the error budget that is left.",
         {"slo"}, {}},

        {"log_records_dropped_total", Counter, "Log records lost because the queue was full.", {}, {}},
        {"log_on_standard_error", Gauge, "1 while the log file cannot be written.", {}, {}},
        {"trace_spans_dropped_total", Counter, "Spans that could not be exported.", {}, {}},
        {"trace_export_batches_total", Counter,
         "Batches of spans that the collector took, and those that it did not (tried again).",
         {"outcome"}, {}},
    };
    return specs;
}

} // namespace qd::observability
