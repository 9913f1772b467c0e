#include "services/gateway/vault_api.h"

#include <set>

#include "tests/services/gateway/desk.h"
#include "tests/support/sim_vault.h"

namespace qd::gateway::test {
namespace {

constexpr const char* kPlanted = "planted-secret-value";
const vault::SecretName kBrokerKey{"alpaca/paper/key", "system", "broker-key"};
const vault::SecretName kDataKey{"alpaca/paper/data-key-1", "system", "data-key"};

class VaultApiTest : public ::testing::Test {
protected:
    VaultApiTest()
    {
        box.open();
        for (const auto& name : {kBrokerKey, kDataKey}) {
            bool isDone = false;
            box->put(name, runtime::Secret(kPlanted), {}, [&](const Result<void>& put) {
                EXPECT_TRUE(put);
                isDone = true;
            });
            desk.backend.world.runUntil([&] { return isDone; });
        }
        brokers::KeptKey::Terms terms;
        terms.name = kBrokerKey;
        terms.place = "the file";
        terms.outside = [this]() -> Result<runtime::Secret> { return runtime::Secret(outside); };
        terms.tester = [this](const runtime::Secret&, const vault::Vault::Verdict& verdict) {
            verdict(verdictOfBroker);
        };
        terms.use = [](const Result<runtime::Secret>&) {};
        key = std::make_unique<brokers::KeptKey>(*box, box.core, box.core, observability::Logger(),
                                                 std::move(terms));
        api =
            std::make_unique<VaultApi>(*box, desk.gate, std::vector<brokers::KeptKey*>{key.get()});
        api->addTo(desk.api);
        api->addTo(health);
    }
    wire::HttpResponse ask(const std::string& method, const std::string& path,
                           const std::string& body = {})
    {
        auto answer = desk.call(method, path, body, {}, "admin");
        EXPECT_EQ(answer.body.find(kPlanted), std::string::npos) << answer.body;
        return answer;
    }
    ComponentHealth vaultHealth()
    {
        const auto all = health.ask();
        return all.empty() ? ComponentHealth{} : all.front();
    }

    Desk desk;
    qd::test::SimVault box{desk.backend.world};
    std::string outside = kPlanted;
    Result<void> verdictOfBroker;
    Health health;
    std::unique_ptr<brokers::KeptKey> key;
    std::unique_ptr<VaultApi> api;
};

TEST_F(VaultApiTest, ListsWhatThereIsWithAgesAndNeverAValue)
{
    desk.run(std::chrono::hours(24 * 91));
    const auto answer = ask("GET", "/v1/vault");
    EXPECT_EQ(answer.status, 200);
    const auto document = Desk::parse(answer);
    const auto root = document.root();
    EXPECT_TRUE(root["open"].booleanOr(false));
    EXPECT_TRUE(root["masterKey"]["overdue"].booleanOr(false));
    EXPECT_NE(root["masterKey"]["source"].stringOr({}).find("vault.key"), std::string_view::npos);
    ASSERT_EQ(root["secrets"].size(), 2u);
    const auto secret = root["secrets"].at(1);
    EXPECT_EQ(secret["id"].stringOr({}), kBrokerKey.id);
    EXPECT_EQ(secret["purpose"].stringOr({}), "broker-key");
    EXPECT_EQ(secret["version"].integerOr(0), 1);
    EXPECT_GE(secret["ageSeconds"].integerOr(0), 91 * 86'400);
    EXPECT_EQ(secret["ageMaxSeconds"].integerOr(0), 90 * 86'400);
    EXPECT_TRUE(secret["overdue"].booleanOr(false));
    EXPECT_EQ(vaultHealth().status, HealthStatus::Degraded) << "age is not shown in health";
}

TEST_F(VaultApiTest, RotatesTheMasterKeyAndSaysHowFarItIs)
{
    const std::string before = box->masterKey().id;
    const auto document = Desk::parse(ask("POST", "/v1/vault/rotate", "{}"));
    const auto root = document.root();
    EXPECT_NE(root["masterKey"]["id"].stringOr({}), before);
    EXPECT_EQ(root["rotation"]["from"].stringOr({}), before);
    EXPECT_EQ(root["rotation"]["done"].integerOr(0), 2);
    EXPECT_EQ(root["rotation"]["total"].integerOr(0), 2);
    EXPECT_EQ(box->read(kBrokerKey, {})->revealForUse(), kPlanted);
}

TEST_F(VaultApiTest, RotatesDataKeysOfOneOrAll)
{
    const auto versions = [&] {
        std::vector<std::int64_t> found;
        for (const auto& listing : box->list()) found.push_back(listing.version);
        return found;
    };
    EXPECT_EQ(
        ask("POST", "/v1/vault/rotate", R"({"what":"data-keys","id":"alpaca/paper/key"})").status,
        200);
    EXPECT_EQ(versions(), (std::vector<std::int64_t>{1, 2}));
    const auto document = Desk::parse(ask("POST", "/v1/vault/rotate", R"({"what":"data-keys"})"));
    EXPECT_EQ(document.root()["dataKeys"]["done"].integerOr(0), 2);
    EXPECT_EQ(versions(), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(ask("POST", "/v1/vault/rotate", R"({"what":"data-keys","id":"no/such"})").status,
              404);
    EXPECT_EQ(ask("POST", "/v1/vault/rotate", R"({"id":"alpaca/paper/key"})").status, 422)
        << "one secret has no master key of its own";
}

TEST_F(VaultApiTest, BringsInAKeyThatWorksAndNoOther)
{
    outside = "another key";
    verdictOfBroker = fail(ErrorKind::Denied, "test.refused", "unknown key");
    const auto refused = ask("POST", "/v1/vault/import", "{}");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(box->read(kBrokerKey, {})->revealForUse(), kPlanted);
    EXPECT_EQ(vaultHealth().status, HealthStatus::Degraded);
    EXPECT_NE(vaultHealth().detail.find("the key in the file is not taken"), std::string::npos);
    outside = "a third key";
    verdictOfBroker = {};
    const auto document = Desk::parse(ask("POST", "/v1/vault/import", "{}"));
    EXPECT_EQ(document.root()["broughtIn"].integerOr(0), 1);
    EXPECT_EQ(box->read(kBrokerKey, {})->revealForUse(), "a third key");
    EXPECT_EQ(vaultHealth().status, HealthStatus::Ok) << vaultHealth().detail;
}

TEST_F(VaultApiTest, ARotationThatTakesLongIsAnsweredWithItsProgress)
{
    box.stallDisk();
    const auto answer = ask("POST", "/v1/vault/rotate", "{}");
    EXPECT_EQ(answer.status, 202);
    EXPECT_TRUE(Desk::parse(answer).root()["rotation"]["underWay"].booleanOr(false));
    EXPECT_EQ(ask("POST", "/v1/vault/rotate", "{}").status, 409);
}

} // namespace
} // namespace qd::gateway::test
