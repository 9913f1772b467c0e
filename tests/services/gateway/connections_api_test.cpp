#include "tests/services/gateway/connections_desk.h"
#include "tests/services/gateway/desk.h"

namespace qd::gateway::test {
namespace {

class ConnectionsApiTest : public ::testing::Test {
protected:
    ConnectionsApiTest() { box.api->addTo(desk.api); }

    wire::HttpResponse ask(const std::string& method, const std::string& path,
                           const std::string& body = {}, const std::string& token = "trader")
    {
        auto answer = desk.call(method, path, body, {}, token);
        EXPECT_EQ(answer.body.find("planted-token"), std::string::npos) << answer.body;
        return answer;
    }
    /// The state that the browser is sent out with.
    std::string begin()
    {
        const auto answer = ask("POST", "/v1/connections/acme/begin", R"({"method":"oauth"})");
        EXPECT_EQ(answer.status, 201) << answer.body;
        const auto document = Desk::parse(answer);
        EXPECT_EQ(document["method"].stringOr({}), "oauth");
        const std::string url(document["authorizeUrl"].stringOr({}));
        const auto target =
            wire::Target::parse("/" + url.substr(std::min(url.find('?'), url.size())));
        return target ? std::string(target->queryValue("state")) : std::string();
    }
    wire::HttpResponse finish(const std::string& state)
    {
        return ask("POST", "/v1/connections/acme/finish",
                   R"({"redirect":"http://127.0.0.1:1/back?code=c&state=)" + state + "\"}");
    }

    Desk desk;
    ConnectionsDesk box{desk.backend.world, desk.gate};
};

TEST_F(ConnectionsApiTest, ConnectsListsAndDisconnects)
{
    const auto connected = finish(begin());
    EXPECT_EQ(connected.status, 200) << connected.body;
    const auto list = ask("GET", "/v1/connections");
    const auto document = Desk::parse(list);
    const auto row = document["connections"].at(0);
    EXPECT_EQ(row["broker"].stringOr({}), "acme");
    EXPECT_EQ(row["status"].stringOr({}), "connected");
    EXPECT_EQ(row["method"].stringOr({}), "oauth");
    EXPECT_TRUE(row["expiresAt"].timestamp());
    EXPECT_TRUE(row["reauthorise"].isNull());
    EXPECT_EQ(Desk::parse(ask("GET", "/v1/connections", {}, "viewer"))["connections"].size(), 0u)
        << "somebody else's";
    const auto gone = ask("DELETE", "/v1/connections/acme");
    EXPECT_EQ(gone.status, 202);
    EXPECT_EQ(Desk::parse(gone)["connection"]["status"].stringOr({}), "revocation_pending");
    desk.run(std::chrono::seconds(5));
    EXPECT_EQ(Desk::parse(ask("GET", "/v1/connections"))["connections"].size(), 0u);
    EXPECT_EQ(ask("DELETE", "/v1/connections/acme").status, 404);
}

TEST_F(ConnectionsApiTest, SaysWhatWasAskedForAndNotGranted)
{
    const auto missing = [&] {
        EXPECT_EQ(finish(begin()).status, 200);
        const auto document = Desk::parse(ask("GET", "/v1/connections"));
        return document["connections"].at(0)["missingScopes"].strings().value();
    };
    EXPECT_EQ(missing(), std::vector<std::string>{}) << "an answer without scopes grants what was asked";
    box.broker.grants = "data more";
    EXPECT_EQ(missing(), (std::vector<std::string>{"account", "trading"}));
    box.broker.grants = "trading data account";
    EXPECT_EQ(missing(), std::vector<std::string>{});
}

TEST_F(ConnectionsApiTest, WithRealMoneyAFreshProofIsAskedFor)
{
    const TwoTraders traders;
    const auto codeOf = [](const wire::HttpResponse& answer) {
        return std::string(Desk::parse(answer)["code"].stringOr({}));
    };
    for (const bool isLive : {true, false}) {
        ConnectionsApi::Desk traded;
        traded.isLive = isLive;
        ConnectionsDesk other(desk.backend.world, desk.gate, traded);
        Api api({}, traders, desk.gate, desk.backend.world.random());
        other.api->addTo(api);
        const auto as = [&](const char* who, const char* method, const char* path,
                            const char* body = "") {
            return desk.callTo(api, {method, path, {}, body, std::chrono::seconds(10), "127.0.0.1"},
                               who);
        };
        constexpr const char* kBegin = "/v1/connections/acme/begin";
        constexpr const char* kByConsent = R"({"method":"oauth"})";
        const auto begun = as("tired", "POST", kBegin, kByConsent);
        const auto ended = as("tired", "DELETE", "/v1/connections/acme");
        if (isLive) {
            for (const auto& refused : {begun, ended}) {
                EXPECT_EQ(refused.status, 403) << refused.body;
                EXPECT_EQ(codeOf(refused), "auth.step_up_required");
            }
            EXPECT_EQ(as("trader", "POST", kBegin, kByConsent).status, 201) << "with a fresh proof";
            EXPECT_EQ(as("trader", "DELETE", "/v1/connections/acme").status, 404)
                << "with one it is only that nothing is connected";
        } else {
            EXPECT_EQ(begun.status, 201) << "with play money the role is enough: " << begun.body;
            EXPECT_EQ(ended.status, 404) << ended.body;
        }
        EXPECT_EQ(as("tired", "GET", "/v1/connections").status, 200) << "to look needs none";
    }
}

TEST_F(ConnectionsApiTest, SaysWhetherToAskAgainOrToBeginAgain)
{
    const auto state = begin();
    box.broker.isDown = true;
    const auto down = finish(state);
    EXPECT_EQ(down.status, 503);
    EXPECT_TRUE(Desk::parse(down)["retry"].booleanOr(false)) << down.body;
    box.broker.isDown = false;
    EXPECT_EQ(finish(state).status, 200) << "without new consent";
    const auto unknown = finish("nobody's");
    EXPECT_EQ(unknown.status, 403);
    EXPECT_EQ(Desk::parse(unknown)["restart"].stringOr({}), "/v1/connections/acme/begin");
}

TEST_F(ConnectionsApiTest, HealthTellsWhatIsWrongWithAConnection)
{
    Health health;
    box.api->addTo(health);
    EXPECT_EQ(health.ask().at(0).status, HealthStatus::Ok);
    finish(begin());
    EXPECT_EQ(health.ask().at(0).status, HealthStatus::Ok);
    box.broker.isDown = true;
    ask("DELETE", "/v1/connections/acme");
    desk.run(std::chrono::seconds(2));
    const auto pending = health.ask().at(0);
    EXPECT_EQ(pending.status, HealthStatus::Degraded);
    EXPECT_EQ(pending.detail, "acme is revocation_pending");
}

TEST_F(ConnectionsApiTest, SaysByWhichConnectionTheDeskTrades)
{
    Health health;
    ConnectionsApi desks(*box.connections, {"user:trader", BrokerId("acme")});
    desks.addTo(health);
    EXPECT_NE(health.ask().at(0).detail.find("/v1/connections/acme/begin"), std::string::npos)
        << "nothing to trade by, and no word of it";
    finish(begin());
    desk.run(std::chrono::seconds(1));
    EXPECT_EQ(health.ask().at(0).status, HealthStatus::Ok);
    EXPECT_FALSE(Desk::parse(ask("GET", "/v1/connections"))["connections"].at(0)["trades"].booleanOr(
        true))
        << "this API's desk trades by no connection";
}

TEST_F(ConnectionsApiTest, APortIsNamedOnlyWhereTheAddressLeavesItOpen)
{
    const auto answer = ask("POST", "/v1/connections/acme/begin",
                            R"({"method":"oauth","redirectPort":5000})");
    EXPECT_EQ(answer.status, 422);
    EXPECT_NE(answer.body.find("oauth.redirect_port"), std::string::npos) << answer.body;
    const auto brokers = Desk::parse(ask("GET", "/v1/connections/available"));
    EXPECT_EQ(brokers["brokers"].at(0)["redirectUri"].stringOr({}), "http://127.0.0.1:1/back");
}

TEST_F(ConnectionsApiTest, TheMethodIsSaidAndNoOtherTaken)
{
    EXPECT_EQ(ask("POST", "/v1/connections/acme/begin", "{}").status, 422);
    const auto key = ask("POST", "/v1/connections/acme/begin", R"({"method":"key"})");
    EXPECT_EQ(key.status, 422);
    EXPECT_EQ(Desk::parse(key)["code"].stringOr({}), "oauth.method_not_supported");
    const auto unknown = ask("POST", "/v1/connections/who/begin", R"({"method":"oauth"})");
    EXPECT_EQ(unknown.status, 422);
    EXPECT_NE(unknown.body.find("supported: acme, other"), std::string::npos) << unknown.body;
}

TEST_F(ConnectionsApiTest, AvailableNamesTheMissingKeys)
{
    const auto document = Desk::parse(ask("GET", "/v1/connections/available"));
    const auto brokers = document["brokers"];
    ASSERT_EQ(brokers.size(), 3u);
    EXPECT_TRUE(brokers.at(0)["configured"].booleanOr(false));
    EXPECT_EQ(brokers.at(2)["missingKeys"].at(0).stringOr({}), "oauth.other.client_id");
}

TEST(ConnectionsOfADesk, TheKeyThatItTradesByIsConfigured)
{
    const auto isKeyConfigured = [](const char* broker, LinkMethod method) {
        Desk desk;
        ConnectionsDesk box(desk.backend.world, desk.gate, {"", BrokerId(broker), false, method});
        box.api->addTo(desk.api);
        const auto answer = desk.call("GET", "/v1/connections/available", {}, {}, "trader");
        const auto document = Desk::parse(answer);
        const auto key = document["brokers"].at(1);
        EXPECT_EQ(key["method"].stringOr({}), "key") << answer.body;
        return key["configured"].booleanOr(false);
    };
    EXPECT_TRUE(isKeyConfigured("acme", LinkMethod::Key));
    EXPECT_FALSE(isKeyConfigured("acme", LinkMethod::OAuth)) << "it is another way in";
    EXPECT_FALSE(isKeyConfigured("other", LinkMethod::Key)) << "it is another broker";
}

} // namespace
} // namespace qd::gateway::test
