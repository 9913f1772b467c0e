#include "services/observability/self_metrics.h"

namespace qd::observability {

void watchSelf(Metrics& metrics, const LogFile& log, const SpanStore& spans)
{
    metrics.onCollect([&metrics, &log, &spans] {
        const auto stats = log.stats();
        metrics.counter("log_records_dropped_total").raiseTo(stats.dropped);
        metrics.counter("trace_spans_dropped_total").raiseTo(spans.stats().exportDropped);
        metrics.gauge("log_on_standard_error").set(stats.isOnStandardError ? 1 : 0);
    });
}

void watchExport(Metrics& metrics, const OtlpExporter& exporter)
{
    metrics.onCollect([&metrics, &exporter] {
        constexpr const char* kName = "trace_export_batches_total";
        metrics.counter(kName, {"taken"}).raiseTo(exporter.batchesTaken());
        metrics.counter(kName, {"failed"}).raiseTo(exporter.batchesFailed());
    });
}

} // namespace qd::observability
