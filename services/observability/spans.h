#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/base/timestamp.h"
#include "services/observability/trace.h"
#include "services/runtime/clock.h"

namespace qd::observability {

enum class SpanKind { Internal = 1, Server, Client, Producer, Consumer }; ///< numbers of OTLP
enum class SpanStatus { Unset, Ok, Error };                               ///< numbers of OTLP
std::string_view toString(SpanStatus status); ///< "unset", "ok", "error"

/// One finished piece of work.
struct SpanRecord {
    TraceContext context;
    std::array<unsigned char, 8> parentSpanId{}; ///< zeros: the root
    std::string name;                            ///< "POST /v1/orders", "alpaca.submit"
    SpanKind kind = SpanKind::Internal;
    Timestamp start;
    Duration duration{};
    SpanStatus status = SpanStatus::Unset;
    std::string statusMessage;
    std::vector<std::pair<std::string, std::string>> attributes; ///< masked

    bool hasParent() const;
};

struct SpanStoreStats {
    std::uint64_t recorded = 0;
    std::uint64_t evicted = 0;       ///< made room for newer ones in the store
    std::uint64_t exportDropped = 0; ///< were never exported: the export queue was full
    std::size_t exportQueued = 0;
};

/// The spans that ended last, for the trace view, and those still to be exported. Bounded. Any thread.
class SpanStore {
public:
    struct Limits {
        std::size_t spansMax = 20'000;
        std::size_t exportQueueMax = 2'048; ///< 0: nothing is exported
    };
    SpanStore();
    explicit SpanStore(Limits limits);

    void record(SpanRecord span);
    /// The newest spans, newest first.
    std::vector<SpanRecord> recent(std::size_t limit) const;
    /// All spans kept of one trace, by start. `traceIdHex`: 32 lower-case digits.
    std::vector<SpanRecord> trace(std::string_view traceIdHex) const;
    /// Take up to `limit` spans off the export queue.
    std::vector<SpanRecord> takeForExport(std::size_t limit);
    /// Put back at the front what could not be sent; what no longer fits is dropped and counted.
    void returnForExport(std::vector<SpanRecord> spans);
    SpanStoreStats stats() const;

private:
    const Limits m_limits;
    mutable std::mutex m_mutex;
    std::deque<SpanRecord> m_spans;
    std::deque<SpanRecord> m_exportQueue;
    SpanStoreStats m_stats;
};

/// Work under way. Ends with this object, or earlier with `end`. One thread at a time; moves freely.
class Span {
public:
    Span() = default; ///< records nothing
    Span(Span&& other) noexcept;
    Span& operator=(Span&& other) noexcept;
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;
    ~Span();

    /// For children, for `traceparent` of calls that this span makes, and for the log.
    const TraceContext& context() const { return m_record.context; }
    /// A value under a sensitive name, or that looks like a secret, is masked.
    void setAttribute(std::string_view name, std::string_view value);
    void setAttribute(std::string_view name, std::int64_t value);
    void setOk();
    void setError(std::string_view message);
    void end();

    static constexpr std::size_t kAttributesMax = 64;

private:
    friend class Tracer;
    SpanStore* m_store = nullptr;
    const runtime::Clock* m_clock = nullptr;
    Duration m_startSteady{};
    SpanRecord m_record;
};

/// Begins spans. The clock, the random numbers and the store outlive it. As thread-safe as `random`:
/// with systemRandom any thread.
class Tracer {
public:
    Tracer(const runtime::Clock& clock, runtime::Random& random, SpanStore& store);

    /// A new trace, or, if `parent` is valid, its child. Spans of a trace that is not sampled are
    /// carried on but not recorded.
    [[nodiscard]] Span start(std::string_view name, SpanKind kind = SpanKind::Internal,
                             const TraceContext& parent = {});
    /// As `start` with the `traceparent` header of a request that came in; any text is safe.
    [[nodiscard]] Span startFrom(std::string_view traceParent, std::string_view name,
                                 SpanKind kind = SpanKind::Server);

private:
    const runtime::Clock& m_clock;
    runtime::Random& m_random;
    SpanStore& m_store;
};

} // namespace qd::observability
