#include "services/observability/metrics.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <variant>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace qd::observability {
namespace {

using Series = std::variant<prometheus::Counter*, prometheus::Gauge*, prometheus::Histogram*>;
using FamilyPointer = std::variant<prometheus::Family<prometheus::Counter>*,
                                   prometheus::Family<prometheus::Gauge>*,
                                   prometheus::Family<prometheus::Histogram>*>;

struct Metric {
    MetricSpec spec;
    FamilyPointer family;
    std::map<std::vector<std::string>, Series> series;
};

prometheus::Labels labelsOf(const MetricSpec& spec, const std::vector<std::string>& values)
{
    prometheus::Labels labels;
    for (std::size_t i = 0; i < values.size(); ++i) labels[spec.labels[i]] = values[i];
    return labels;
}

Series addSeries(Metric& metric, const std::vector<std::string>& values)
{
    const auto labels = labelsOf(metric.spec, values);
    switch (metric.spec.type) {
    case MetricType::Counter:
        return &std::get<prometheus::Family<prometheus::Counter>*>(metric.family)->Add(labels);
    case MetricType::Gauge:
        return &std::get<prometheus::Family<prometheus::Gauge>*>(metric.family)->Add(labels);
    case MetricType::Histogram: break;
    }
    const auto& bounds = metric.spec.buckets.empty() ? latencyBuckets() : metric.spec.buckets;
    return &std::get<prometheus::Family<prometheus::Histogram>*>(metric.family)->Add(labels, bounds);
}

FamilyPointer addFamily(prometheus::Registry& registry, const MetricSpec& spec)
{
    switch (spec.type) {
    case MetricType::Counter:
        return &prometheus::BuildCounter().Name(spec.name).Help(spec.help).Register(registry);
    case MetricType::Gauge:
        return &prometheus::BuildGauge().Name(spec.name).Help(spec.help).Register(registry);
    case MetricType::Histogram: break;
    }
    return &prometheus::BuildHistogram().Name(spec.name).Help(spec.help).Register(registry);
}

bool isSame(const MetricSpec& a, const MetricSpec& b)
{
    return a.type == b.type && a.help == b.help && a.labels == b.labels && a.buckets == b.buckets;
}

} // namespace

struct Metrics::State {
    mutable std::mutex mutex;
    prometheus::Registry registry;
    std::map<std::string, Metric, std::less<>> metrics;
    std::vector<std::function<void()>> updates;

    const Series& seriesOf(std::string_view name, MetricType type, LabelValues values);
};

const Series& Metrics::State::seriesOf(std::string_view name, MetricType type, LabelValues values)
{
    std::lock_guard lock(mutex);
    const auto found = metrics.find(name);
    QD_ASSERT(found != metrics.end());
    Metric& metric = found->second;
    QD_ASSERT(metric.spec.type == type);
    QD_ASSERT(metric.spec.labels.size() == values.size());
    std::vector<std::string> key(values.begin(), values.end());
    if (const auto known = metric.series.find(key); known != metric.series.end())
        return known->second;
    if (metric.series.size() >= kSeriesMax) key.assign(values.size(), "overflow");
    const auto [place, isNew] = metric.series.try_emplace(key);
    if (isNew) place->second = addSeries(metric, key);
    return place->second;
}

Metrics::Metrics() : m_state(std::make_unique<State>())
{
    declare(standardMetrics());
}

Metrics::~Metrics() = default;

void Metrics::declare(const MetricSpec& spec)
{
    std::lock_guard lock(m_state->mutex);
    if (const auto known = m_state->metrics.find(spec.name); known != m_state->metrics.end()) {
        QD_ASSERT(isSame(known->second.spec, spec));
        return;
    }
    m_state->metrics[spec.name] = {spec, addFamily(m_state->registry, spec), {}};
}

void Metrics::declare(const std::vector<MetricSpec>& specs)
{
    for (const auto& spec : specs) declare(spec);
}

Counter Metrics::counter(std::string_view name, LabelValues values)
{
    return Counter(*std::get<prometheus::Counter*>(
        m_state->seriesOf(name, MetricType::Counter, values)));
}

Gauge Metrics::gauge(std::string_view name, LabelValues values)
{
    return Gauge(*std::get<prometheus::Gauge*>(m_state->seriesOf(name, MetricType::Gauge, values)));
}

Histogram Metrics::histogram(std::string_view name, LabelValues values)
{
    return Histogram(*std::get<prometheus::Histogram*>(
        m_state->seriesOf(name, MetricType::Histogram, values)));
}

void Metrics::onCollect(std::function<void()> update)
{
    std::lock_guard lock(m_state->mutex);
    m_state->updates.push_back(std::move(update));
}

std::string Metrics::exposition()
{
    std::vector<std::function<void()>> updates;
    {
        std::lock_guard lock(m_state->mutex);
        updates = m_state->updates;
    }
    for (const auto& update : updates) update();
    return prometheus::TextSerializer().Serialize(m_state->registry.Collect());
}

std::optional<double> Metrics::value(std::string_view name, LabelValues values) const
{
    std::lock_guard lock(m_state->mutex);
    const auto metric = m_state->metrics.find(name);
    if (metric == m_state->metrics.end()) return std::nullopt;
    const auto& series = metric->second.series;
    const auto found = series.find(std::vector<std::string>(values.begin(), values.end()));
    if (found == series.end()) return std::nullopt;
    if (const auto* counter = std::get_if<prometheus::Counter*>(&found->second))
        return (*counter)->Value();
    if (const auto* gauge = std::get_if<prometheus::Gauge*>(&found->second)) return (*gauge)->Value();
    const auto* histogram = std::get_if<prometheus::Histogram*>(&found->second);
    return static_cast<double>((*histogram)->Collect().histogram.sample_count);
}

void Counter::add(double amount)
{
    m_series->Increment(amount);
}

void Counter::raiseTo(std::uint64_t total)
{
    m_series->Increment(std::max(0.0, static_cast<double>(total) - m_series->Value()));
}

void Gauge::set(double value)
{
    m_series->Set(value);
}

void Gauge::add(double amount)
{
    m_series->Increment(amount);
}

void Histogram::observe(double value)
{
    m_series->Observe(value);
}

} // namespace qd::observability
