#include "services/gateway/system_api.h"

#include <filesystem>

#include "services/storage/backup.h"
#include "services/storage/event_log.h"

namespace qd::gateway {

namespace {

constexpr const char* kLookUps = "log_and_backup";
constexpr auto kLookUpAgainAfter = std::chrono::seconds(2);

/// Runs `work` on `jobs` and answers on `core`, as far as there is room.
template <typename T>
void offload(const SystemApi& self, const CallPtr& call, std::function<Result<T>()> work,
             std::function<void(const CallPtr&, const T&)> answer)
{
    using resilience::Bulkhead;
    const auto start = [&core = self.core, &jobs = self.jobs, call, work = std::move(work),
                        answer = std::move(answer)](Result<Bulkhead::Slot> room) {
        if (!room) {
            auto full = problemOf(room.error(), "Too much is being looked up");
            full.retryAfter = kLookUpAgainAfter;
            return call->answer(full);
        }
        const auto slot = std::make_shared<Bulkhead::Slot>(std::move(*room)); // released on core
        jobs.post([&core, call, work, answer, slot]() mutable {
            auto result = std::make_shared<Result<T>>(work());
            core.post([call, result, answer, slot = std::move(slot)] {
                slot->release();
                if (!*result) return call->answer(problemOf(result->error(), "Failed"));
                answer(call, **result);
            });
        });
    };
    self.bulkhead->run(start);
}

/// How full the bulkhead is, for /metrics.
void addBulkheadMetrics(const SystemApi& self)
{
    using observability::MetricType;
    self.metrics.declare({
        {"bulkhead_running", MetricType::Gauge, "Pieces of work under way.", {"name"}, {}},
        {"bulkhead_waiting", MetricType::Gauge, "Pieces of work waiting for room.", {"name"}, {}},
        {"bulkhead_refused_total", MetricType::Counter,
         "Pieces of work for which there was no room, or not in time.", {"name"}, {}},
    });
    self.metrics.onCollect([&metrics = self.metrics, bulkhead = self.bulkhead] {
        const auto counts = bulkhead->counts();
        metrics.gauge("bulkhead_running", {kLookUps}).set(counts.running);
        metrics.gauge("bulkhead_waiting", {kLookUps}).set(counts.waiting);
        metrics.counter("bulkhead_refused_total", {kLookUps})
            .raiseTo(counts.refused + counts.expired);
    });
}

std::string formatRate(const std::optional<double>& rate)
{
    return rate ? Decimal::fromDouble(*rate).value_or(Decimal()).toFixed(1) : std::string();
}

std::string breakersJson(const std::vector<const resilience::CircuitBreaker*>& breakers)
{
    json::Writer out;
    out.beginObject().key("breakers").beginArray();
    for (const auto* breaker : breakers) {
        const auto now = breaker->snapshot();
        out.beginObject().member("name", now.name).member("state", toString(now.state));
        out.key("failureRate");
        now.failureRate ? out.value(formatRate(now.failureRate)) : out.null();
        out.key("slowRate");
        now.slowRate ? out.value(formatRate(now.slowRate)) : out.null();
        out.member("calls", now.calls)
            .member("failures", now.failures)
            .member("slowCalls", now.slowCalls)
            .member("notPermitted", now.notPermitted)
            .member("openedAt", now.openedAt)
            .member("nextAttempt", now.nextAttempt);
        out.key("reason");
        now.reason.empty() ? out.null() : out.value(now.reason);
        out.key("lastFailure");
        now.lastFailure.empty() ? out.null() : out.value(now.lastFailure);
        out.endObject();
    }
    return out.endArray().endObject().take();
}

void writeSpan(json::Writer& out, const observability::SpanRecord& span)
{
    out.beginObject()
        .member("traceId", span.context.traceIdHex())
        .member("spanId", span.context.spanIdHex());
    out.key("parentSpanId");
    if (span.hasParent())
        out.value(observability::toHex(span.parentSpanId.data(), span.parentSpanId.size()));
    else
        out.null();
    out.member("name", span.name)
        .member("start", span.start)
        .member("durationNs", static_cast<std::int64_t>(span.duration.count()))
        .member("status", observability::toString(span.status))
        .member("statusMessage", span.statusMessage);
    out.key("attributes").beginObject();
    for (const auto& [name, value] : span.attributes) out.member(name, value);
    out.endObject().endObject();
}

std::string spansJson(const std::vector<observability::SpanRecord>& spans)
{
    json::Writer out;
    out.beginObject().key("spans").beginArray();
    for (const auto& span : spans) writeSpan(out, span);
    return out.endArray().endObject().take();
}

std::string eventsJson(const std::vector<storage::Event>& events)
{
    json::Writer out;
    out.beginObject().key("events").beginArray();
    for (const auto& event : events) {
        out.beginObject()
            .member("sequence", event.sequence)
            .member("time", event.time)
            .member("kind", event.kind)
            .member("subject", event.subject)
            .member("actor", event.actor)
            .member("cause", event.cause)
            .member("traceId", event.traceId);
        out.key("payload").raw(event.payload.empty() ? "{}" : event.payload);
        out.member("hash", storage::toHex(event.hash)).endObject();
    }
    out.endArray();
    out.member("lastSequence", events.empty() ? std::int64_t{0} : events.back().sequence);
    return out.endObject().take();
}

void addHealth(const SystemApi& self, Api& api)
{
    api.add({.method = "GET", .path = "/health/live", .role = Role::Anyone, .rate = RateClass::Free,
             .summary = "The process runs", .query = {}, .body = {}, .errors = {}},
            [](const CallPtr& call) { call->answer(200, R"({"status":"live"})"); });
    api.add({.method = "GET", .path = "/health/ready", .role = Role::Anyone, .rate = RateClass::Free,
             .summary = "It can do its work", .query = {}, .body = {}, .errors = {503}},
            [self](const CallPtr& call) {
                json::Writer missing;
                missing.beginArray();
                bool ready = true;
                for (const auto& component : self.health.ask()) {
                    if (!component.neededForReadiness || component.status != HealthStatus::Down)
                        continue;
                    ready = false;
                    missing.value(component.name + ": " + component.detail);
                }
                const auto text = missing.endArray().take();
                call->answer(ready ? 200 : 503,
                             std::string("{\"status\":\"") + (ready ? "ready" : "not_ready") +
                                 "\",\"missing\":" + text + "}");
            });
    api.add({.method = "GET", .path = "/health/report", .role = Role::Anyone,
             .rate = RateClass::Free, .summary = "Every part, with latency and last error",
             .query = {}, .body = {}, .errors = {}},
            [self](const CallPtr& call) {
                call->answer(200, healthJson(self.health.ask(), self.version,
                                             self.core.clock().steady() - self.startedAt));
            });
    api.add({.method = "GET", .path = "/metrics", .role = Role::Anyone, .rate = RateClass::Free,
             .summary = "Prometheus text format", .query = {}, .body = {}, .errors = {}},
            [self](const CallPtr& call) {
                wire::HttpResponse response{200, {}, self.metrics.exposition()};
                response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
                call->answer(std::move(response));
            });
    api.add({.method = "GET", .path = "/v1/breakers", .summary = "Circuit breakers",
             .query = {}, .body = {}, .errors = {}},
            [self](const CallPtr& call) { call->answer(200, breakersJson(self.breakers)); });
}

void addLog(const SystemApi& self, Api& api)
{
    api.add({.method = "GET", .path = "/v1/events", .role = Role::Viewer,
             .summary = "The event log from a sequence number on",
             .query = {{.name = "after", .type = FieldType::Integer},
                       {.name = "limit", .type = FieldType::Integer}},
             .body = {}, .errors = {}},
            [self](const CallPtr& call) {
                const auto after = call->queryInteger("after", 0, INT64_MAX);
                const auto limit = static_cast<std::size_t>(call->queryInteger("limit", 200, 1'000));
                offload<std::vector<storage::Event>>(
                    self, call,
                    [file = self.databaseFile, after, limit]() -> Result<std::vector<storage::Event>> {
                        auto database = storage::Database::openReadOnly(file);
                        if (!database) return tl::unexpected(database.error());
                        return storage::readEvents(*database, after, limit);
                    },
                    [](const CallPtr& answered, const std::vector<storage::Event>& events) {
                        answered->answer(200, eventsJson(events));
                    });
            });
    api.add({.method = "GET", .path = "/v1/log/verify", .role = Role::Operator,
             .summary = "Walk the hash chain and compare it with the signed checkpoints",
             .query = {}, .body = {}, .errors = {}},
            [self](const CallPtr& call) {
                offload<storage::VerifyReport>(
                    self, call,
                    [file = self.databaseFile,
                     checkpoints = self.checkpointFile]() -> Result<storage::VerifyReport> {
                        auto database = storage::Database::openReadOnly(file);
                        if (!database) return tl::unexpected(database.error());
                        return storage::verifyEvents(*database, checkpoints);
                    },
                    [](const CallPtr& answered, const storage::VerifyReport& report) {
                        json::Writer out;
                        out.beginObject()
                            .member("ok", report.brokenAt == 0 && report.reason.empty())
                            .member("eventCount", report.eventCount)
                            .member("brokenAt", report.brokenAt)
                            .member("reason", report.reason)
                            .member("head", storage::toHex(report.head));
                        answered->answer(200, out.endObject().take());
                    });
            });
    api.add({.method = "POST", .path = "/v1/backup", .role = Role::Operator,
             .summary = "Copy the live database; the copy is checked before it counts",
             .query = {},
             .body = {{.name = "path", .required = true,
                       .help = "a file name; backups live below the data folder",
                       .lengthMax = 128, .example = "before-upgrade.db"}},
             .errors = {422, 503}},
            [self](const CallPtr& call) {
                const auto path =
                    backupPath(self.dataDirectory, call->body()["path"].stringOr({}));
                if (!path) return call->answer(problemOf(path.error(), "Backup refused"));
                offload<std::int64_t>(
                    self, call,
                    [file = self.databaseFile, target = *path] {
                        return storage::backup(file, target, {});
                    },
                    [target = *path](const CallPtr& answered, const std::int64_t& count) {
                        json::Writer out;
                        out.beginObject().member("path", target).member("eventCount", count);
                        answered->answer(200, out.endObject().take());
                    });
            });
}

void addTraces(const SystemApi& self, Api& api)
{
    api.add({.method = "GET", .path = "/v1/traces", .summary = "The newest spans",
             .query = {{.name = "limit", .type = FieldType::Integer}}, .body = {}, .errors = {}},
            [self](const CallPtr& call) {
                const auto limit = static_cast<std::size_t>(call->queryInteger("limit", 100, 2'000));
                call->answer(200, spansJson(self.spans.recent(limit)));
            });
    api.add({.method = "GET", .path = "/v1/traces/{traceId}", .summary = "All spans of one trace",
             .query = {}, .body = {}, .errors = {404}},
            [self](const CallPtr& call) {
                const auto spans = self.spans.trace(call->parameter("traceId"));
                if (!spans.empty()) return call->answer(200, spansJson(spans));
                call->answer(problemOf(Error{ErrorKind::NotFound, "trace.unknown",
                                             "no span of this trace is kept", {}},
                                       "No such trace"));
            });
}

} // namespace

Result<std::string> backupPath(const std::string& dataDirectory, std::string_view name)
{
    const bool plain = !name.empty() && name.size() <= 128 && name.front() != '.' &&
                       name.find('/') == std::string_view::npos &&
                       name.find('\0') == std::string_view::npos;
    if (!plain)
        return fail(ErrorKind::Invalid, "backup.path",
                    "expected a file name without folders, e.g. before-upgrade.db", "path");
    std::error_code error;
    const auto folder = std::filesystem::path(dataDirectory) / "backups";
    std::filesystem::create_directories(folder, error);
    if (error)
        return fail(ErrorKind::Unavailable, "backup.folder",
                    "cannot make " + folder.string() + ": " + error.message());
    return (folder / std::string(name)).string();
}

void SystemApi::addTo(Api& api) const
{
    SystemApi self = *this;
    self.bulkhead = std::make_shared<resilience::Bulkhead>(
        resilience::BulkheadSettings{.name = kLookUps, .concurrentMax = 2, .waitingMax = 32,
                                     .waitMax = std::chrono::seconds(10)},
        core);
    addBulkheadMetrics(self);
    addHealth(self, api);
    addLog(self, api);
    addTraces(self, api);
    api.add({.method = "GET", .path = "/v1/openapi.json", .role = Role::Anyone,
             .summary = "This API, described", .query = {}, .body = {}, .errors = {}},
            [&api, version = version](const CallPtr& call) {
                call->answer(200, openApiJson(api, version));
            });
}

} // namespace qd::gateway
