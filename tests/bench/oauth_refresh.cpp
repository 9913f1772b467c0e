// Eight processes that find one link's access refused at the same moment: each round must make one
// request to the authorization server, give everybody the same new tokens, and cost no grant. Real
// sockets, one database.
// uses: models/base models/accounts services/runtime services/json services/observability
// uses: services/resilience services/storage services/wire services/brokers services/sandbox
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "services/brokers/oauth/connections.h"
#include "services/sandbox/oauth/authorization_server.h"
#include "services/wire/network.h"
#include "tests/bench/loopback_client.h"

namespace {

using namespace qd;
using namespace qd::brokers::oauth;

constexpr int kProcesses = 8;
const std::string kOwner = "user:owner";
const BrokerId kBroker("acme");

/// Tokens in a database of their own, which all processes see.
class SharedTokens final : public TokenStore {
public:
    SharedTokens(const std::string& path, runtime::Executor& executor)
        : m_database(storage::Database::open(path, storage::Durability::Off).value()),
          m_executor(executor)
    {
        QD_ASSERT(
            m_database.execute("CREATE TABLE IF NOT EXISTS kept(id TEXT PRIMARY KEY, value TEXT)"));
    }
    void put(const std::string& id, const std::string&, runtime::Secret secret, Then then) override
    {
        auto statement = m_database.prepare("REPLACE INTO kept VALUES(?,?)").value();
        statement.bind(1, id).bind(2, secret.revealForUse());
        const auto stored = statement.run();
        m_executor.post([then, stored] { then(stored); });
    }
    Result<runtime::Secret> read(const std::string& id, const std::string&) override
    {
        auto statement = m_database.prepare("SELECT value FROM kept WHERE id=?").value();
        statement.bind(1, id);
        const auto row = statement.step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return fail(ErrorKind::NotFound, "bench.none", "nothing there");
        return runtime::Secret(std::string(statement.text(0)));
    }
    void remove(const std::string&, const std::string&, Then then) override
    {
        m_executor.post([then] { then({}); });
    }

private:
    storage::Database m_database;
    runtime::Executor& m_executor;
};

Providers providersAt(std::uint16_t port)
{
    const std::string server = fmt::format("http://127.0.0.1:{}", port);
    std::map<BrokerId, ClientSettings> configured;
    configured[kBroker] = {"app", {}, "http://127.0.0.1:1/back"};
    return Providers(std::move(configured), {{.broker = kBroker,
                                              .name = "Acme",
                                              .methods = {LinkMethod::OAuth},
                                              .authorizeUrl = server + "/authorize",
                                              .tokenUrl = server + "/token",
                                              .revokeUrl = server + "/revoke",
                                              .clientAuth = ClientAuth::None,
                                              .usesPkce = true,
                                              .canRefresh = true,
                                              .rotatesRefresh = true}});
}

/// One process' connections, from the opening of the database to its closing.
class Desk {
public:
    Desk(const std::string& folder, std::uint16_t port)
        : m_providers(providersAt(port)), m_http(wire::makeHttpClient(m_network, m_core))
    {
        auto database = storage::Database::open(folder + "/main.db", storage::Durability::Off);
        QD_ASSERT(database && storage::migrateAll(
                                  *database, {storage::storageMigrations(), oauthMigrations()}));
        m_writer = storage::Writer::open(std::move(*database), m_db, {}).value();
        Settings settings;
        settings.leasePoll = std::chrono::milliseconds(4);
        runtime::runAndWait(m_core, [&] {
            m_tokens.emplace(folder + "/tokens.db", m_core);
            m_connections.emplace(Connections::Dependencies{*m_writer, *m_tokens, *m_http,
                                                            m_providers, m_core,
                                                            runtime::systemRandom()},
                                  settings);
        });
    }
    ~Desk()
    {
        m_writer->flush();
        runtime::runAndWait(m_core, [&] { m_connections.reset(); });
    }
    template <typename Answer, typename Ask>
    Result<Answer> await(Ask ask)
    {
        std::promise<Result<Answer>> answer;
        m_core.post(
            [&] { ask([&](Result<Answer> given) { answer.set_value(std::move(given)); }); });
        return answer.get_future().get();
    }
    Connections& connections() { return *m_connections; }
    wire::HttpClient& http() { return *m_http; }

private:
    runtime::ThreadExecutor m_core{"core"}, m_db{"db"};
    wire::Network m_network;
    Providers m_providers;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<storage::Writer> m_writer;
    std::optional<SharedTokens> m_tokens;
    std::optional<Connections> m_connections;
};

/// What a round is about, and what came of it in one process.
struct Question {
    std::uint16_t port = 0; ///< of the server; 0: there is nothing more to do
    std::int64_t generation = 0;
};
struct Finding {
    std::int64_t generation = -1;
    std::uint64_t requests = 0;
};

struct Worker {
    int questions = -1, findings = -1;
    pid_t pid = -1;
};

/// A fresh desk each round, so that all begin from what is on disk; "ready" once it is open.
void work(const std::string& folder, int questions, int findings)
{
    for (Question question; bench::readWhole(questions, question) && question.port != 0;) {
        Desk desk(folder, question.port);
        bench::writeWhole(findings, Finding{});
        if (!bench::readWhole(questions, question)) return;
        const auto token = desk.await<Connections::Token>([&](auto then) {
            desk.connections().refused(kOwner, kBroker, question.generation, then);
        });
        if (!token) fmt::print(stderr, "{}\n", describe(token.error()));
        bench::writeWhole(findings, Finding{token ? token->generation : -1,
                                            desk.connections().refreshes().requests});
    }
}

Worker startWorker(const std::string& folder)
{
    std::array<int, 2> questions{}, findings{};
    if (::pipe(questions.data()) != 0 || ::pipe(findings.data()) != 0) std::exit(1);
    const pid_t pid = ::fork();
    if (pid < 0) std::exit(1);
    if (pid == 0) {
        ::close(questions[1]);
        ::close(findings[0]);
        work(folder, questions[0], findings[1]);
        _exit(0);
    }
    ::close(questions[0]);
    ::close(findings[1]);
    return {questions[1], findings[0], pid};
}

std::vector<Finding> askAll(const std::vector<Worker>& workers, const Question& question)
{
    for (const Worker& worker : workers) bench::writeWhole(worker.questions, question);
    std::vector<Finding> findings(workers.size());
    for (std::size_t i = 0; i < workers.size(); ++i)
        bench::readWhole(workers[i].findings, findings[i]);
    return findings;
}

/// Through the browser's part, once.
void connect(const std::string& folder, std::uint16_t port)
{
    Desk desk(folder, port);
    const auto begun = desk.await<Authorizer::Begun>([&](auto then) {
        desk.connections().authorizer().begin({kOwner, kBroker, LinkMethod::OAuth, {}}, then);
    });
    QD_ASSERT(begun);
    const auto back = desk.await<wire::HttpResponse>([&](auto then) {
        wire::HttpRequest request;
        request.target = begun->authorizeUrl;
        desk.http().send(request, then);
    });
    QD_ASSERT(back);
    const auto link = desk.await<BrokerLink>([&](auto then) {
        desk.connections().authorizer().finish(
            {kOwner, kBroker, std::string(back->headers.find("Location")), "127.0.0.1"}, then);
    });
    QD_ASSERT(link);
}

} // namespace

int main(int argc, char** argv)
{
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
    std::string folder = (std::filesystem::temp_directory_path() / "oauth-refresh-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return 1;
    std::vector<Worker> workers;
    for (int i = 0; i < kProcesses; ++i) workers.push_back(startWorker(folder));

    runtime::ThreadExecutor broker("broker");
    wire::Network network;
    sandbox::oauth::ServerSettings settings;
    settings.clients = {{"app", "", "App", {"http://127.0.0.1/back"}}};
    settings.consentsByItself = true;
    sandbox::oauth::AuthorizationServer server(settings, broker, runtime::systemRandom());
    auto listener = wire::makeServer(network, broker, server, {});
    QD_ASSERT(listener);
    const std::uint16_t port = (*listener)->port();
    connect(folder, port);

    std::uint64_t wrong = 0, requests = 0;
    for (int round = 1; round <= rounds; ++round) {
        const Question question{port, round};
        askAll(workers, question); // all are open
        std::uint64_t made = 0;
        for (const Finding& finding : askAll(workers, question)) {
            made += finding.requests;
            wrong += finding.generation != round + 1;
        }
        requests += made;
        wrong += made != 1;
    }
    for (const Worker& worker : workers) {
        bench::writeWhole(worker.questions, Question{});
        ::waitpid(worker.pid, nullptr, 0);
    }
    (*listener)->stop(std::chrono::milliseconds(100));
    const auto figures = server.figures();
    std::filesystem::remove_all(folder);
    fmt::print("{{\"bench\":\"oauth_refresh\",\"processes\":{},\"rounds\":{},\"requests\":{},"
               "\"wrongRounds\":{},\"replays\":{},\"revokedGrants\":{}}}\n",
               kProcesses, rounds, requests, wrong, figures.replays, figures.revoked);
    return wrong == 0 && figures.revoked == 0 ? 0 : 1;
}
