#pragma once

#include "services/observability/log_file.h"
#include "services/observability/metrics.h"
#include "services/observability/spans.h"

namespace qd::observability {

/// Show in `metrics` what the log and the spans lose: log_records_dropped_total,
/// log_on_standard_error, trace_spans_dropped_total. Both outlive `metrics`.
void watchSelf(Metrics& metrics, const LogFile& log, const SpanStore& spans);

} // namespace qd::observability
