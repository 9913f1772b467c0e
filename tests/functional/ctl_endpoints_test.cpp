// "Everything the API offers": each endpoint has a command that asks it, seen by a server that writes
// down what it is asked; or it stands here with the reason why it has none.
#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "services/drills/child.h"
#include "services/wire/network.h"
#include "tests/services/gateway/endpoint_table.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;
using gateway::test::kEndpoints;

struct Asking {
    std::string endpoint, words;
    std::string before = {}; ///< another command that has to be there first
};

const std::vector<Asking> kCommands = {
    {"POST /v1/orders", "order submit buy 1 SPY"},
    {"POST /v1/orders/preview", "order preview buy 1 SPY"},
    {"PATCH /v1/orders/{clientOrderId}", "order modify an-id --limit 2"},
    {"DELETE /v1/orders/{clientOrderId}", "order cancel an-id"},
    {"DELETE /v1/orders", "order cancel --all"},
    {"GET /v1/orders", "order list"},
    {"GET /v1/orders/{clientOrderId}", "order show an-id"},
    {"GET /v1/orders/{clientOrderId}/timeline", "order show an-id --timeline"},
    {"GET /v1/fills", "fills"},
    {"GET /v1/positions", "position list"},
    {"GET /v1/account", "account"},
    {"GET /v1/trading", "trading status"},
    {"PUT /v1/trading", "halt"},
    {"POST /v1/trading/reconcile", "trading reconcile"},
    {"POST /v1/trading/differences/{id}/accept", "difference accept an-id --reason known"},
    {"GET /v1/quotes", "quote SPY"},
    {"GET /v1/bars", "bars SPY"},
    {"GET /v1/instruments", "instrument search apple"},
    {"GET /v1/instruments/{symbol}", "instrument show BTC/USD"},
    {"GET /v1/market/status", "market status"},
    {"GET /health/report", "health"},
    {"GET /metrics", "metrics"},
    {"GET /v1/breakers", "breaker list"},
    {"GET /v1/events", "log tail --after 0"},
    {"GET /v1/log/verify", "log verify"},
    {"POST /v1/backup", "backup a.db"},
    {"GET /v1/traces", "trace list"},
    {"GET /v1/traces/{traceId}", "trace show 0af7651916cd43dd8448eb211c80319c"},
    {"GET /v1/openapi.json", "openapi"},
    {"GET /v1/vault", "vault list"},
    {"POST /v1/vault/rotate", "vault rotate"},
    {"POST /v1/vault/import", "vault import"},
    {"GET /v1/broker/session", "broker session"},
    {"POST /v1/broker/session/take-over", "broker take-over"},
    {"GET /v1/connections", "connection list"},
    {"GET /v1/connections/available", "connection list --available"},
    {"POST /v1/connections/{broker}/begin", "connection add alpaca --no-browser"},
    {"POST /v1/connections/{broker}/finish", "connection add alpaca --no-browser"},
    {"DELETE /v1/connections/{broker}", "connection remove alpaca"},
    {"POST /v1/sign-up", "user sign-up ann@example.org"},
    {"POST /v1/email/verify", "user verify"},
    {"POST /v1/password/forgot", "user password ann@example.org"},
    {"POST /v1/password/reset", "user password --with-code"},
    {"POST /v1/session", "login ann@example.org"},
    {"GET /v1/session", "whoami"},
    {"DELETE /v1/session", "logout", "login ann@example.org"},
    {"POST /v1/session/refresh", "account", "login ann@example.org"},
    {"GET /v1/sessions", "user sessions"},
    {"DELETE /v1/sessions", "user sign-out"},
    {"DELETE /v1/sessions/{session}", "user sign-out --session an-id"},
    {"PUT /v1/password", "user password"},
    {"POST /v1/totp", "user second-factor enrol"},
    {"POST /v1/totp/confirm", "user second-factor confirm"},
    {"DELETE /v1/totp", "user second-factor remove"},
    {"GET /v1/users", "user list"},
    {"POST /v1/users", "user add ann@example.org"},
    {"GET /v1/users/{user}", "user show ann@example.org"},
    {"PUT /v1/users/{user}/roles/{role}", "user roles ann@example.org --grant trader"},
    {"DELETE /v1/users/{user}/roles/{role}", "user roles ann@example.org --revoke trader"},
    {"POST /v1/users/{user}/disable", "user disable ann@example.org"},
    {"POST /v1/users/{user}/enable", "user enable ann@example.org"},
    {"GET /v1/users/{user}/sessions", "user sessions ann@example.org"},
    {"DELETE /v1/users/{user}/sessions", "user sign-out ann@example.org"},
    {"GET /v1/mailbox", "mailbox"},
    {"POST /v1/internal/token", "token issue backup-job --role viewer"},
    {"POST /v1/internal/rotate", "token rotate"},
    {"GET /v1/faults", "fault list"},
    {"PUT /v1/faults/{name}", "fault set vault.read --kind fail"},
    {"DELETE /v1/faults", "fault clear"},
};

/// Endpoint → why no command asks it.
const std::map<std::string, std::string> kWithoutCommand = {
    {"GET /health/live", "a supervisor's question, one word; `health` tells each part"},
    {"GET /health/ready", "a supervisor's question, one word; `health` tells each part"},
    {"POST /v1/session/step-up", "asked by whichever command is told that it needs it: people_test"},
};

/// An answer in which every command finds what it goes on with. Access is over at once, so that the
/// next command refreshes it.
constexpr const char* kAnswer = R"({"status":"ok","eventCount":1,"token":"t",
 "users":[{"id":"u"}],"authorizeUrl":"https://broker.example/consent",
 "brokers":[{"broker":"alpaca","method":"oauth","redirectUri":"https://desk.example/back"}],
 "session":"s","accessToken":"a","accessExpiresInMs":1,"refreshToken":"r","deviceKey":"d",
 "uri":"otpauth://totp/x","ok":true})";

/// Writes down what it is asked. The service's executor, and the test's thread.
class Notebook final : public wire::Service {
public:
    void handle(wire::HttpRequest request, Respond respond) override
    {
        {
            const std::lock_guard lock(m_mutex);
            m_asked.push_back(request.method + " " + request.target.substr(0, request.target.find('?')));
        }
        wire::HttpResponse answer;
        answer.status = 200;
        answer.headers.set("Content-Type", "application/json");
        answer.body = kAnswer;
        respond(std::move(answer));
    }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse> upgrade(const wire::HttpRequest&) override
    {
        wire::HttpResponse refusal;
        refusal.status = 404;
        return tl::unexpected(refusal);
    }
    std::vector<std::string> takeAsked()
    {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_asked, {});
    }

private:
    std::mutex m_mutex;
    std::vector<std::string> m_asked;
};

/// "GET /v1/orders/{clientOrderId}" is "GET /v1/orders/an-id"; a place is one part of the path.
bool isRequestOf(std::string_view endpoint, std::string_view asked)
{
    while (!endpoint.empty() && !asked.empty()) {
        const auto part = endpoint.substr(0, endpoint.find('/')), one = asked.substr(0, asked.find('/'));
        if (!part.starts_with('{') && part != one) return false;
        endpoint.remove_prefix(std::min(endpoint.size(), part.size() + 1));
        asked.remove_prefix(std::min(asked.size(), one.size() + 1));
    }
    return endpoint.empty() && asked.empty();
}

class CtlEndpoints : public ::testing::Test {
protected:
    CtlEndpoints()
    {
        m_server = *wire::makeServer(m_network, *m_executor, m_notebook, {});
        m_folder.write("owner.token", "the-owner");
        // Passwords, codes, and the address that a browser ended at.
        m_typed = m_folder.write("typed", "https://desk.example/back?code=1\nsecond\nthird\nfourth\n");
    }
    ~CtlEndpoints() override
    {
        m_server.reset();
        m_network.stop();
    }
    /// Everything that `quarterdeckctl words` asked the server.
    std::vector<std::string> askedBy(const std::string& words)
    {
        const auto url = fmt::format("http://127.0.0.1:{}", m_server->port());
        const auto line = fmt::format("exec '{}/bin/quarterdeckctl' --url {} --data-dir '{}' --json "
                                      "--password-fd 0 {} < '{}'",
                                      QD_BINARY_DIR, url, m_folder.path().string(), words, m_typed);
        const auto child =
            Child::start({"/bin/sh", {"-c", line}, {"XDG_CONFIG_HOME=" + m_folder.path().string()},
                          (m_folder / "out").string(), (m_folder / "err").string()});
        EXPECT_TRUE(child && (*child)->waitFor(60s)) << words;
        return m_notebook.takeAsked();
    }

    test::TempDir m_folder;
    std::string m_typed;
    Notebook m_notebook;
    wire::Network m_network;
    std::unique_ptr<runtime::Executor> m_executor = m_network.makeExecutor();
    std::unique_ptr<wire::Server> m_server;
};

TEST_F(CtlEndpoints, EachHasACommandOrAReasonWhyNot)
{
    std::set<std::string> served, known;
    for (const auto& row : kEndpoints) served.insert(fmt::format("{} {}", row.method, row.path));
    for (const auto& [endpoint, reason] : kWithoutCommand) known.insert(endpoint);
    for (const auto& row : kCommands)
        EXPECT_TRUE(known.insert(row.endpoint).second) << row.endpoint << " stands here twice";
    EXPECT_EQ(known, served);
}

TEST_F(CtlEndpoints, EachIsAskedByItsCommand)
{
    for (const auto& row : kCommands) {
        if (!row.before.empty()) askedBy(row.before);
        const auto asked = askedBy(row.words);
        EXPECT_TRUE(std::ranges::any_of(
            asked, [&](const auto& one) { return isRequestOf(row.endpoint, one); }))
            << "quarterdeckctl " << row.words << " did not ask " << row.endpoint << " but "
            << fmt::format("[{}]", fmt::join(asked, ", ")) << "\n" << slurp((m_folder / "err").string());
        if (!row.before.empty()) std::filesystem::remove_all(m_folder / "quarterdeck");
    }
}

} // namespace
} // namespace qd::drills
