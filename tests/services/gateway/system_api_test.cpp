#include "services/gateway/system_api.h"

#include <filesystem>

#include "services/storage/backup.h"
#include "services/storage/checkpoint_file.h"
#include "tests/services/gateway/desk.h"

namespace qd::gateway::test {
namespace {

ComponentHealth part(HealthStatus status, bool needed)
{
    ComponentHealth component;
    component.name = "part";
    component.status = status;
    component.neededForReadiness = needed;
    return component;
}

TEST(HealthRule, APartThatIsNotNeededOnlyDegradesTheWhole)
{
    using enum HealthStatus;
    EXPECT_EQ(overall({}), Ok);
    EXPECT_EQ(overall({part(Ok, true), part(Ok, false)}), Ok);
    EXPECT_EQ(overall({part(Ok, true), part(Down, false)}), Degraded);
    EXPECT_EQ(overall({part(Degraded, true), part(Ok, false)}), Degraded);
    EXPECT_EQ(overall({part(Down, true), part(Down, false)}), Down);
}

class SystemApiTest : public ::testing::Test {
protected:
    SystemApiTest()
    {
        health.add([this] {
            ComponentHealth storage{.name = "storage", .status = storageStatus};
            storage.detail = "writes";
            storage.neededForReadiness = true;
            storage.figures = {{"queued", 3}};
            return storage;
        });
        health.add([this] { return ComponentHealth{.name = "feed.fake", .status = feedStatus}; });
        SystemApi{desk.gate,
                  jobs,
                  health,
                  metrics,
                  spans,
                  {&breaker},
                  "1.2.3",
                  folder.path().string(),
                  desk.backend.databasePath(),
                  (folder / "checkpoints").string(),
                  desk.backend.world.clock().steady()}
            .addTo(desk.api);
    }
    wire::HttpResponse get(const std::string& target)
    {
        return desk.call("GET", target, {}, {}, "admin");
    }

    Desk desk;
    qd::test::SimExecutor jobs{desk.backend.world, "jobs"};
    qd::test::TempDir folder;
    Health health;
    observability::Metrics metrics;
    observability::SpanStore spans;
    resilience::CircuitBreaker breaker{
        {.name = "broker.fake"}, desk.backend.world.clock(), desk.backend.world.random()};
    HealthStatus storageStatus = HealthStatus::Ok, feedStatus = HealthStatus::Ok;
};

TEST_F(SystemApiTest, LiveAndReadyAreDifferentQuestions)
{
    EXPECT_EQ(get("/health/live").status, 200);
    EXPECT_EQ(get("/health/ready").status, 200);
    feedStatus = HealthStatus::Down;
    EXPECT_EQ(get("/health/ready").status, 200) << "the rest works without it";
    storageStatus = HealthStatus::Down;
    const auto missing = get("/health/ready");
    EXPECT_EQ(missing.status, 503);
    EXPECT_NE(missing.body.find("storage: writes"), std::string::npos) << missing.body;
    EXPECT_EQ(get("/health/live").status, 200);
}

TEST_F(SystemApiTest, TheReportNamesEveryPart)
{
    feedStatus = HealthStatus::Down;
    const auto document = Desk::parse(get("/health/report"));
    EXPECT_EQ(document.root()["status"].stringOr({}), "degraded");
    EXPECT_EQ(document.root()["version"].stringOr({}), "1.2.3");
    ASSERT_EQ(document.root()["components"].size(), 2u);
    EXPECT_EQ(document.root()["components"].at(0)["name"].stringOr({}), "storage");
    EXPECT_EQ(document.root()["components"].at(0)["figures"]["queued"].numberOr(0), 3);
}

TEST_F(SystemApiTest, BreakersAreTold)
{
    breaker.force(resilience::BreakerState::Open, "by hand");
    const auto document = Desk::parse(get("/v1/breakers"));
    const auto told = document.root()["breakers"].at(0);
    EXPECT_EQ(told["name"].stringOr({}), "broker.fake");
    EXPECT_EQ(told["state"].stringOr({}), "open");
    EXPECT_NE(told["reason"].stringOr({}).find("by hand"), std::string_view::npos);
}

TEST_F(SystemApiTest, TheLogIsReadAndVerified)
{
    desk.backend.submit(qd::test::buy(1, "ACME").limit("12.40"));
    desk.run(std::chrono::seconds(1));
    const auto first = Desk::parse(get("/v1/events?limit=2"));
    ASSERT_EQ(first.root()["events"].size(), 2u);
    const auto last = first.root()["lastSequence"].integerOr(0);
    const auto next = Desk::parse(get("/v1/events?limit=1&after=" + std::to_string(last)));
    EXPECT_EQ(next.root()["events"].at(0)["sequence"].integerOr(0), last + 1);
    const auto verified = Desk::parse(get("/v1/log/verify"));
    EXPECT_TRUE(verified.root()["ok"].booleanOr(false)) << verified.root().dump();
    EXPECT_GT(verified.root()["eventCount"].integerOr(0), 2);
    EXPECT_EQ(desk.call("GET", "/v1/log/verify", {}, {}, "viewer").status, 403);
}

TEST_F(SystemApiTest, LookUpsAreBoundedAndTheRestIsToldToComeBack)
{
    std::vector<wire::HttpResponse> answers;
    desk.gate.post([&] {
        for (int i = 0; i < 60; ++i) {
            wire::HttpRequest request{"GET", "/v1/events", {}, {}, std::chrono::seconds(10), "127.0.0.1"};
            request.headers.set("Authorization", "Bearer admin");
            desk.api.handle(request, [&](wire::HttpResponse answer) { answers.push_back(answer); });
        }
    });
    desk.run(std::chrono::seconds(2));
    ASSERT_EQ(answers.size(), 60U) << "everybody is answered";
    std::size_t full = 0;
    for (const auto& answer : answers) {
        if (answer.status == 200) continue;
        ++full;
        EXPECT_EQ(answer.status, 503) << answer.body;
        EXPECT_TRUE(answer.headers.contains("Retry-After"));
        EXPECT_NE(answer.body.find("resilience.bulkhead_full"), std::string::npos) << answer.body;
    }
    EXPECT_EQ(full, 60U - 2 - 32) << "two under way, thirty-two wait";
    EXPECT_EQ(get("/v1/events").status, 200) << "there is room again";
    EXPECT_NE(get("/metrics").body.find("bulkhead_refused_total{name=\"log_and_backup\"} 26"),
              std::string::npos);
}

TEST_F(SystemApiTest, ABackupIsMadeAndChecked)
{
    const auto made = desk.call("POST", "/v1/backup", R"({"path":"before.db"})", {}, "operator");
    ASSERT_EQ(made.status, 200) << made.body;
    const auto document = Desk::parse(made);
    EXPECT_TRUE(std::filesystem::exists(std::string(document.root()["path"].stringOr({}))));
    EXPECT_GT(document.root()["eventCount"].integerOr(0), 0);
}

TEST_F(SystemApiTest, ABackupLeavesItsFolderForNobody)
{
    for (const char* name : {"../x.db", "/etc/x.db", "a/b.db", ".hidden", ""}) {
        const auto refused = desk.call("POST", "/v1/backup",
                                       std::string(R"({"path":")") + name + "\"}", {}, "operator");
        EXPECT_EQ(refused.status, 422) << name;
    }
    EXPECT_EQ(desk.call("POST", "/v1/backup", R"({"path":"x.db"})", {}, "trader").status, 403);
}

} // namespace
} // namespace qd::gateway::test
