#include "services/gateway/security_watch.h"

#include <gtest/gtest.h>

#include "tests/services/gateway/desk.h"
#include "tests/services/gateway/people_desk.h"

namespace qd::gateway::test {
namespace {

class Security : public ::testing::Test {
protected:
    FinishedCall call(const std::string& caller, const std::string& code)
    {
        FinishedCall finished;
        finished.spec = &spec;
        finished.status = 403;
        finished.code = code;
        finished.caller = caller;
        finished.peerAddress = "203.0.113.9";
        return finished;
    }
    static storage::Event event(const std::string& kind, const std::string& payload = "{}")
    {
        storage::Event event;
        event.kind = kind;
        event.subject = "session/1";
        event.actor = "user:ann";
        event.payload = payload;
        return event;
    }
    void settle() { desk.run(std::chrono::milliseconds(100)); }

    Desk desk;
    PeopleDesk people{desk.backend.world, desk.gate, desk.tokens};
    observability::Metrics metrics;
    std::vector<orders::Notice> alerts;
    std::vector<Role> told;
    EndpointSpec spec{.method = "GET", .path = "/v1/vault", .summary = "", .query = {}, .body = {},
                      .errors = {}};
    SecurityWatch watch{{*people.writer, desk.gate, metrics,
                         [this](const orders::Notice& notice, Role who) {
                             alerts.push_back(notice);
                             told.push_back(who);
                         }}};
};

TEST_F(Security, ADeniedCallIsAnEventAndWhatFollowsIsSummedUp)
{
    for (int i = 0; i < 7; ++i) watch.saw(call("user:ann", "auth.role"));
    watch.saw(call("user:ann", ""));
    settle();
    ASSERT_EQ(people.events("access.denied").size(), 1U);
    EXPECT_EQ(people.events("access.denied").front().payload,
              R"({"network":"203.0.113.0/24","route":"GET /v1/vault","code":"auth.role","count":1})");
    ASSERT_EQ(alerts.size(), 1U) << "five of one caller within a minute";
    EXPECT_EQ(alerts.front().title, "Calls are being denied");
    desk.run(std::chrono::seconds(61));
    ASSERT_EQ(people.events("access.denied").size(), 2U);
    EXPECT_NE(people.events("access.denied").back().payload.find("\"count\":6"), std::string::npos);
}

TEST_F(Security, AFloodOfCallersStaysBounded)
{
    for (std::size_t i = 0; i < SecurityWatch::kWatchedMax + 50; ++i)
        watch.saw(call("user:" + std::to_string(i), "auth.role"));
    settle();
    EXPECT_EQ(people.events("access.denied").size(), SecurityWatch::kWatchedMax);
    EXPECT_EQ(metrics.value("security_events_total", {"access.denied_unlisted"}), 50.0);
}

TEST_F(Security, TheSameAlertIsToldOnceAMinute)
{
    const auto devices = [&](int count) {
        for (int i = 0; i < count; ++i)
            watch.saw(std::vector<storage::Event>{event("session.opened", R"({"newDevice":true})")});
    };
    devices(3);
    watch.saw(std::vector<storage::Event>{event("session.opened", R"({"newDevice":false})")});
    EXPECT_EQ(alerts.size(), 1U);
    EXPECT_EQ(metrics.value("security_alerts_total", {"held_back"}), 2.0);
    desk.run(std::chrono::seconds(61));
    devices(1);
    EXPECT_EQ(alerts.size(), 2U);
}

TEST_F(Security, RefusedSignInsAreAnAlertWhenTheyAreMany)
{
    for (int i = 0; i < 4; ++i) watch.saw(std::vector<storage::Event>{event("session.refused")});
    EXPECT_TRUE(alerts.empty()) << "people mistype";
    watch.saw(std::vector<storage::Event>{event("session.refused")});
    EXPECT_EQ(alerts.size(), 1U);
    EXPECT_EQ(metrics.value("security_events_total", {"session.refused"}), 5.0);
}

TEST_F(Security, AReplayedTokenIsCritical)
{
    watch.saw(std::vector<storage::Event>{event("session.replayed"), event("order.accepted")});
    ASSERT_EQ(alerts.size(), 1U);
    EXPECT_EQ(alerts.front().severity, orders::Severity::Critical);
    EXPECT_EQ(told.front(), Role::Operator);
}

TEST_F(Security, TradersAreToldOfEachBrokerWhoseAccessHasEndedOrWillNotEnd)
{
    const auto ofBroker = [](const std::string& kind, const std::string& broker) {
        storage::Event one = event(kind);
        one.subject = "link/user:ann/" + broker;
        EXPECT_TRUE(SecurityWatch::concerns(one)) << kind;
        return one;
    };
    EXPECT_FALSE(SecurityWatch::concerns(event("oauth.refreshed")));
    watch.saw({ofBroker("oauth.reauth_needed", "alpaca"), ofBroker("oauth.reauth_needed", "tradier"),
               ofBroker("oauth.reauth_needed", "alpaca"), event("oauth.refreshed"),
               ofBroker("oauth.revocation_overdue", "alpaca")});
    ASSERT_EQ(alerts.size(), 3U);
    EXPECT_EQ(alerts[0].severity, orders::Severity::Critical);
    EXPECT_EQ(alerts[0].title, alerts[1].title);
    EXPECT_EQ(alerts[1].subject, "link/user:ann/tradier");
    EXPECT_EQ(alerts[2].title, "A broker does not confirm that access has ended");
    EXPECT_EQ(told, (std::vector<Role>{Role::Trader, Role::Trader, Role::Trader}));
}

} // namespace
} // namespace qd::gateway::test
