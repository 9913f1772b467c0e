#pragma once

#include <map>
#include <memory>
#include <string>

#include "services/brokers/oauth/connections.h"
#include "services/gateway/connections_api.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::gateway::test {

/// Keeps tokens in memory.
class KeptTokens final : public brokers::oauth::TokenStore {
public:
    explicit KeptTokens(runtime::Executor& executor) : m_executor(executor) {}
    void put(const std::string& id, const std::string&, runtime::Secret secret, Then then) override
    {
        m_kept[id] = std::string(secret.revealForUse());
        m_executor.post([then] { then({}); });
    }
    Result<runtime::Secret> read(const std::string& id, const std::string&) override
    {
        const auto found = m_kept.find(id);
        if (found == m_kept.end()) return fail(ErrorKind::NotFound, "test.none", "nothing there");
        return runtime::Secret(found->second);
    }
    void remove(const std::string& id, const std::string&, Then then) override
    {
        m_kept.erase(id);
        m_executor.post([then] { then({}); });
    }

private:
    runtime::Executor& m_executor;
    std::map<std::string, std::string> m_kept;
};

/// A broker's token and revocation endpoints, as short as can be: each code is good.
class ShortBroker final : public wire::Service {
public:
    void handle(wire::HttpRequest request, Respond respond) override
    {
        if (isDown) return respond({503, {}, {}});
        if (request.target == "/revoke") return respond({200, {}, {}});
        const auto scope = grants.empty() ? std::string() : R"(,"scope":")" + grants + '"';
        respond({200,
                 {},
                 R"({"access_token":"planted-token","token_type":"bearer","expires_in":600)" + scope +
                     "}"});
    }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest&) override
    {
        return tl::unexpected(wire::HttpResponse{404, {}, {}});
    }
    bool isDown = false;
    std::string grants; ///< scopes with spaces between them; empty: does not say
};

/// Connections over a real database and a short broker "acme", for the API over them. On `core`.
class ConnectionsDesk {
public:
    ConnectionsDesk(qd::test::SimWorld& world, runtime::Executor& core,
                    ConnectionsApi::Desk desk = {})
        : m_db(world, "oauth-db"),
          m_far(world, "broker"),
          m_network(m_far, m_random),
          m_tokens(core)
    {
        m_network.serve("broker.test", broker, m_far);
        m_http = m_network.makeHttpClient(core);
        auto database =
            storage::Database::open((m_folder / "oauth.db").string(), storage::Durability::Off);
        QD_ASSERT(database.has_value());
        QD_ASSERT(storage::migrateAll(
                      *database, {storage::storageMigrations(), brokers::oauth::oauthMigrations()})
                      .has_value());
        auto writer = storage::Writer::open(std::move(*database), m_db, {});
        QD_ASSERT(writer.has_value());
        m_writer = std::move(*writer);
        connections =
            std::make_unique<brokers::oauth::Connections>(brokers::oauth::Connections::Dependencies{
                *m_writer, m_tokens, *m_http, m_providers, core, m_random});
        api = std::make_unique<ConnectionsApi>(*connections, std::move(desk));
    }
    ~ConnectionsDesk() { m_db.kill(); }

    ShortBroker broker;
    std::unique_ptr<brokers::oauth::Connections> connections;
    std::unique_ptr<ConnectionsApi> api;

private:
    static brokers::oauth::Providers makeProviders()
    {
        using namespace brokers::oauth;
        std::map<BrokerId, ClientSettings> configured;
        configured[BrokerId("acme")] = {"app", {}, "http://127.0.0.1:1/back"};
        return Providers(
            std::move(configured),
            {{.broker = BrokerId("acme"),
              .name = "Acme",
              .methods = {LinkMethod::OAuth, LinkMethod::Key},
              .authorizeUrl = "https://broker.test/authorize",
              .tokenUrl = "https://broker.test/token",
              .revokeUrl = "https://broker.test/revoke",
              .scopes = {"account", "trading", "data"},
              .clientAuth = ClientAuth::None,
              .usesPkce = true},
             {.broker = BrokerId("other"), .name = "Other", .methods = {LinkMethod::OAuth}}});
    }

    qd::test::SimExecutor m_db, m_far;
    runtime::SeededRandom m_random{5};
    qd::test::SimNetwork m_network;
    qd::test::TempDir m_folder;
    KeptTokens m_tokens;
    brokers::oauth::Providers m_providers = makeProviders();
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<storage::Writer> m_writer;
};

} // namespace qd::gateway::test
