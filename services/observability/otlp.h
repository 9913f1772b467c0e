#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/observability/spans.h"
#include "services/runtime/executor.h"

namespace qd::observability {

/// The program that the spans come from.
struct OtlpResource {
    std::string serviceName;    ///< "quarterdeckd"
    std::string serviceVersion;
    std::string instanceId;
};

/// The body of `POST /v1/traces` of OTLP/HTTP in its JSON encoding (content type application/json).
std::string otlpTraces(const OtlpResource& resource, const std::vector<SpanRecord>& spans);

/// Sends finished spans to a collector in batches, every few seconds; a batch that fails is sent
/// again with growing pauses. `send` does the HTTP; it calls back once, on this executor, with
/// whether the collector took the batch. Runs on one executor; never holds anyone up.
class OtlpExporter {
public:
    using Sent = std::function<void(bool isTaken)>;
    using Send = std::function<void(std::string body, Sent sent)>;
    struct Options {
        Duration interval = std::chrono::seconds(5);
        Duration pauseMax = std::chrono::minutes(1);
        std::size_t batchMax = 512;
    };

    OtlpExporter(SpanStore& store, OtlpResource resource, runtime::Executor& executor, Send send,
                 Options options);
    /// Batches that the collector took, and those it did not (they were tried again).
    std::uint64_t batchesTaken() const { return m_taken; }
    std::uint64_t batchesFailed() const { return m_failed; }

private:
    void arm();
    void exportBatch();
    void finish(std::vector<SpanRecord> batch, bool isTaken);

    SpanStore& m_store;
    OtlpResource m_resource;
    runtime::Executor& m_executor;
    Send m_send;
    Options m_options;
    int m_failuresInARow = 0;
    std::uint64_t m_taken = 0, m_failed = 0;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true); ///< a late callback finds nobody
    runtime::Timer m_timer;
};

} // namespace qd::observability
