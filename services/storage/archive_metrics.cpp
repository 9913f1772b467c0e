#include "services/storage/archive_metrics.h"

namespace qd::storage {
namespace {

double secondsOf(Timestamp time)
{
    return static_cast<double>(time.millis()) / 1'000;
}

} // namespace

void showArchive(const Writer& writer, observability::Metrics& metrics)
{
    using observability::MetricType;
    if (!writer.archiveFigures()) return;
    metrics.declare({
        {"storage_archive_kept", MetricType::Gauge,
         "1 while commits are archived, 0 while the archive is broken off.", {}, {}},
        {"storage_archive_waiting_commits", MetricType::Gauge, "Commits not archived yet.", {}, {}},
        {"storage_archive_reached_seconds", MetricType::Gauge,
         "When the last archived transaction was committed, since 1970.", {}, {}},
        {"storage_archive_oldest_seconds", MetricType::Gauge,
         "The first point that can be restored, since 1970.", {}, {}},
        {"storage_archive_bytes", MetricType::Gauge, "Base backups and segments.", {}, {}},
        {"storage_archive_bases_dropped", MetricType::Gauge,
         "Base backups dropped as too old or too many since the start.", {}, {}},
        {"storage_archive_segments_dropped", MetricType::Gauge,
         "Segments dropped with them since the start.", {}, {}},
        {"storage_archive_failures", MetricType::Gauge,
         "Writes and copies that failed and were tried again since the start.", {}, {}},
        {"storage_archive_broken_off", MetricType::Gauge,
         "Times that the archive left a gap since the start.", {}, {}},
    });
    metrics.onCollect([&writer, &metrics] {
        const auto figures = *writer.archiveFigures();
        const auto set = [&metrics](std::string_view name, auto value) {
            metrics.gauge(name).set(static_cast<double>(value));
        };
        set("storage_archive_kept", figures.isKept ? 1 : 0);
        set("storage_archive_waiting_commits", figures.waiting);
        set("storage_archive_reached_seconds", secondsOf(figures.reached));
        set("storage_archive_oldest_seconds", secondsOf(figures.oldest));
        set("storage_archive_bytes", figures.bytes);
        set("storage_archive_bases_dropped", figures.basesDropped);
        set("storage_archive_segments_dropped", figures.segmentsDropped);
        set("storage_archive_failures", figures.failures);
        set("storage_archive_broken_off", figures.brokenOff);
    });
}

} // namespace qd::storage
