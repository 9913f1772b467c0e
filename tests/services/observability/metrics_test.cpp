#include "services/observability/metrics.h"

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "services/observability/self_metrics.h"
#include "tests/support/temp_dir.h"

namespace qd::observability {
namespace {

// One series of every standard metric, so that all of them are in the text.
void touchAll(Metrics& metrics)
{
    for (const auto& spec : standardMetrics()) {
        const auto touch = [&](Metrics::LabelValues values) {
            switch (spec.type) {
            case MetricType::Counter: metrics.counter(spec.name, values).add(); break;
            case MetricType::Gauge: metrics.gauge(spec.name, values).set(1); break;
            case MetricType::Histogram: metrics.histogram(spec.name, values).observe(0.02); break;
            }
        };
        switch (spec.labels.size()) {
        case 0: touch({}); break;
        case 1: touch({"a"}); break;
        case 2: touch({"a", "b"}); break;
        case 3: touch({"a", "b", "c"}); break;
        default: touch({"a", "b", "c", "d"}); break;
        }
    }
}

TEST(Metrics, PromtoolFindsNothingToCriticise)
{
    if (std::system("command -v promtool >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "promtool is not installed";
    Metrics metrics;
    touchAll(metrics);
    metrics.counter("webhook_rejected_total", {"a\"b\\c\nd", "é"}).add();
    const test::TempDir directory;
    const auto path = directory.write("metrics.txt", metrics.exposition());
    const auto report = (directory / "report.txt").string();
    const int status =
        std::system(("promtool check metrics < " + path + " > " + report + " 2>&1").c_str());
    EXPECT_EQ(status, 0) << test::readFile(report);
}

TEST(Metrics, TheTextHasEveryStandardMetricWithItsHelp)
{
    Metrics metrics;
    touchAll(metrics);
    const auto text = metrics.exposition();
    std::set<std::string> names;
    for (const auto& spec : standardMetrics()) {
        EXPECT_TRUE(names.insert(spec.name).second) << spec.name << " is declared twice";
        EXPECT_NE(text.find("# HELP " + spec.name + " " + spec.help), std::string::npos) << spec.name;
    }
    EXPECT_NE(text.find(R"(breaker_calls_total{name="a",outcome="b"} 1)"), std::string::npos) << text;
}

TEST(Metrics, HistogramsCountIntoTheirBuckets)
{
    Metrics metrics;
    metrics.declare({.name = "fill_seconds", .type = MetricType::Histogram, .help = "Fill time.",
                     .labels = {}, .buckets = {0.1, 1}});
    const auto fills = [&] { return metrics.histogram("fill_seconds"); };
    fills().observe(0.05);
    fills().observe(0.1);
    fills().observe(std::chrono::milliseconds(500));
    fills().observe(7);
    const auto text = metrics.exposition();
    EXPECT_NE(text.find(R"(fill_seconds_bucket{le="0.1"} 2)"), std::string::npos) << text;
    EXPECT_NE(text.find(R"(fill_seconds_bucket{le="1"} 3)"), std::string::npos) << text;
    EXPECT_NE(text.find("fill_seconds_count 4"), std::string::npos) << text;
    EXPECT_EQ(metrics.value("fill_seconds"), 4);
}

TEST(Metrics, ALabelFromOutsideCannotFillTheMemory)
{
    Metrics metrics;
    for (std::size_t i = 0; i < Metrics::kSeriesMax + 500; ++i)
        metrics.counter("retry_attempts_total", {"attacker-" + std::to_string(i), "ok"}).add();
    EXPECT_EQ(metrics.value("retry_attempts_total", {"attacker-0", "ok"}), 1);
    EXPECT_EQ(metrics.value("retry_attempts_total", {"overflow", "overflow"}), 500);
    const auto text = metrics.exposition();
    std::size_t series = 0;
    for (auto at = text.find("\nretry_attempts_total{"); at != std::string::npos;
         at = text.find("\nretry_attempts_total{", at + 1))
        ++series;
    EXPECT_EQ(series, Metrics::kSeriesMax + 1);
}

TEST(Metrics, GaugesCanBeAskedForWhenNeeded)
{
    Metrics metrics;
    int depth = 3;
    metrics.onCollect([&] { metrics.gauge("dlq_messages", {"poison"}).set(depth); });
    EXPECT_NE(metrics.exposition().find(R"(dlq_messages{reason="poison"} 3)"), std::string::npos);
    depth = 5;
    EXPECT_NE(metrics.exposition().find(R"(dlq_messages{reason="poison"} 5)"), std::string::npos);
}

TEST(Metrics, ACounterFollowsATotalThatIsKeptElsewhere)
{
    Metrics metrics;
    metrics.declare({{"kept_elsewhere_total", MetricType::Counter, "Kept elsewhere.", {}, {}}});
    const auto shown = [&metrics] { return metrics.value("kept_elsewhere_total").value_or(-1); };
    metrics.counter("kept_elsewhere_total").raiseTo(0);
    EXPECT_EQ(shown(), 0) << "a series that has counted nothing is shown all the same";
    metrics.counter("kept_elsewhere_total").raiseTo(7);
    metrics.counter("kept_elsewhere_total").raiseTo(7);
    EXPECT_EQ(shown(), 7);
    metrics.counter("kept_elsewhere_total").raiseTo(3);
    EXPECT_EQ(shown(), 7) << "counters never fall";
    metrics.counter("kept_elsewhere_total").raiseTo(9);
    EXPECT_EQ(shown(), 9);
}

TEST(Metrics, ShowWhatTheLogAndTheSpansLose)
{
    const test::TempDir directory;
    Metrics metrics;
    const LogFile log({.path = (directory / "q.log").string()});
    SpanStore spans({.spansMax = 10, .exportQueueMax = 2});
    watchSelf(metrics, log, spans);
    for (int i = 0; i < 5; ++i) spans.record({});
    EXPECT_NE(metrics.exposition().find("trace_spans_dropped_total 3"), std::string::npos);
    spans.record({});
    EXPECT_NE(metrics.exposition().find("trace_spans_dropped_total 4"), std::string::npos);
    EXPECT_EQ(metrics.value("log_on_standard_error"), 0);
}

TEST(MetricsDeath, WrongUseStopsTheProgram)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    Metrics metrics;
    EXPECT_DEATH(metrics.counter("nobody_declared_this_total"), "");
    EXPECT_DEATH(metrics.gauge("breaker_calls_total", {"a", "b"}), "");
    EXPECT_DEATH(metrics.counter("breaker_calls_total", {"a"}), "");
    EXPECT_DEATH(metrics.declare({.name = "breaker_calls_total", .type = MetricType::Gauge,
                                  .help = "x", .labels = {}, .buckets = {}}), "");
}

} // namespace
} // namespace qd::observability
