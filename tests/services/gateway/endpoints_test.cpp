#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "services/gateway/broker_api.h"
#include "services/gateway/fault_api.h"
#include "services/gateway/system_api.h"
#include "services/gateway/vault_api.h"
#include "tests/services/gateway/connections_desk.h"
#include "tests/services/gateway/desk.h"
#include "tests/services/gateway/endpoint_table.h"
#include "tests/services/gateway/people_desk.h"
#include "tests/support/sim_vault.h"

namespace qd::gateway::test {
namespace {

std::string nameOf(std::string_view method, std::string_view path)
{
    return std::string(method) + " " + std::string(path);
}

/// The path with something in its places.
std::string targetOf(std::string_view path)
{
    std::string target(path);
    while (target.find('{') != std::string::npos) {
        const auto from = target.find('{');
        target.replace(from, target.find('}') - from + 1, "SPY");
    }
    return target;
}

/// Everything that the program adds to its API, over real rooms.
class Endpoints : public ::testing::Test {
protected:
    Endpoints()
    {
        SystemApi{desk.gate,
                  jobs,
                  health,
                  metrics,
                  spans,
                  {},
                  "1.2.3",
                  folder.path().string(),
                  desk.backend.databasePath(),
                  (folder / "checkpoints").string(),
                  desk.backend.world.clock().steady()}
            .addTo(desk.api);
        FaultApi{faults}.addTo(desk.api);
        vault.open();
        vaultApi.addTo(desk.api);
        connections.api->addTo(desk.api);
        people.addTo(desk.api);
        brokerApi.addTo(desk.api);
    }
    /// Asked while no executor runs: the rooms' own and the API's are one thread in the program.
    int statusFor(const Row& row, Role held)
    {
        wire::HttpRequest request{std::string(row.method), targetOf(row.path),      {}, "{}",
                                  std::chrono::seconds(10), "127.0.0.1"};
        if (held != Role::Anyone)
            request.headers.set("Authorization", "Bearer " + std::string(toString(held)));
        std::optional<int> status;
        desk.api.handle(request, [&](const wire::HttpResponse& response) {
            status = response.status;
        });
        desk.backend.world.runUntil([&] { return status.has_value(); }, std::chrono::minutes(1));
        EXPECT_TRUE(status) << nameOf(row.method, row.path) << " was never answered";
        return status.value_or(0);
    }

    Desk desk;
    qd::test::SimExecutor jobs{desk.backend.world, "jobs"};
    qd::test::TempDir folder;
    Health health;
    observability::Metrics metrics;
    observability::SpanStore spans;
    resilience::FaultPoints faults{desk.backend.world.random()};
    qd::test::SimVault vault{desk.backend.world};
    VaultApi vaultApi{*vault, desk.gate, {}};
    ConnectionsDesk connections{desk.backend.world, desk.gate};
    BrokerApi brokerApi{{*desk.backend.link, nullptr, vault.writer(), desk.gate}};
    PeopleDesk people{desk.backend.world, desk.gate, desk.tokens};
};

TEST_F(Endpoints, AreTheListedOnesAndNoOthers)
{
    std::set<std::string> listed, served;
    for (const Row& row : kEndpoints) listed.insert(nameOf(row.method, row.path));
    for (const auto& endpoint : desk.api.endpoints())
        served.insert(nameOf(endpoint->spec.method, endpoint->spec.path));
    EXPECT_EQ(served, listed);
    EXPECT_EQ(desk.api.endpoints().size(), kEndpoints.size()) << "one of them is there twice";
}

TEST_F(Endpoints, ServeTheirRoleAndRefuseEveryOtherThatDoesNotIncludeIt)
{
    constexpr std::array kSignedIn{Role::Viewer, Role::Trader, Role::Support, Role::Operator,
                                   Role::Admin};
    for (const Row& row : kEndpoints) {
        const auto name = nameOf(row.method, row.path);
        const bool forAll = row.role == Role::Anyone;
        const bool asksForToken = !forAll || row.asks != Asks::Role;
        // A refresh token that is none is told so with the same status.
        const bool isRefresh = row.path == "/v1/session/refresh";
        const int stranger = statusFor(row, Role::Anyone);
        if (!isRefresh) {
            EXPECT_EQ(stranger == 401, asksForToken) << name << " without a token: " << stranger;
        }
        for (const Role held : kSignedIn) {
            const bool served = forAll || row.role == Role::Viewer || held == row.role ||
                                held == Role::Admin;
            const int status = statusFor(row, held);
            if (!isRefresh) {
                EXPECT_NE(status, 401) << name << " for " << toString(held);
            }
            EXPECT_EQ(status == 403, !served)
                << name << " for " << toString(held) << ": " << status;
        }
    }
}

TEST_F(Endpoints, AskForAFreshProofOfWhoItIsWhereItSaysSo)
{
    desk.tokens.isSteppedUp = false;
    for (const Row& row : kEndpoints) {
        const int status = statusFor(row, Role::Admin);
        EXPECT_EQ(status == 403, row.asks == Asks::StepUp)
            << nameOf(row.method, row.path) << ": " << status;
    }
}

TEST_F(Endpoints, AreAllNamedInTheOpenApiDocumentWithTheirRole)
{
    const auto document = Desk::parse(desk.call("GET", "/v1/openapi.json"));
    std::set<std::string_view> paths;
    for (const Row& row : kEndpoints) {
        std::string method(row.method);
        for (char& letter : method) letter = static_cast<char>(letter - 'A' + 'a');
        EXPECT_EQ(document.root()["paths"][row.path][method]["x-role"].stringOr({}),
                  toString(row.role))
            << nameOf(row.method, row.path);
        EXPECT_EQ(document.root()["paths"][row.path][method]["x-step-up"].booleanOr(false),
                  row.asks == Asks::StepUp)
            << nameOf(row.method, row.path);
        paths.insert(row.path);
    }
    EXPECT_EQ(document.root()["paths"].size(), paths.size());
}

/// "`PUT /v1/trading`" of a table's first cell, without the query.
std::multiset<std::string> endpointsInApiMd()
{
    std::multiset<std::string> found;
    std::ifstream file(QD_SOURCE_DIR "/resources/api.md");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("| `")) continue;
        std::istringstream cell(line.substr(2, line.find(" | ") - 2));
        for (std::string text, code; std::getline(cell, text, '`') && std::getline(cell, code, '`');)
            found.insert(code.substr(0, code.find('?')));
    }
    return found;
}

TEST(EndpointsOnPaper, AreTheServedOnesAndNoOthers)
{
    std::multiset<std::string> listed;
    for (const Row& row : kEndpoints) listed.insert(nameOf(row.method, row.path));
    EXPECT_EQ(endpointsInApiMd(), listed);
}

} // namespace
} // namespace qd::gateway::test
