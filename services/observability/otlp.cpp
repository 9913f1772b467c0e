#include "services/observability/otlp.h"

#include <algorithm>

#include "services/json/json.h"
#include "services/runtime/backoff.h"

namespace qd::observability {
namespace {

void writeAttribute(json::Writer& writer, std::string_view key, std::string_view text)
{
    writer.beginObject().member("key", key).key("value").beginObject();
    writer.member("stringValue", text).endObject().endObject();
}

void writeSpan(json::Writer& writer, const SpanRecord& span)
{
    writer.beginObject()
        .member("traceId", span.context.traceIdHex())
        .member("spanId", span.context.spanIdHex());
    if (span.hasParent())
        writer.member("parentSpanId", toHex(span.parentSpanId.data(), span.parentSpanId.size()));
    // 64-bit integers travel as strings in the JSON form of protocol buffers.
    writer.member("name", span.name)
        .member("kind", static_cast<int>(span.kind))
        .member("startTimeUnixNano", std::to_string(span.start.nanos()))
        .member("endTimeUnixNano", std::to_string((span.start + span.duration).nanos()));
    writer.key("attributes").beginArray();
    for (const auto& [key, text] : span.attributes) writeAttribute(writer, key, text);
    writer.endArray();
    writer.key("status").beginObject();
    if (span.status != SpanStatus::Unset) writer.member("code", static_cast<int>(span.status));
    if (!span.statusMessage.empty()) writer.member("message", span.statusMessage);
    writer.endObject().endObject();
}

} // namespace

std::string otlpTraces(const OtlpResource& resource, const std::vector<SpanRecord>& spans)
{
    json::Writer writer;
    writer.reserve(512 + spans.size() * 400);
    writer.beginObject().key("resourceSpans").beginArray().beginObject();
    writer.key("resource").beginObject().key("attributes").beginArray();
    writeAttribute(writer, "service.name", resource.serviceName);
    writeAttribute(writer, "service.version", resource.serviceVersion);
    writeAttribute(writer, "service.instance.id", resource.instanceId);
    writer.endArray().endObject();
    writer.key("scopeSpans").beginArray().beginObject();
    writer.key("scope").beginObject().member("name", "quarterdeck").endObject();
    writer.key("spans").beginArray();
    for (const auto& span : spans) writeSpan(writer, span);
    writer.endArray().endObject().endArray();
    writer.endObject().endArray().endObject();
    return writer.take();
}

OtlpExporter::OtlpExporter(SpanStore& store, OtlpResource resource, runtime::Executor& executor,
                           Send send, Options options)
    : m_store(store), m_resource(std::move(resource)), m_executor(executor), m_send(std::move(send)),
      m_options(options)
{
    arm();
}

void OtlpExporter::arm()
{
    const Duration pause =
        runtime::grownWait(m_options.interval, m_options.pauseMax, m_failuresInARow + 1);
    m_timer = m_executor.after(pause, [this] { exportBatch(); });
}

void OtlpExporter::exportBatch()
{
    auto batch = m_store.takeForExport(m_options.batchMax);
    if (batch.empty()) {
        arm();
        return;
    }
    std::string body = otlpTraces(m_resource, batch);
    m_send(std::move(body), [this, batch = std::move(batch), alive = std::weak_ptr(m_alive)](
                                bool isTaken) mutable {
        if (!alive.expired()) finish(std::move(batch), isTaken);
    });
}

void OtlpExporter::finish(std::vector<SpanRecord> batch, bool isTaken)
{
    if (isTaken) {
        ++m_taken;
        m_failuresInARow = 0;
        // A backlog goes out at once, one batch after the other.
        if (m_store.stats().exportQueued >= m_options.batchMax) {
            exportBatch();
            return;
        }
    } else {
        ++m_failed;
        m_store.returnForExport(std::move(batch));
        ++m_failuresInARow;
    }
    arm();
}

} // namespace qd::observability
