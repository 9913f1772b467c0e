#include "services/gateway/monitoring.h"

#include <algorithm>

#include "services/gateway/archive_health.h"
#include "services/gateway/market_api.h"
#include "services/json/json.h"

namespace qd::gateway {

namespace {

double millisOf(Duration duration)
{
    return std::chrono::duration<double, std::milli>(duration).count();
}

std::string secondsText(Duration duration)
{
    const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

/// Commits slower than this are worth an operator's eye: a healthy disk takes a few milliseconds.
constexpr Duration kSlowCommit = std::chrono::milliseconds(500);

} // namespace

Monitoring::Monitoring(Dependencies dependencies) : m_the(std::move(dependencies)) {}

ComponentHealth Monitoring::storage() const
{
    const auto stats = m_the.writer.stats();
    ComponentHealth health{.name = "storage", .neededForReadiness = true};
    health.latency = stats.lastCommit;
    health.figures = {{"commits", static_cast<double>(stats.commits)},
                      {"works", static_cast<double>(stats.works)},
                      {"failures", static_cast<double>(stats.failures)},
                      {"queued", static_cast<double>(stats.queued)},
                      {"longestCommitMs", millisOf(stats.longestCommit)}};
    if (const auto stopped = m_the.writer.stopped()) {
        health.status = HealthStatus::Down;
        health.detail = "the writer has stopped: " + stopped->detail;
        health.lastError = describe(*stopped);
    } else if (stats.lastCommit > kSlowCommit) {
        health.status = HealthStatus::Degraded;
        health.detail = "the last commit took " + secondsText(stats.lastCommit);
    } else {
        health.detail = "every change is on disk before it is shown";
    }
    return health;
}

ComponentHealth Monitoring::brokerHealth() const
{
    const auto status = m_the.broker.status();
    ComponentHealth health{.name = "broker." + m_the.broker.capabilities().broker.text()};
    health.latency = status.lastLatency;
    if (!status.lastError.code.empty()) health.lastError = describe(status.lastError);
    health.lastErrorAt = status.lastErrorAt;
    health.figures = {{"rateRemaining", static_cast<double>(status.rateRemaining)},
                      {"malformed", static_cast<double>(status.malformedCount)}};
    if (!status.authenticated) {
        health.status = HealthStatus::Down;
        health.detail = status.refusal.code.empty()
                            ? "the broker refuses our key, or none is configured; connect it again"
                            : status.refusal.detail + "; " + std::string(status.wayBack);
    } else if (status.breakerState == "open") {
        health.status = HealthStatus::Down;
        health.detail = "does not answer; next try at " + status.nextAttempt.toString(0);
    } else if (!status.connected || status.breakerState == "half_open") {
        health.status = HealthStatus::Degraded;
        health.detail = status.connected ? "coming back" : "its order stream is down";
    } else {
        health.detail = "connected";
    }
    return health;
}

ComponentHealth Monitoring::ordersHealth() const
{
    const auto figures = m_the.orders.figures();
    const auto trading = m_the.orders.trading();
    ComponentHealth health{.name = "orders", .neededForReadiness = true};
    health.figures = {{"orders", static_cast<double>(figures.orders)},
                      {"openOrders", static_cast<double>(figures.openOrders)},
                      {"unresolved", static_cast<double>(figures.unresolved)},
                      {"quarantined", static_cast<double>(figures.quarantined)},
                      {"pendingCommits", static_cast<double>(figures.pendingCommits)},
                      {"unknownWords", static_cast<double>(figures.unknownWords)},
                      {"differences", static_cast<double>(trading.differences.size())}};
    health.lastError = figures.storageError;
    if (!figures.loaded) {
        health.status = HealthStatus::Down;
        health.detail = "loading";
    } else if (trading.state != orders::TradingState::Active) {
        health.status = HealthStatus::Degraded;
        health.detail = "trading is " + std::string(toString(trading.state)) + ": " + trading.reason;
    } else if (!trading.differences.empty()) {
        health.status = HealthStatus::Degraded;
        health.detail = std::to_string(trading.differences.size()) +
                        " differences with the broker stop new entries";
    } else if (trading.reconciling) {
        health.status = HealthStatus::Degraded;
        health.detail = "comparing with the broker";
    } else {
        health.detail = "reconciled at " + figures.lastReconciled.toString(0);
    }
    return health;
}

ComponentHealth Monitoring::logHealth() const
{
    const auto stats = m_the.log.stats();
    ComponentHealth health{.name = "log", .detail = "writing"};
    health.lastError = stats.lastFailure;
    health.figures = {{"written", static_cast<double>(stats.written)},
                      {"dropped", static_cast<double>(stats.dropped)},
                      {"failures", static_cast<double>(stats.failures)}};
    if (stats.isOnStandardError && stats.failures > 0) {
        health.status = HealthStatus::Degraded;
        health.detail = "the log file cannot be written; lines go to standard error";
    }
    return health;
}

namespace {

/// Which key is in use, and what is wrong with the others; one key alone is not worth a word while
/// it is fine.
void describeKeys(const std::vector<brokers::FeedKey>& keys, ComponentHealth& health)
{
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& key = keys[i];
        const auto name = "key " + std::to_string(i + 1) + " of " + std::to_string(keys.size());
        if (key.inUse && keys.size() > 1) health.detail += "; " + name + " is in use";
        if (key.refused) health.detail += "; " + name + " is refused";
        if (key.heldUntil.isSet())
            health.detail += "; " + name + " is used up until " + key.heldUntil.toString(0);
        if (key.refused) health.status = std::max(health.status, HealthStatus::Degraded);
    }
    if (keys.empty()) return;
    const auto free = std::ranges::count_if(keys, [](const brokers::FeedKey& key) {
        return !key.refused && !key.heldUntil.isSet();
    });
    health.figures.emplace_back("keys", static_cast<double>(keys.size()));
    health.figures.emplace_back("keysFree", static_cast<double>(free));
}

} // namespace

std::vector<Health::Source> Monitoring::feeds() const
{
    std::vector<Health::Source> sources;
    for (const auto& feed : m_the.market.feeds()) {
        sources.emplace_back([this, name = feed.name] {
            ComponentHealth health{.name = "feed." + name};
            const auto views = m_the.market.feeds();
            const auto view = std::ranges::find(views, name, &market::FeedView::name);
            if (view == views.end()) return health;
            health.latency = view->age;
            health.figures = {{"quotes", static_cast<double>(view->counts.quotes)},
                              {"trades", static_cast<double>(view->counts.trades)},
                              {"malformed", static_cast<double>(view->counts.malformed)},
                              {"ageMs", millisOf(view->age)}};
            if (!view->connected) {
                health.status = HealthStatus::Degraded;
                health.detail = "down: " + view->reason;
                health.lastError = view->reason;
            } else {
                health.detail = std::string(toString(view->freshness)) + ", last event " +
                                secondsText(view->age) + " ago";
                if (view->freshness == Freshness::Stale) health.status = HealthStatus::Degraded;
            }
            describeKeys(view->keys, health);
            return health;
        });
    }
    return sources;
}

void Monitoring::addTo(Health& health, const Api& api, const StreamHub& hub)
{
    health.add([this] {
        return ComponentHealth{.name = "config",
                               .detail = "all settings are valid; from " + m_the.configSource,
                               .neededForReadiness = true};
    });
    health.add([this] { return storage(); });
    if (m_the.writer.archiveFigures()) {
        health.add([this] {
            return archiveHealth(*m_the.writer.archiveFigures(), m_the.clock.now());
        });
    }
    health.add([this] { return brokerHealth(); });
    for (auto& source : feeds()) health.add(std::move(source));
    health.add([this] { return ordersHealth(); });
    health.add([&hub] {
        const auto& stats = hub.stats();
        return ComponentHealth{.name = "stream",
                               .detail = std::to_string(stats.sessions) + " sessions",
                               .figures = {{"sessions", static_cast<double>(stats.sessions)},
                                           {"events", static_cast<double>(stats.events)},
                                           {"snapshots", static_cast<double>(stats.snapshots)},
                                           {"slowClosed", static_cast<double>(stats.slowClosed)}}};
    });
    health.add([this, &api] {
        return ComponentHealth{
            .name = "gateway",
            .detail = std::to_string(api.callsUnderWay()) + " calls under way",
            .figures = {{"callsUnderWay", static_cast<double>(api.callsUnderWay())},
                        {"refusedOverload", static_cast<double>(api.refusedOverload())},
                        {"coreBacklog", static_cast<double>(m_the.core.backlog())}}};
    });
    health.add([this] { return logHealth(); });
}

void Monitoring::updateBreakers(observability::Metrics& metrics)
{
    static constexpr std::string_view kStates[] = {"closed", "open", "half_open", "disabled",
                                                   "forced_open", "metrics_only"};
    for (const auto* breaker : m_the.breakers) {
        const auto now = breaker->snapshot();
        for (const auto state : kStates)
            metrics.gauge("breaker_state", {now.name, state})
                .set(toString(now.state) == state ? 1 : 0);
        metrics.counter("breaker_not_permitted_total", {now.name}).raiseTo(now.notPermitted);
    }
}

void Monitoring::addTo(observability::Metrics& metrics, const Api& api, const StreamHub& hub)
{
    using observability::MetricType;
    metrics.declare({
        {"orders_open", MetricType::Gauge, "Orders that the venue has and that may trade.", {}, {}},
        {"orders_unresolved", MetricType::Gauge, "Orders whose outcome is not known.", {}, {}},
        {"orders_differences", MetricType::Gauge, "Differences with the broker.", {}, {}},
        {"orders_unknown_words_total", MetricType::Counter,
         "Orders that came with a word of the broker that is not known here.", {}, {}},
        {"storage_queued_works", MetricType::Gauge, "Works waiting for the writer.", {}, {}},
        {"storage_last_commit_seconds", MetricType::Gauge, "Time of the newest commit.", {}, {}},
        {"stream_sessions", MetricType::Gauge, "Open stream sessions.", {}, {}},
        {"stream_market_frames", MetricType::Gauge, "Market frames sent since the start.", {}, {}},
        {"stream_market_conflated", MetricType::Gauge,
         "Market frames skipped on purpose for slow readers since the start.", {}, {}},
        {"gateway_calls_under_way", MetricType::Gauge, "API calls being answered.", {}, {}},
        {"log_dropped_records", MetricType::Gauge, "Log records lost since the start.", {}, {}},
    });
    metrics.onCollect([this, &metrics, &api, &hub] {
        const auto figures = m_the.orders.figures();
        const auto stats = m_the.writer.stats();
        const auto set = [&](std::string_view name, auto value) {
            metrics.gauge(name).set(static_cast<double>(value));
        };
        set("orders_open", figures.openOrders);
        set("orders_unresolved", figures.unresolved);
        set("orders_differences", m_the.orders.trading().differences.size());
        metrics.counter("orders_unknown_words_total").raiseTo(figures.unknownWords);
        set("storage_queued_works", stats.queued);
        set("storage_last_commit_seconds",
            std::chrono::duration<double>(stats.lastCommit).count());
        set("stream_sessions", hub.stats().sessions);
        set("stream_market_frames", hub.marketStats().frames);
        set("stream_market_conflated", hub.marketStats().conflated);
        set("gateway_calls_under_way", api.callsUnderWay());
        set("log_dropped_records", m_the.log.stats().dropped);
        updateBreakers(metrics);
    });
}

std::string Monitoring::statusMembers() const
{
    json::Writer out;
    out.beginObject().key("feeds").beginArray();
    for (const auto& feed : m_the.market.feeds()) {
        out.beginObject()
            .member("name", feed.name)
            .member("feedClass", toString(feed.feedClass))
            .member("connected", feed.connected)
            .member("ageMs", std::chrono::duration_cast<std::chrono::milliseconds>(feed.age).count())
            .member("freshness", toString(feed.freshness))
            .member("nextAttempt", feed.nextAttempt)
            .member("reason", feed.reason)
            .endObject();
    }
    const auto broker = m_the.broker.status();
    out.endArray().key("brokers").beginArray().beginObject();
    out.member("name", m_the.broker.capabilities().broker.text())
        .member("connected", broker.connected)
        .member("authenticated", broker.authenticated)
        .member("breaker", broker.breakerState)
        .member("latencyMs", millisOf(broker.lastLatency))
        .member("rateRemaining", broker.rateRemaining)
        .member("nextAttempt", broker.nextAttempt)
        .member("sessionTaken", broker.sessionTaken);
    const bool fine = broker.connected && broker.authenticated && broker.breakerState == "closed";
    const Error& why = broker.refusal.code.empty() ? broker.lastError : broker.refusal;
    out.key("code");
    fine || why.code.empty() ? out.null() : out.value(why.code);
    out.key("reason");
    fine || why.code.empty() ? out.null() : out.value(why.detail);
    out.endObject().endArray();
    out.key("queue").beginObject();
    out.member("db", static_cast<std::int64_t>(m_the.writer.stats().queued))
        .member("core", static_cast<std::int64_t>(m_the.core.backlog()))
        .endObject();
    out.key("market").raw(marketStatusJson(m_the.market, m_the.clock.now()));
    auto text = out.endObject().take();
    return text.substr(1, text.size() - 2);
}

void recordCall(const FinishedCall& call, observability::Metrics& metrics,
                observability::SpanStore& spans)
{
    const std::string method = call.spec ? call.spec->method : "_OTHER";
    const std::string route = call.spec ? call.spec->path : "unmatched";
    metrics
        .histogram("http_server_request_duration_seconds",
                   {method, route, std::to_string(call.status),
                    call.status >= 400 ? std::to_string(call.status) : ""})
        .observe(call.duration);
    if (!call.trace.isSampled || route.starts_with("/health") || route == "/metrics") return;
    observability::SpanRecord span;
    span.context = call.trace;
    if (call.parent) span.parentSpanId = call.parent->spanId;
    span.name = method + " " + route;
    span.kind = observability::SpanKind::Server;
    span.start = call.startedAt;
    span.duration = call.duration;
    span.status = call.status < 500 ? observability::SpanStatus::Ok : observability::SpanStatus::Error;
    span.attributes = {{"http.response.status_code", std::to_string(call.status)},
                       {"enduser.id", call.caller}};
    spans.record(std::move(span));
}

} // namespace qd::gateway
