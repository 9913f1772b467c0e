#include "services/observability/spans.h"

#include <algorithm>

#include "services/observability/masking.h"

namespace qd::observability {

std::string_view toString(SpanStatus status)
{
    switch (status) {
    case SpanStatus::Unset: return "unset";
    case SpanStatus::Ok: return "ok";
    case SpanStatus::Error: return "error";
    }
    return "";
}

bool SpanRecord::hasParent() const
{
    return std::any_of(parentSpanId.begin(), parentSpanId.end(),
                       [](unsigned char byte) { return byte != 0; });
}

SpanStore::SpanStore() : SpanStore(Limits{}) {}

SpanStore::SpanStore(Limits limits) : m_limits(limits)
{
    QD_ASSERT(limits.spansMax > 0);
}

void SpanStore::record(SpanRecord span)
{
    std::lock_guard lock(m_mutex);
    ++m_stats.recorded;
    if (m_limits.exportQueueMax > 0) {
        if (m_exportQueue.size() == m_limits.exportQueueMax) {
            m_exportQueue.pop_front();
            ++m_stats.exportDropped;
        }
        m_exportQueue.push_back(span);
    }
    if (m_spans.size() == m_limits.spansMax) {
        m_spans.pop_front();
        ++m_stats.evicted;
    }
    m_spans.push_back(std::move(span));
}

std::vector<SpanRecord> SpanStore::recent(std::size_t limit) const
{
    std::lock_guard lock(m_mutex);
    const auto count = static_cast<std::ptrdiff_t>(std::min(limit, m_spans.size()));
    return {m_spans.rbegin(), m_spans.rbegin() + count};
}

std::vector<SpanRecord> SpanStore::trace(std::string_view traceIdHex) const
{
    std::vector<SpanRecord> spans;
    {
        std::lock_guard lock(m_mutex);
        for (const auto& span : m_spans)
            if (span.context.traceIdHex() == traceIdHex) spans.push_back(span);
    }
    std::stable_sort(spans.begin(), spans.end(), [](const SpanRecord& a, const SpanRecord& b) {
        return a.start < b.start;
    });
    return spans;
}

std::vector<SpanRecord> SpanStore::takeForExport(std::size_t limit)
{
    std::lock_guard lock(m_mutex);
    const auto count = static_cast<std::ptrdiff_t>(std::min(limit, m_exportQueue.size()));
    const auto end = m_exportQueue.begin() + count;
    std::vector<SpanRecord> taken(std::make_move_iterator(m_exportQueue.begin()),
                                  std::make_move_iterator(end));
    m_exportQueue.erase(m_exportQueue.begin(), end);
    return taken;
}

void SpanStore::returnForExport(std::vector<SpanRecord> spans)
{
    std::lock_guard lock(m_mutex);
    // Newer spans came meanwhile; the oldest give way.
    while (!spans.empty() && m_exportQueue.size() < m_limits.exportQueueMax) {
        m_exportQueue.push_front(std::move(spans.back()));
        spans.pop_back();
    }
    m_stats.exportDropped += spans.size();
}

SpanStoreStats SpanStore::stats() const
{
    std::lock_guard lock(m_mutex);
    SpanStoreStats stats = m_stats;
    stats.exportQueued = m_exportQueue.size();
    return stats;
}

Span::Span(Span&& other) noexcept
    : m_store(std::exchange(other.m_store, nullptr)), m_clock(other.m_clock),
      m_startSteady(other.m_startSteady), m_record(std::move(other.m_record))
{
}

Span& Span::operator=(Span&& other) noexcept
{
    if (this != &other) {
        end();
        m_store = std::exchange(other.m_store, nullptr);
        m_clock = other.m_clock;
        m_startSteady = other.m_startSteady;
        m_record = std::move(other.m_record);
    }
    return *this;
}

Span::~Span()
{
    end();
}

void Span::setAttribute(std::string_view name, std::string_view value)
{
    if (m_store == nullptr || m_record.attributes.size() >= kAttributesMax) return;
    m_record.attributes.emplace_back(name, isSensitiveName(name) ? "***" : masked(value));
}

void Span::setAttribute(std::string_view name, std::int64_t value)
{
    setAttribute(name, std::to_string(value));
}

void Span::setOk()
{
    m_record.status = SpanStatus::Ok;
}

void Span::setError(std::string_view message)
{
    m_record.status = SpanStatus::Error;
    m_record.statusMessage = masked(message);
}

void Span::end()
{
    if (m_store == nullptr) return;
    m_record.duration = m_clock->steady() - m_startSteady;
    const TraceContext context = m_record.context;
    std::exchange(m_store, nullptr)->record(std::move(m_record));
    m_record.context = context; // children that start late still belong to it
}

Tracer::Tracer(const runtime::Clock& clock, runtime::Random& random, SpanStore& store)
    : m_clock(clock), m_random(random), m_store(store)
{
}

Span Tracer::start(std::string_view name, SpanKind kind, const TraceContext& parent)
{
    Span span;
    const bool isChild = parent.isValid();
    span.m_record.context = isChild ? parent.makeChild(m_random) : TraceContext::makeRoot(m_random);
    if (!span.m_record.context.isSampled) return span;
    if (isChild) span.m_record.parentSpanId = parent.spanId;
    span.m_record.name = name;
    span.m_record.kind = kind;
    span.m_record.start = m_clock.now();
    span.m_startSteady = m_clock.steady();
    span.m_clock = &m_clock;
    span.m_store = &m_store;
    return span;
}

Span Tracer::startFrom(std::string_view traceParent, std::string_view name, SpanKind kind)
{
    return start(name, kind, TraceContext::parse(traceParent).value_or(TraceContext{}));
}

} // namespace qd::observability
