// Quarterdeck's OAuth client as a program that does as it is told, a line in and a line of JSON
// out, for a drill against somebody else's authorization server:
//   oauth_peer ISSUER AUTHORIZE_URL TOKEN_URL REVOKE_URL FOLDER
//   begin | finish URL | token | refused GENERATION TIMES | disconnect | status | tokens
// `tokens` shows what is kept, so that the drill can replay it; only a drill's program does that.
#include <future>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "services/brokers/oauth/connections.h"
#include "services/json/json.h"
#include "services/wire/network.h"

namespace {

using namespace qd;
using namespace qd::brokers::oauth;

const std::string kOwner = "user:owner";
const BrokerId kBroker("acme");

class PeerTokens final : public TokenStore {
public:
    explicit PeerTokens(runtime::Executor& executor) : m_executor(executor) {}
    void put(const std::string& id, const std::string&, runtime::Secret secret, Then then) override
    {
        kept[id] = std::string(secret.revealForUse());
        m_executor.post([then] { then({}); });
    }
    Result<runtime::Secret> read(const std::string& id, const std::string&) override
    {
        const auto found = kept.find(id);
        if (found == kept.end()) return fail(ErrorKind::NotFound, "peer.none", "nothing there");
        return runtime::Secret(found->second);
    }
    void remove(const std::string& id, const std::string&, Then then) override
    {
        kept.erase(id);
        m_executor.post([then] { then({}); });
    }
    std::map<std::string, std::string> kept;

private:
    runtime::Executor& m_executor;
};

Providers providersOf(char** argv)
{
    std::map<BrokerId, ClientSettings> configured;
    configured[kBroker] = {"quarterdeck", {}, "http://127.0.0.1:47123/callback"};
    return Providers(std::move(configured), {{.broker = kBroker,
                                              .name = "Acme",
                                              .methods = {LinkMethod::OAuth},
                                              .authorizeUrl = argv[2],
                                              .tokenUrl = argv[3],
                                              .revokeUrl = argv[4],
                                              .issuer = argv[1],
                                              .sendsIssuer = true,
                                              .scopes = {"openid", "offline_access", "unheard-of"},
                                              .clientAuth = ClientAuth::None,
                                              .usesPkce = true,
                                              .canRefresh = true,
                                              .rotatesRefresh = true,
                                              .extraParameters = {{"prompt", "consent"}}}});
}

class Peer {
public:
    explicit Peer(char** argv)
        : m_providers(providersOf(argv)), m_http(wire::makeHttpClient(m_network, m_core))
    {
        auto database =
            storage::Database::open(std::string(argv[5]) + "/peer.db", storage::Durability::Off);
        QD_ASSERT(database && storage::migrateAll(
                                  *database, {storage::storageMigrations(), oauthMigrations()}));
        m_writer = storage::Writer::open(std::move(*database), m_db, {}).value();
        runtime::runAndWait(m_core, [&] {
            m_connections.emplace(Connections::Dependencies{
                *m_writer, m_tokens, *m_http, m_providers, m_core, runtime::systemRandom()});
        });
    }
    ~Peer()
    {
        m_writer->flush();
        runtime::runAndWait(m_core, [&] { m_connections.reset(); });
    }

    std::string answer(const std::string& line)
    {
        std::istringstream words(line);
        std::string command, argument;
        words >> command >> argument;
        json::Writer out;
        out.beginObject();
        if (command == "begin") begin(out);
        if (command == "finish") finish(out, argument);
        if (command == "token") token(out);
        if (command == "refused") refused(out, std::stoll(argument), words);
        if (command == "disconnect") disconnect(out);
        if (command == "status") status(out);
        if (command == "tokens") tokens(out);
        return out.endObject().take();
    }

private:
    template <typename Answer, typename Ask>
    Result<Answer> await(Ask ask)
    {
        std::promise<Result<Answer>> answer;
        m_core.post(
            [&] { ask([&](Result<Answer> given) { answer.set_value(std::move(given)); }); });
        return answer.get_future().get();
    }
    static void code(json::Writer& out, const auto& result)
    {
        out.member("code", result ? std::string("ok") : result.error().code);
    }

    void begin(json::Writer& out)
    {
        const auto begun = await<Authorizer::Begun>([&](auto then) {
            m_connections->authorizer().begin({kOwner, kBroker, LinkMethod::OAuth, {}}, then);
        });
        code(out, begun);
        if (begun) out.member("url", begun->authorizeUrl);
    }
    void finish(json::Writer& out, const std::string& url)
    {
        const auto link = await<BrokerLink>([&](auto then) {
            m_connections->authorizer().finish({kOwner, kBroker, url, "127.0.0.1"}, then);
        });
        code(out, link);
        if (!link) return;
        out.key("scopes").beginArray();
        for (const auto& scope : link->scopes) out.value(scope);
        out.endArray();
    }
    void token(json::Writer& out)
    {
        const auto given = await<Connections::Token>(
            [&](auto then) { m_connections->token(kOwner, kBroker, then); });
        code(out, given);
        if (given) out.member("generation", given->generation);
    }
    /// So many at once; all must get the same.
    void refused(json::Writer& out, std::int64_t generation, std::istringstream& words)
    {
        int times = 1;
        words >> times;
        std::vector<std::promise<Result<Connections::Token>>> promises(
            static_cast<std::size_t>(times));
        m_core.post([&] {
            for (auto& promise : promises)
                m_connections->refused(kOwner, kBroker, generation,
                                       [&promise](Result<Connections::Token> given) {
                                           promise.set_value(std::move(given));
                                       });
        });
        std::int64_t same = 0, newest = 0;
        std::string worst = "ok";
        for (auto& promise : promises) {
            const auto given = promise.get_future().get();
            if (!given) {
                worst = given.error().code;
                continue;
            }
            newest = given->generation;
            same += given->generation == generation + 1;
        }
        std::uint64_t requests = 0;
        runtime::runAndWait(m_core, [&] { requests = m_connections->refreshes().requests; });
        out.member("code", worst).member("same", same).member("generation", newest);
        out.member("requests", static_cast<std::int64_t>(requests));
    }
    void disconnect(json::Writer& out)
    {
        code(out, await<Revoker::Begun>(
                      [&](auto then) { m_connections->disconnect(kOwner, kBroker, then); }));
    }
    void status(json::Writer& out)
    {
        const auto links =
            await<std::vector<BrokerLink>>([&](auto then) { m_connections->list(kOwner, then); });
        code(out, links);
        out.member("status", !links || links->empty() ? std::string_view("none")
                                                      : toString(links->front().status));
    }
    void tokens(json::Writer& out)
    {
        runtime::runAndWait(m_core, [&] {
            for (const auto& [id, text] : m_tokens.kept) {
                const auto kept = readTokens(runtime::Secret(text));
                if (!kept) continue;
                out.member("access", kept->access.revealForUse());
                out.member("refresh", kept->refresh.revealForUse());
                break;
            }
        });
    }

    runtime::ThreadExecutor m_core{"core"}, m_db{"db"};
    wire::Network m_network;
    Providers m_providers;
    PeerTokens m_tokens{m_core};
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<storage::Writer> m_writer;
    std::optional<Connections> m_connections;
};

} // namespace

int main(int argc, char** argv)
{
    if (argc != 6) {
        std::cerr << "usage: oauth_peer ISSUER AUTHORIZE_URL TOKEN_URL REVOKE_URL FOLDER\n";
        return 2;
    }
    Peer peer(argv);
    for (std::string line; std::getline(std::cin, line);)
        std::cout << peer.answer(line) << std::endl;
    return 0;
}
