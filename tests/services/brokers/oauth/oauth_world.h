#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/brokers/oauth/connections.h"
#include "services/sandbox/oauth/authorization_server.h"
#include "tests/support/captured_log.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::brokers::oauth::test {

using namespace std::chrono_literals;

inline const std::string kOwner = "user:owner";
inline const BrokerId kAcme("acme");   ///< PKCE, rotates, revokes, says who it is
inline const BrokerId kPlain("plain"); ///< a secret, no renewal, no way to revoke

/// Keeps tokens in memory, and outlives the process that uses it. May fail as it is told to.
class MemoryTokens final : public TokenStore {
public:
    explicit MemoryTokens(runtime::Executor& executor) : m_executor(&executor) {}

    void put(const std::string& id, const std::string&, runtime::Secret secret, Then then) override
    {
        ++puts;
        if (failPuts > 0) {
            --failPuts;
            return m_executor->post(
                [then] { then(fail(ErrorKind::Unavailable, "test.disk", "the disk is full")); });
        }
        kept[id] = std::string(secret.revealForUse());
        m_executor->post([then] { then({}); });
    }
    Result<runtime::Secret> read(const std::string& id, const std::string&) override
    {
        const auto found = kept.find(id);
        if (found == kept.end()) return fail(ErrorKind::NotFound, "test.none", "nothing there");
        return runtime::Secret(found->second);
    }
    void remove(const std::string& id, const std::string&, Then then) override
    {
        kept.erase(id);
        m_executor->post([then] { then({}); });
    }
    void moveTo(runtime::Executor& executor) { m_executor = &executor; }

    std::map<std::string, std::string> kept;
    int failPuts = 0, puts = 0;

private:
    runtime::Executor* m_executor;
};

inline const BrokerId kOpen("open");   ///< as acme; its address of return leaves the port open

inline std::vector<Provider> testProviders()
{
    const std::string server = "https://broker.test";
    Provider acme{.broker = kAcme,
                  .name = "Acme",
                  .methods = {LinkMethod::OAuth, LinkMethod::Key},
                  .authorizeUrl = server + "/authorize",
                  .tokenUrl = server + "/token",
                  .revokeUrl = server + "/revoke",
                  .issuer = server,
                  .sendsIssuer = true,
                  .scopes = {"trading", "data", "unheard-of"},
                  .clientAuth = ClientAuth::None,
                  .usesPkce = true,
                  .canRefresh = true,
                  .rotatesRefresh = true};
    Provider plain = acme;
    plain.broker = kPlain;
    plain.name = "Plain";
    plain.methods = {LinkMethod::OAuth};
    plain.revokeUrl.clear();
    plain.manageUrl = server + "/manage";
    plain.sendsIssuer = false;
    plain.clientAuth = ClientAuth::Basic;
    plain.usesPkce = false;
    plain.canRefresh = false;
    Provider gateway{
        .broker = BrokerId("gateway"), .name = "Gateway", .methods = {LinkMethod::Session}};
    Provider open = acme;
    open.broker = kOpen;
    return {acme, plain, gateway, open};
}

inline Providers makeProviders()
{
    std::map<BrokerId, ClientSettings> configured;
    configured[kAcme] = {"quarterdeck", {}, "http://127.0.0.1:40000/back"};
    configured[kPlain] = {"desk & co", runtime::Secret("s:e%cret"), "https://desk.test/back"};
    configured[kOpen] = {"quarterdeck", {}, "http://127.0.0.1/back"};
    return Providers(std::move(configured), testProviders());
}

/// The connections of a backend over its database, a broker's authorization server, and a browser
/// between them: real parts in virtual time.
class OAuthWorld : public ::testing::Test {
protected:
    OAuthWorld() : server(serverSettings(), far, m_random)
    {
        network.serve("broker.test", server, far);
        m_browser = network.makeHttpClient(m_user);
        boot();
    }
    ~OAuthWorld() override { shutDown(); }

    static sandbox::oauth::ServerSettings serverSettings()
    {
        sandbox::oauth::ServerSettings settings;
        settings.issuer = "https://broker.test";
        settings.clients = {{"quarterdeck", "", "Quarterdeck", {"http://127.0.0.1/back"}},
                            {"desk & co", "s:e%cret", "Desk", {"https://desk.test/back"}}};
        settings.lifetimes.code = 10min;
        settings.consentsByItself = true;
        return settings;
    }
    /// Connections on what is kept; also after `shutDown`, as another process.
    void boot()
    {
        m_process = std::make_unique<qd::test::SimProcess>(world);
        auto database =
            storage::Database::open((m_folder / "main.db").string(), storage::Durability::Off);
        ASSERT_TRUE(database);
        ASSERT_TRUE(
            storage::migrateAll(*database, {storage::storageMigrations(), oauthMigrations()}));
        auto writer = storage::Writer::open(std::move(*database), m_process->executor("db"), {});
        ASSERT_TRUE(writer);
        m_writer = std::move(*writer);
        auto& core = m_process->executor("core");
        tokens.moveTo(core);
        m_http = network.makeHttpClient(core);
        connections = std::make_unique<Connections>(
            Connections::Dependencies{*m_writer, *store, *m_http, providers, core, m_random,
                                      observability::Logger(log, core.clock(), "oauth")},
            settings);
        connections->start({});
    }
    /// As `kill -9`.
    void shutDown()
    {
        if (m_process) m_process->kill();
        connections.reset();
        m_http.reset();
        m_writer.reset();
    }
    void restart()
    {
        shutDown();
        boot();
    }

    template <typename Answer, typename Ask>
    Result<Answer> await(Ask ask, Duration limit = 10min)
    {
        std::optional<Result<Answer>> answer;
        ask([&](Result<Answer> given) { answer = std::move(given); });
        world.runUntil([&] { return answer.has_value(); }, limit);
        if (!answer) return fail(ErrorKind::Unavailable, "test.no_answer", "nothing came");
        return std::move(*answer);
    }
    Result<Authorizer::Begun> begin(const BrokerId& broker = kAcme,
                                    const std::string& owner = kOwner)
    {
        return await<Authorizer::Begun>([&](auto then) {
            connections->authorizer().begin({owner, broker, LinkMethod::OAuth, redirectPort}, then);
        });
    }
    /// What the browser brings back from there.
    std::string browse(const std::string& url)
    {
        const auto answer = await<wire::HttpResponse>([&](auto then) {
            wire::HttpRequest request;
            request.target = url;
            m_browser->send(request, then);
        });
        return answer ? std::string(answer->headers.find("Location")) : answer.error().code;
    }
    Result<BrokerLink> finish(const std::string& query, const std::string& owner = kOwner,
                              const std::string& address = "203.0.113.7")
    {
        return await<BrokerLink>([&](auto then) {
            connections->authorizer().finish({owner, {}, query, address}, then);
        });
    }
    Result<BrokerLink> connect(const BrokerId& broker = kAcme)
    {
        const auto begun = begin(broker);
        if (!begun) return tl::unexpected(begun.error());
        return finish(browse(begun->authorizeUrl));
    }
    Result<Connections::Token> token(const BrokerId& broker = kAcme)
    {
        return await<Connections::Token>(
            [&](auto then) { connections->token(kOwner, broker, then); });
    }
    bool isAccepted(const Result<Connections::Token>& given) const
    {
        return given && server.isAccessValid(given->access.revealForUse());
    }
    std::vector<BrokerLink> links()
    {
        const auto all =
            await<std::vector<BrokerLink>>([&](auto then) { connections->list(kOwner, then); });
        return all ? *all : std::vector<BrokerLink>();
    }
    std::string status()
    {
        const auto all = links();
        return all.empty() ? "none" : std::string(toString(all.front().status));
    }
    std::int64_t orphans()
    {
        return await<std::int64_t>([&](auto then) { connections->countOrphans(then); })
            .value_or(-1);
    }
    std::vector<storage::Event> events(std::string_view kind)
    {
        m_writer->flush();
        auto database = storage::Database::openReadOnly((m_folder / "main.db").string());
        std::vector<storage::Event> found;
        auto all = storage::readEvents(*database, 0, 100'000);
        EXPECT_TRUE(all);
        if (!all) return found;
        for (auto& event : *all) {
            if (event.kind == kind) found.push_back(std::move(event));
        }
        return found;
    }
    static std::string code(const auto& result) { return result ? "ok" : result.error().code; }

    qd::test::SimWorld world;
    qd::test::SimExecutor far{world, "far"}, m_wires{world, "wires"}, m_user{world, "user"};
    runtime::SeededRandom m_random{7};
    qd::test::SimNetwork network{m_wires, m_random};
    sandbox::oauth::AuthorizationServer server;
    Providers providers = makeProviders();
    Settings settings;
    qd::test::CapturedLog log;
    MemoryTokens tokens{far};
    TokenStore* store = &tokens;
    std::unique_ptr<Connections> connections;
    std::optional<std::int64_t> redirectPort; ///< that the next consents begin with

private:
    qd::test::TempDir m_folder;
    std::unique_ptr<qd::test::SimProcess> m_process;
    std::unique_ptr<storage::Writer> m_writer;
    std::unique_ptr<wire::HttpClient> m_http, m_browser;
};

} // namespace qd::brokers::oauth::test
