#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/base/timestamp.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
} // namespace prometheus

namespace qd::observability {

enum class MetricType { Counter, Gauge, Histogram };

/// One metric, declared as data: from this come checking, `# HELP` and the documentation.
struct MetricSpec {
    std::string name;  ///< "orders_submitted_total"; Prometheus naming, base units
    MetricType type = MetricType::Counter;
    std::string help;  ///< one sentence
    std::vector<std::string> labels;
    std::vector<double> buckets; ///< Histogram: upper bounds, rising; empty: kLatencyBuckets
};

/// The metrics every program has: HTTP, breakers, retries, limits, outbox, sagas, identity, alerts.
const std::vector<MetricSpec>& standardMetrics();
/// Seconds, from 5 ms to 10 s: OpenTelemetry's for HTTP.
const std::vector<double>& latencyBuckets();

/// Handles on one series: cheap to copy, valid as long as the Metrics; any thread; never block.
class Counter {
public:
    explicit Counter(prometheus::Counter& series) : m_series(&series) {}
    void add(double amount = 1); ///< ≥ 0
    /// For what is counted elsewhere since the start and only shown here; a smaller total changes
    /// nothing. Called in `onCollect`, and no `add` beside it.
    void raiseTo(std::uint64_t total);

private:
    prometheus::Counter* m_series;
};

class Gauge {
public:
    explicit Gauge(prometheus::Gauge& series) : m_series(&series) {}
    void set(double value);
    void add(double amount);

private:
    prometheus::Gauge* m_series;
};

class Histogram {
public:
    explicit Histogram(prometheus::Histogram& series) : m_series(&series) {}
    void observe(double value);
    void observe(Duration duration) { observe(std::chrono::duration<double>(duration).count()); }

private:
    prometheus::Histogram* m_series;
};

/// All metrics of one program. Looking up a series takes a lock: keep the handle where it is hot.
/// Any thread.
class Metrics {
public:
    using LabelValues = std::initializer_list<std::string_view>;

    /// Series of one metric; beyond them everything is counted in one series whose label values are
    /// all "overflow", so that a label taken from outside cannot fill the memory.
    static constexpr std::size_t kSeriesMax = 2000;

    Metrics(); ///< with the standard metrics
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// Declare more. Declaring the same again changes nothing; differently is a broken promise.
    void declare(const MetricSpec& spec);
    void declare(const std::vector<MetricSpec>& specs);

    /// The series with these label values, in the order in which the labels are declared. The metric
    /// must be declared, of that type and with as many labels: else a broken promise.
    Counter counter(std::string_view name, LabelValues values = {});
    Gauge gauge(std::string_view name, LabelValues values = {});
    Histogram histogram(std::string_view name, LabelValues values = {});

    /// Called before each exposition, to set gauges that are cheaper to ask for than to keep.
    void onCollect(std::function<void()> update);
    /// Prometheus text format 0.0.4 ("text/plain; version=0.0.4"), for `GET /metrics`.
    std::string exposition();
    /// The present value of a counter or gauge (a histogram's count); nothing if there is no such
    /// series: for health reports and tests.
    std::optional<double> value(std::string_view name, LabelValues values = {}) const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::observability
