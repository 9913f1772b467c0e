// Two processes on one database, each with a vault that remembers: who renews a link's tokens must not
// go by what it remembers of them.
#include <gtest/gtest.h>

#include "services/brokers/oauth/vault_tokens.h"
#include "tests/services/brokers/oauth/oauth_world.h"

namespace qd::brokers::oauth::test {
namespace {

using qd::test::SimExecutor;

class TwoProcesses : public ::testing::Test {
protected:
    /// A backend's connections, with the product's own store of tokens.
    class Desk {
    public:
        Desk(TwoProcesses& test, std::uint64_t seed) : m_process(test.world), m_random(seed)
        {
            const auto path = (test.m_folder / "main.db").string();
            auto database = storage::Database::open(path, storage::Durability::Off).value();
            QD_ASSERT(storage::migrateAll(database, {storage::storageMigrations(),
                                                     vault::vaultMigrations(), oauthMigrations()}));
            m_writer =
                storage::Writer::open(std::move(database), m_process.executor("db"), {}).value();
            auto& core = m_process.executor("core");
            m_keys = vault::keysInFile((test.m_folder / "vault.key").string());
            m_vault.emplace(vault::Vault::Dependencies{*m_writer, path, core, m_random, *m_keys});
            std::optional<Result<void>> opened;
            m_vault->start([&](Result<void> result) { opened = std::move(result); });
            test.world.runUntil([&] { return opened.has_value(); });
            QD_ASSERT(opened && opened->has_value());
            m_tokens.emplace(*m_vault);
            m_http = test.m_network.makeHttpClient(core);
            connections.emplace(Connections::Dependencies{*m_writer, *m_tokens, *m_http,
                                                          test.m_providers, core, m_random},
                                test.m_settings);
        }
        ~Desk()
        {
            m_process.kill();
            connections.reset();
            m_tokens.reset();
            m_vault.reset();
            m_http.reset();
            m_writer.reset();
        }
        std::uint64_t requests() const { return connections->refreshes().requests; }

        std::optional<Connections> connections;

    private:
        qd::test::SimProcess m_process;
        runtime::SeededRandom m_random;
        std::unique_ptr<storage::Writer> m_writer;
        std::unique_ptr<vault::MasterKeys> m_keys;
        std::optional<vault::Vault> m_vault;
        std::optional<VaultTokens> m_tokens;
        std::unique_ptr<wire::HttpClient> m_http;
    };

    TwoProcesses() : m_server(serverSettings(), m_far, m_random)
    {
        m_network.serve("broker.test", m_server, m_far);
        m_browser = m_network.makeHttpClient(m_user);
        m_first.emplace(*this, 11);
        m_second.emplace(*this, 12);
        connect();
    }

    static sandbox::oauth::ServerSettings serverSettings()
    {
        sandbox::oauth::ServerSettings settings;
        settings.issuer = "https://broker.test";
        settings.clients = {{"quarterdeck", "", "Quarterdeck", {"http://127.0.0.1/back"}}};
        settings.consentsByItself = true;
        return settings;
    }
    template <typename Answer, typename Ask>
    Result<Answer> await(Ask ask)
    {
        std::optional<Result<Answer>> answer;
        ask([&](Result<Answer> given) { answer = std::move(given); });
        world.runUntil([&] { return answer.has_value(); }, 10min);
        if (!answer) return fail(ErrorKind::Unavailable, "test.no_answer", "nothing came");
        return std::move(*answer);
    }
    void connect()
    {
        auto& authorizer = m_first->connections->authorizer();
        const auto begun = await<Authorizer::Begun>([&](auto then) {
            authorizer.begin({kOwner, kAcme, LinkMethod::OAuth, {}}, then);
        });
        ASSERT_TRUE(begun) << describe(begun.error());
        const auto back = await<wire::HttpResponse>([&](auto then) {
            wire::HttpRequest request;
            request.target = begun->authorizeUrl;
            m_browser->send(request, then);
        });
        ASSERT_TRUE(back);
        const auto link = await<BrokerLink>([&](auto then) {
            authorizer.finish(
                {kOwner, {}, std::string(back->headers.find("Location")), "127.0.0.1"}, then);
        });
        ASSERT_TRUE(link) << describe(link.error());
    }
    Result<Connections::Token> token(Desk& desk)
    {
        return await<Connections::Token>(
            [&](auto then) { desk.connections->token(kOwner, kAcme, then); });
    }
    Result<Connections::Token> refused(Desk& desk, std::int64_t generation)
    {
        return await<Connections::Token>(
            [&](auto then) { desk.connections->refused(kOwner, kAcme, generation, then); });
    }
    bool isAccepted(const Result<Connections::Token>& given) const
    {
        return given && m_server.isAccessValid(given->access.revealForUse());
    }

    qd::test::SimWorld world;
    SimExecutor m_far{world, "far"}, m_wires{world, "wires"}, m_user{world, "user"};
    runtime::SeededRandom m_random{7};
    qd::test::SimNetwork m_network{m_wires, m_random};
    sandbox::oauth::AuthorizationServer m_server;
    Providers m_providers = makeProviders();
    Settings m_settings;
    qd::test::TempDir m_folder;
    std::unique_ptr<wire::HttpClient> m_browser;
    std::optional<Desk> m_first, m_second;
};

TEST_F(TwoProcesses, NeverSendARefreshTokenThatTheOtherHasUsedUp)
{
    const auto remembered = token(*m_second);
    ASSERT_TRUE(isAccepted(remembered));
    const auto renewed = refused(*m_first, remembered->generation);
    ASSERT_TRUE(isAccepted(renewed));
    ASSERT_GT(renewed->generation, remembered->generation);
    ASSERT_EQ(token(*m_second)->generation, remembered->generation)
        << "its vault remembers nothing: there is nothing to be seen here";
    const auto asked = refused(*m_second, remembered->generation);
    EXPECT_TRUE(isAccepted(asked)) << (asked ? "lost its grant" : describe(asked.error()));
    EXPECT_EQ(asked ? asked->generation : 0, renewed->generation);
    EXPECT_EQ(m_second->requests(), 0U);
    EXPECT_EQ(m_server.figures().replays, 0U);
    EXPECT_EQ(m_server.figures().revoked, 0U);
}

TEST_F(TwoProcesses, TakeTurnsAndGoOn)
{
    std::int64_t generation = token(*m_first)->generation;
    for (int round = 0; round < 20; ++round) {
        Desk& desk = round % 2 == 0 ? *m_second : *m_first;
        const auto given = refused(desk, generation);
        ASSERT_TRUE(isAccepted(given))
            << "round " << round << (given ? "" : ": " + describe(given.error()));
        ASSERT_EQ(given->generation, generation + 1) << "round " << round;
        generation = given->generation;
    }
    EXPECT_EQ(m_first->requests() + m_second->requests(), 20U);
    EXPECT_EQ(m_server.figures().replays, 0U);
}

} // namespace
} // namespace qd::brokers::oauth::test
