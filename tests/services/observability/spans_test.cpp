#include "services/observability/spans.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "services/observability/otlp.h"
#include "tests/support/sim_world.h"

namespace qd::observability {
namespace {

using namespace std::chrono_literals;

struct Traced {
    test::FakeClock clock;
    runtime::SeededRandom random{11};
    SpanStore store;
    Tracer tracer{clock, random, store};
};

SpanRecord named(const std::string& name)
{
    SpanRecord span;
    span.name = name;
    return span;
}

TEST(Spans, ARequestCanBeFollowedThroughTwoPrograms)
{
    Traced terminal, backend;
    std::string traceId;
    {
        auto click = terminal.tracer.start("submit order", SpanKind::Client);
        traceId = click.context().traceIdHex();
        terminal.clock.advance(1ms);
        auto request = backend.tracer.startFrom(click.context().toTraceParent(), "POST /v1/orders");
        backend.clock.advance(2ms);
        auto call = backend.tracer.start("alpaca.submit", SpanKind::Client, request.context());
        backend.clock.advance(30ms);
        call.setError("connection reset");
        call.end();
        backend.clock.advance(1ms);
    }
    const auto spans = backend.store.trace(traceId);
    ASSERT_EQ(spans.size(), 2u);
    EXPECT_EQ(spans[0].name, "POST /v1/orders");
    EXPECT_EQ(spans[0].parentSpanId, terminal.store.trace(traceId).at(0).context.spanId);
    EXPECT_EQ(spans[0].duration, 33ms);
    EXPECT_EQ(spans[1].name, "alpaca.submit");
    EXPECT_EQ(spans[1].parentSpanId, spans[0].context.spanId);
    EXPECT_EQ(spans[1].duration, 30ms);
    EXPECT_EQ(spans[1].status, SpanStatus::Error);
    EXPECT_FALSE(terminal.store.trace(traceId).at(0).hasParent());
}

TEST(Spans, AMalformedHeaderBeginsANewTrace)
{
    Traced traced;
    const auto span = traced.tracer.startFrom("not a traceparent\r\nX: y", "GET /v1/account");
    EXPECT_TRUE(span.context().isValid());
}

TEST(Spans, AnUnsampledTraceIsCarriedOnButNotRecorded)
{
    Traced traced;
    {
        const auto span = traced.tracer.startFrom(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", "x");
        EXPECT_EQ(span.context().traceIdHex(), "4bf92f3577b34da6a3ce929d0e0e4736");
        EXPECT_FALSE(span.context().isSampled);
    }
    EXPECT_EQ(traced.store.stats().recorded, 0u);
}

TEST(Spans, TheStoreAndTheExportQueueAreBounded)
{
    SpanStore store({.spansMax = 100, .exportQueueMax = 10});
    for (int i = 0; i < 250; ++i) store.record(named(std::to_string(i)));
    const auto stats = store.stats();
    EXPECT_EQ(stats.recorded, 250u);
    EXPECT_EQ(stats.evicted, 150u);
    EXPECT_EQ(stats.exportQueued, 10u);
    EXPECT_EQ(stats.exportDropped, 240u);
    const auto recent = store.recent(1000);
    ASSERT_EQ(recent.size(), 100u);
    EXPECT_EQ(recent.front().name, "249");
    EXPECT_EQ(recent.back().name, "150");
    EXPECT_EQ(store.takeForExport(3).front().name, "240");
}

TEST(Spans, ManyAttributesAreCutAndSecretsMasked)
{
    Traced traced;
    {
        auto span = traced.tracer.start("x");
        span.setAttribute("access_token", "tk9f3Kq72mZxW1vB");
        span.setAttribute("url", "https://host/?token=tk9f3Kq72mZxW1vB");
        for (int i = 0; i < 1000; ++i) span.setAttribute("n", std::int64_t(i));
    }
    const auto span = traced.store.recent(1).at(0);
    EXPECT_EQ(span.attributes.size(), Span::kAttributesMax);
    for (const auto& [name, value] : span.attributes)
        EXPECT_EQ(value.find("tk9f3Kq72mZxW1vB"), std::string::npos) << name;
}

TEST(Otlp, TheBodyIsWhatACollectorExpects)
{
    Traced traced;
    {
        auto parent = traced.tracer.start("parent", SpanKind::Server);
        auto child = traced.tracer.start("child", SpanKind::Client, parent.context());
        child.setAttribute("symbol", "SPY");
        child.setError("refused");
        traced.clock.advance(5ms);
    }
    const auto body = nlohmann::json::parse(
        otlpTraces({"quarterdeckd", "0.1.0", "host-1"}, traced.store.takeForExport(10)));
    const auto& resource = body.at("resourceSpans").at(0);
    EXPECT_EQ(resource.at("resource").at("attributes").at(0),
              nlohmann::json::parse(
                  R"({"key":"service.name","value":{"stringValue":"quarterdeckd"}})"));
    const auto& spans = resource.at("scopeSpans").at(0).at("spans");
    ASSERT_EQ(spans.size(), 2u);
    const auto& child = spans.at(0);
    const auto& parent = spans.at(1);
    EXPECT_EQ(child.at("name"), "child");
    EXPECT_EQ(child.at("traceId"), parent.at("traceId"));
    EXPECT_EQ(child.at("parentSpanId"), parent.at("spanId"));
    EXPECT_EQ(child.at("traceId").get<std::string>().size(), 32u);
    EXPECT_EQ(child.at("kind"), 3);
    EXPECT_EQ(parent.at("kind"), 2);
    EXPECT_FALSE(parent.contains("parentSpanId"));
    EXPECT_EQ(child.at("status"), nlohmann::json::parse(R"({"code":2,"message":"refused"})"));
    EXPECT_EQ(child.at("attributes").at(0).at("value").at("stringValue"), "SPY");
    const auto start = std::stoll(child.at("startTimeUnixNano").get<std::string>());
    const auto end = std::stoll(child.at("endTimeUnixNano").get<std::string>());
    EXPECT_EQ(end - start, 5'000'000);
}

struct Collector {
    bool isUp = true;
    std::vector<std::string> bodies;
    std::vector<Timestamp> times;
};

TEST(Otlp, SpansWaitForACollectorThatIsDownAndArriveOnce)
{
    test::SimWorld world;
    test::SimExecutor core(world);
    SpanStore store;
    Collector collector;
    collector.isUp = false;
    OtlpExporter exporter(
        store, {"quarterdeckd", "0.1.0", "1"}, core,
        [&](std::string body, OtlpExporter::Sent sent) {
            collector.times.push_back(world.now());
            if (collector.isUp) collector.bodies.push_back(std::move(body));
            core.post([&, sent = std::move(sent)] { sent(collector.isUp); });
        },
        {.interval = 5s, .pauseMax = 20s, .batchMax = 100});
    for (int i = 0; i < 250; ++i) store.record(named("span-" + std::to_string(i) + "."));
    world.run(80s);
    EXPECT_TRUE(collector.bodies.empty());
    ASSERT_GE(collector.times.size(), 4u);
    EXPECT_EQ(collector.times[1] - collector.times[0], 10s) << "pauses grow";
    EXPECT_EQ(collector.times[3] - collector.times[2], 20s) << "up to a limit";
    collector.isUp = true;
    world.run(30s);
    EXPECT_EQ(store.stats().exportQueued, 0u);
    std::string all;
    for (const auto& body : collector.bodies) all += body;
    for (int i = 0; i < 250; ++i) {
        const auto name = "\"span-" + std::to_string(i) + ".\"";
        EXPECT_EQ(all.find(name), all.rfind(name)) << name;
        EXPECT_NE(all.find(name), std::string::npos) << name;
    }
    EXPECT_EQ(store.stats().exportDropped, 0u);
}

TEST(Otlp, AnAnswerThatComesAfterTheExporterEndedIsIgnored)
{
    test::SimWorld world;
    test::SimExecutor core(world);
    SpanStore store;
    OtlpExporter::Sent late;
    {
        const OtlpExporter exporter(
            store, {}, core, [&](std::string, OtlpExporter::Sent sent) { late = std::move(sent); }, {});
        store.record(named("x"));
        world.run(6s);
        ASSERT_TRUE(late);
    }
    late(true);
    world.run(60s);
}

} // namespace
} // namespace qd::observability
