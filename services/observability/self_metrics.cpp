#include "services/observability/self_metrics.h"

namespace qd::observability {

void watchSelf(Metrics& metrics, const LogFile& log, const SpanStore& spans)
{
    metrics.onCollect([&metrics, &log, &spans] {
        const auto raiseTo = [&metrics](std::string_view name, std::uint64_t total) {
            metrics.counter(name).add(static_cast<double>(total) - metrics.value(name).value_or(0));
        };
        const auto stats = log.stats();
        raiseTo("log_records_dropped_total", stats.dropped);
        raiseTo("trace_spans_dropped_total", spans.stats().exportDropped);
        metrics.gauge("log_on_standard_error").set(stats.isOnStandardError ? 1 : 0);
    });
}

} // namespace qd::observability
