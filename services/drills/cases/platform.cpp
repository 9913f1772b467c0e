// Overload, one outage among many parts, and following a request through all of them.
#include <algorithm>
#include <mutex>

#include "services/drills/cases/cases.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int kRush = 120; ///< orders at once
constexpr int kLookUps = 400; ///< at once, of which two run and 32 wait

std::string marketOrder(const std::string& id, const std::string& symbol)
{
    return R"({"clientOrderId":")" + id + R"(","symbol":")" + symbol +
           R"(","side":"buy","type":"market","quantity":"1"})";
}

void databaseOverloaded(Stage& stage, Evidence& evidence)
{
    stage.await("a quote", 20s, [&] {
        return stage.get("/v1/quotes?symbols=XLF")["quotes"].at(0)["freshness"].stringOr({}) == "live";
    });
    stage.armFault("storage.before-commit", R"({"kind":"delay","delayMs":3000,"times":1})");
    std::vector<std::pair<std::string, std::future<Result<wire::HttpResponse>>>> asked;
    const auto before = runtime::systemClock().steady();
    for (int i = 0; i < kRush; ++i) {
        auto id = Stage::newId();
        auto pending = stage.api().begin("POST", "/v1/orders", marketOrder(id, "XLF"));
        asked.emplace_back(std::move(id), std::move(pending));
    }
    // While the disk stalls, what needs no disk is answered at once.
    std::vector<double> times;
    for (int i = 0; i < 20; ++i) times.push_back(millisOf(stage.call("GET", "/health/live").took));
    std::ranges::sort(times);
    require(times[10] < 100, "with a stalled disk /health/live takes {:.0f} ms", times[10]);
    int taken = 0, refused = 0;
    std::vector<std::string> takenIds;
    milliseconds firstRefusal = 1h;
    for (auto& [id, pending] : asked) {
        const auto answer = ApiClient::finish(pending.get());
        require(answer.has_value(), "an order got no answer: {}", whyNot(answer));
        if (answer->status == 202) {
            ++taken;
            takenIds.push_back(id);
            continue;
        }
        firstRefusal = std::min(firstRefusal, std::chrono::duration_cast<milliseconds>(
                                                  runtime::systemClock().steady() - before));
        require(answer->status == 503 && answer->headers.contains("Retry-After"),
                "expected 503 with a time, was {} {}", answer->status, answer->body.substr(0, 300));
        require(stage.venueOrderCount(id) == 0, "a refused order is at the venue");
        ++refused;
    }
    require(refused > 0 && taken > 0, "{} taken and {} refused of {}", taken, refused,
            kRush);
    for (const auto& id : takenIds) {
        stage.awaitState(id, "filled", 30s);
        require(stage.venueOrderCount(id) == 1, "a taken order is at the venue {} times",
                stage.venueOrderCount(id));
    }
    evidence.note("disk stalled for 3 s, queue of 60: {} taken and all filled, {} refused with 503 "
                  "and a time; /health/live in {:.1f} ms meanwhile", taken, refused, times[10]);
    const auto later = stage.place({.symbol = "XLF"});
    stage.awaitState(later, "filled");
    const auto metrics = stage.call("GET", "/metrics").body;
    require(metrics.find("storage_queued_works") != std::string::npos,
            "the queue is not among the metrics");
}

/// A part that is slow and much asked for has a bulkhead of its own: it fills up, nothing else does.
void requireBulkhead(Stage& stage, Evidence& evidence)
{
    std::vector<std::future<Result<wire::HttpResponse>>> asked;
    for (int i = 0; i < kLookUps; ++i)
        asked.push_back(stage.api().begin("GET", "/v1/log/verify"));
    const auto id = stage.place({.symbol = "GLD", .type = "limit", .limitPrice = "200",
                                 .timeInForce = "gtc"});
    stage.awaitState(id, "accepted", 5s);
    int answered = 0, turnedAway = 0;
    for (auto& pending : asked) {
        const auto answer = ApiClient::finish(pending.get());
        require(answer.has_value(), "a look-up got no answer: {}", whyNot(answer));
        if (answer->status == 200) {
            ++answered;
            continue;
        }
        require(answer->status == 503 && answer->headers.contains("Retry-After"),
                "expected 503 with a time, was {} {}", answer->status, answer->body.substr(0, 300));
        ++turnedAway;
    }
    require(answered > 0 && turnedAway > 0, "{} look-ups at once: {} answered, {} turned away",
            kLookUps, answered, turnedAway);
    const auto metrics = stage.call("GET", "/metrics").body;
    require(metrics.find("bulkhead_refused_total{name=\"log_and_backup\"} " +
                         std::to_string(turnedAway)) != std::string::npos,
            "/metrics does not tell of {} refusals", turnedAway);
    evidence.note("{} walks along the log at once: {} answered, {} turned away with 503 and a time, an "
                  "order went through meanwhile", kLookUps, answered, turnedAway);
}

void oneOutage(Stage& stage, Evidence& evidence)
{
    requireBulkhead(stage, evidence);
    const auto listener = stage.listen();
    stage.cut("data");
    stage.cut("dataStream");
    stage.await("the feed's part is not ok", 60s,
                [&] { return stage.componentStatus("feed.alpaca") != "ok"; });
    const auto report = stage.get("/health/report");
    require(report["status"].stringOr({}) == "degraded", "the whole is {}: expected degraded",
            report["status"].stringOr({}));
    require(stage.componentStatus("broker.alpaca") == "ok", "the broker suffers from the feed");
    std::vector<double> times;
    for (int i = 0; i < 20; ++i) times.push_back(millisOf(stage.call("GET", "/v1/orders").took));
    std::ranges::sort(times);
    require(times[10] < 100, "other answers take {:.0f} ms during the outage", times[10]);
    const auto id = stage.place({.symbol = "GLD", .type = "limit", .limitPrice = "200",
                                 .timeInForce = "gtc"});
    stage.awaitState(id, "accepted");
    evidence.note("market data cut off: feed {}, whole degraded, broker ok; orders go, other answers "
                  "in {:.1f} ms", stage.componentStatus("feed.alpaca"), times[10]);
    const auto quote = stage.get("/v1/quotes?symbols=SPY");
    const auto freshness = quote["quotes"].at(0)["freshness"].stringOr({});
    require(freshness != "live", "a fall-back answer is not marked: {}", quote.body);
    require(stage.breaker("broker.alpaca").text("state") == "closed", "one breaker for everything");
    evidence.note("last known quotes are given and marked {}", freshness);
    stage.healNetwork();
    stage.await("the feed is ok again", 90s,
                [&] { return stage.componentStatus("feed.alpaca") == "ok"; });
    stage.cut("rest");
    stage.await("the broker's breaker opens", 60s, [&] {
        return stage.breaker("broker.alpaca").text("state") == "open";
    });
    require(stage.componentStatus("feed.alpaca") == "ok", "the feed suffers from the broker");
    const auto live = stage.get("/v1/quotes?symbols=SPY");
    require(live["quotes"].at(0)["freshness"].stringOr({}) == "live", "quotes stopped: {}", live.body);
    evidence.note("orders cut off: the breaker of the broker alone is open, quotes stay live");
    stage.healNetwork();
    stage.awaitSettled(90s);
}

/// A collector of traces, as OpenTelemetry's is.
class Collector final : public wire::Service {
public:
    Collector()
    {
        auto server = wire::makeServer(m_network, *m_executor, *this, {});
        require(server.has_value(), "no port for the collector");
        m_server = std::move(*server);
    }
    ~Collector() override { m_server.reset(); }
    std::string url() const
    {
        return "http://127.0.0.1:" + std::to_string(m_server->port()) + "/v1/traces";
    }
    bool has(const std::string& text) const
    {
        std::lock_guard lock(m_mutex);
        return m_received.find(text) != std::string::npos;
    }

private:
    void handle(wire::HttpRequest request, Respond respond) override
    {
        {
            std::lock_guard lock(m_mutex);
            m_received += request.body;
        }
        respond({200, {{"Content-Type", "application/json"}}, "{}"});
    }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse> upgrade(const wire::HttpRequest&) override
    {
        return tl::unexpected(wire::HttpResponse{404, {}, {}});
    }

    mutable std::mutex m_mutex;
    std::string m_received;
    wire::Network m_network{1, "collector"};
    std::unique_ptr<runtime::Executor> m_executor = m_network.makeExecutor();
    std::unique_ptr<wire::Server> m_server;
};

void requestFollowed(Stage& stage, Evidence& evidence)
{
    Collector collector;
    stage.stopBackend();
    stage.addBackendOption("otlp-url=" + collector.url());
    stage.startBackend();
    stage.awaitSettled();
    const std::string trace = Stage::newId().substr(0, 8) + "00000000000000000000beef";
    const std::string terminalSpan = "00f067aa0ba902b7";
    CallOptions options;
    options.headers.set("traceparent", "00-" + trace + "-" + terminalSpan + "-01");
    const Ticket ticket{.symbol = "MSFT", .id = Stage::newId()};
    const auto taken = stage.submit(ticket, options);
    require(taken.status == 202, "the order was refused: {}", taken.body);
    require(taken.headers.find("traceparent").find(trace) != std::string_view::npos,
            "the answer carries another trace: {}", taken.headers.find("traceparent"));
    stage.awaitState(ticket.id, "filled");
    Answer spans;
    stage.await("the spans of the request are kept", 10s, [&] {
        spans = *stage.api().call("GET", "/v1/traces/" + trace);
        return spans.status == 200 && spans["spans"].size() >= 2;
    });
    std::string server, client, clientParent;
    for (const auto& span : spans["spans"].items()) {
        const auto name = span["name"].stringOr({});
        if (name == "POST /v1/orders") {
            server = span["spanId"].stringOr({});
            require(span["parentSpanId"].stringOr({}) == terminalSpan,
                    "the backend's span has the parent {}", span["parentSpanId"].dump());
        }
        if (name.starts_with("alpaca POST")) {
            client = span["spanId"].stringOr({});
            clientParent = span["parentSpanId"].stringOr({});
        }
    }
    require(!server.empty() && !client.empty(), "spans of backend and broker call are missing: {}",
            spans.body.substr(0, 400));
    require(clientParent == server, "the broker call's parent is {}, not {}", clientParent, server);
    evidence.note("terminal {} → backend {} → broker call {}: one trace", terminalSpan, server, client);
    for (const auto& event : stage.get("/v1/orders/" + ticket.id + "/timeline")["events"].items())
        if (event["kind"].stringOr({}) == "order.submitted")
            require(event["traceId"].stringOr({}) == trace, "the log's event has the trace {}",
                    event["traceId"].dump());
    stage.await("the spans reach the collector by OTLP", 20s,
                [&] { return collector.has(trace) && collector.has(client); });
    evidence.note("exported by OTLP to a collector, and the trace is in the event log");
    const auto shown = stage.run("trace", stage.programs().ctl,
                                 {"trace", "show", trace, "--data-dir", stage.dataDirectory()});
    const auto exit = shown->waitFor(20s);
    require(exit && exit->code == 0 && shown->output().find("POST /v1/orders") != std::string::npos,
            "quarterdeckctl trace show says {}", shown->output() + shown->errors());
    stage.stopBackend();
}

} // namespace

std::vector<Drill> platformDrills()
{
    return {
        {"PE-10.1", "the database stalls while orders pour in",
         "a bounded queue; overload is refused early with 503 and a time; nothing taken is lost",
         {.backend = {"storage-queue-max=60"}, .isPrivate = true}, 120s, databaseOverloaded,
         /*isAlone=*/true},
        {"PE-10.5", "one part is asked too much, market data dies, then the broker's orders",
         "a bulkhead and a breaker each, fall-back answers marked, everything else goes on", {}, 300s,
         oneOutage, /*isAlone=*/true},
        {"PE-10.6", "one request among many must be followed",
         "W3C trace context through terminal, backend and broker; spans by OTLP; a view of them",
         {.isPrivate = true}, 90s, requestFollowed},
    };
}

} // namespace qd::drills
