// Eight processes that find one link's access refused at the same moment: each round must make one
// request to the authorization server, give everybody the same new tokens, and cost no grant. Real
// sockets, one database, a vault in each process that remembers what it has read.
// uses: models/base models/accounts services/runtime services/json services/observability
// uses: services/resilience services/storage services/vault services/wire services/brokers
// uses: services/sandbox
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "services/brokers/oauth/connections.h"
#include "services/brokers/oauth/vault_tokens.h"
#include "services/sandbox/oauth/authorization_server.h"
#include "services/wire/network.h"
#include "tests/bench/loopback_client.h"

namespace {

using namespace qd;
using namespace qd::brokers::oauth;

constexpr int kProcesses = 8;
const std::string kOwner = "user:owner";
const BrokerId kBroker("acme");

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
        : m_providers(providersAt(port)), m_keys(vault::keysInFile(folder + "/vault.key")),
          m_http(wire::makeHttpClient(m_network, m_core))
    {
        const auto path = folder + "/main.db";
        auto database = storage::Database::open(path, storage::Durability::Off);
        QD_ASSERT(database &&
                  storage::migrateAll(*database, {storage::storageMigrations(),
                                                  vault::vaultMigrations(), oauthMigrations()}));
        m_writer = storage::Writer::open(std::move(*database), m_db, {}).value();
        Settings settings;
        settings.leasePoll = std::chrono::milliseconds(4);
        std::promise<Result<void>> opened;
        runtime::runAndWait(m_core, [&] {
            m_vault.emplace(vault::Vault::Dependencies{*m_writer, path, m_core,
                                                       runtime::systemRandom(), *m_keys});
            m_vault->start([&](Result<void> result) { opened.set_value(std::move(result)); });
        });
        QD_ASSERT(opened.get_future().get());
        runtime::runAndWait(m_core, [&] {
            m_tokens.emplace(*m_vault);
            m_connections.emplace(Connections::Dependencies{*m_writer, *m_tokens, *m_http,
                                                            m_providers, m_core,
                                                            runtime::systemRandom()},
                                  settings);
        });
    }
    ~Desk()
    {
        m_writer->flush();
        runtime::runAndWait(m_core, [&] {
            m_connections.reset();
            m_tokens.reset();
            m_vault.reset();
        });
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
    std::unique_ptr<vault::MasterKeys> m_keys;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<storage::Writer> m_writer;
    std::optional<vault::Vault> m_vault;
    std::optional<VaultTokens> m_tokens;
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

/// One desk for all rounds. Each begins with a look at the tokens, which its vault then remembers:
/// what is sent to the server must not come from there.
void work(const std::string& folder, int questions, int findings)
{
    std::optional<Desk> desk;
    std::uint64_t requestsBefore = 0;
    for (Question question; bench::readWhole(questions, question) && question.port != 0;) {
        if (!desk) desk.emplace(folder, question.port);
        const auto seen = desk->await<Connections::Token>(
            [&](auto then) { desk->connections().token(kOwner, kBroker, then); });
        bench::writeWhole(findings, Finding{seen ? seen->generation : -1, 0});
        if (!bench::readWhole(questions, question)) return;
        const auto token = desk->await<Connections::Token>([&](auto then) {
            desk->connections().refused(kOwner, kBroker, question.generation, then);
        });
        if (!token) fmt::print(stderr, "{}\n", describe(token.error()));
        const auto requests = desk->connections().refreshes().requests;
        bench::writeWhole(findings, Finding{token ? token->generation : -1,
                                            requests - std::exchange(requestsBefore, requests)});
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
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 1'000;
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
    const auto start = std::chrono::steady_clock::now();
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
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    for (const Worker& worker : workers) {
        bench::writeWhole(worker.questions, Question{});
        ::waitpid(worker.pid, nullptr, 0);
    }
    (*listener)->stop(std::chrono::milliseconds(100));
    const auto figures = server.figures();
    std::filesystem::remove_all(folder);
    const bool isOk = rounds > 0 && wrong == 0 && figures.replays == 0 && figures.revoked == 0;
    fmt::print("{{\"bench\":\"oauth_refresh\",\"value\":{:.3f},\"unit\":\"requests\",\"processes\":{},"
               "\"rounds\":{},\"requests\":{},\"wrongRounds\":{},\"replays\":{},\"revokedGrants\":{},"
               "\"roundMs\":{:.1f},\"bar\":\"1 a round, none replayed\",\"ok\":{}}}\n",
               double(requests) / std::max(rounds, 1), kProcesses, rounds, requests, wrong,
               figures.replays, figures.revoked, elapsed.count() / std::max(rounds, 1), isOk);
    return isOk ? 0 : 1;
}
