#pragma once

#include "services/observability/log_file.h"
#include "services/observability/metrics.h"
#include "services/observability/otlp.h"
#include "services/observability/spans.h"

namespace qd::observability {

/// Show in `metrics` what the log and the spans lose: log_records_dropped_total,
/// log_on_standard_error, trace_spans_dropped_total. Both outlive `metrics`.
void watchSelf(Metrics& metrics, const LogFile& log, const SpanStore& spans);

/// The same of batches of spans on their way to a collector:
/// trace_export_batches_total{outcome="taken"|"failed"}. The exporter is there at each exposition.
void watchExport(Metrics& metrics, const OtlpExporter& exporter);

} // namespace qd::observability
