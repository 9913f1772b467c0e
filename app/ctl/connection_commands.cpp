#include <algorithm>
#include <csignal>
#include <iostream>

#include <fmt/format.h>

#include "app/ctl/commands.h"
#include "app/ctl/loopback.h"
#include "services/drills/child.h"

namespace qd::ctl {

namespace {

using namespace std::chrono_literals;

constexpr auto kExchangeWithin = 100s; ///< the backend waits twice half a minute for the broker
constexpr int kFinishTries = 3;
constexpr std::size_t kPastedMax = 8'192;
constexpr auto kProgressEvery = 30s;

struct WantedConnection {
    std::string broker;
    bool noBrowser = false;
    int minutes = 10;
};

std::string connectionPath(const std::string& broker, const char* more = "")
{
    return "/v1/connections/" + wire::percentEncode(broker) + more;
}

std::string timeOr(const json::Value& time, const char* none)
{
    const auto text = cell(time);
    return text.empty() ? none : text;
}

void printConnections(const Session& session, const std::vector<json::Value>& connections)
{
    Table table({{"Broker"}, {"Method"}, {"Status"}, {"Scopes"}, {"Access until"}, {"Last error"},
                 {"Trades"}});
    for (const auto& one : connections) {
        std::string scopes;
        for (const auto& scope : one["scopes"].items())
            scopes += (scopes.empty() ? "" : " ") + cell(scope);
        for (const auto& scope : one["missingScopes"].items()) scopes += " (not " + cell(scope) + ')';
        table.add({cell(one["broker"]), cell(one["method"]), cell(one["status"]), scopes,
                   timeOr(one["expiresAt"], "no end"), cell(one["lastError"]),
                   cell(one["trades"])});
    }
    session.print(table.text());
}

void printAvailable(const Session& session, const drills::Answer& answer)
{
    Table table({{"Broker"}, {"Name"}, {"Method"}, {"Configured"}, {"Missing settings"}});
    for (const auto& one : answer["brokers"].items()) {
        std::string missing;
        for (const auto& key : one["missingKeys"].items())
            missing += (missing.empty() ? "" : " ") + cell(key);
        table.add({cell(one["broker"]), cell(one["name"]), cell(one["method"]),
                   cell(one["configured"]), missing});
    }
    session.print(table.text());
}

int listConnections(Session& session, bool isAvailable)
{
    const auto answer =
        session.require("GET", isAvailable ? "/v1/connections/available" : "/v1/connections");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    if (isAvailable) return printAvailable(session, answer), kDone;
    if (answer["connections"].size() == 0)
        session.print("no broker is connected; quarterdeckctl connection list --available shows "
                      "which can be");
    else
        printConnections(session, answer["connections"].items());
    return kDone;
}

int showStatus(Session& session, const std::string& broker)
{
    const auto answer = session.require("GET", "/v1/connections");
    std::vector<json::Value> found;
    for (const auto& one : answer["connections"].items())
        if (cell(one["broker"]) == broker) found.push_back(one);
    if (found.empty()) {
        session.complain(broker + " is not connected; quarterdeckctl connection add " + broker);
        return kRefused;
    }
    for (const auto& one : found) {
        if (session.wantsJson()) {
            session.printJson(one.dump());
            continue;
        }
        printConnections(session, {one});
        if (!one["reauthorise"].isAbsent())
            session.print("it cannot be renewed: quarterdeckctl connection add " + broker);
    }
    return kDone;
}

int removeConnection(Session& session, const std::string& broker)
{
    const auto answer = session.require("DELETE", connectionPath(broker));
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print(broker + " is not used any more; " +
                  (answer["manageUrl"].isAbsent()
                       ? "its access is being revoked at the broker (quarterdeckctl connection "
                         "status " + broker + ")"
                       : "remove the access at " + cell(answer["manageUrl"])));
    return kDone;
}

// ── add: out to the broker's page and back ───────────────────────────────────────────────────────

volatile std::sig_atomic_t g_isInterrupted = 0;

/// Ctrl+C while we wait ends the waiting, not the program.
class Interruptible {
public:
    Interruptible() : m_before(std::signal(SIGINT, [](int) { g_isInterrupted = 1; })) {}
    ~Interruptible() { std::signal(SIGINT, m_before); }
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
    static bool isInterrupted() { return g_isInterrupted != 0; }

private:
    void (*m_before)(int);
};

/// Where the broker sends the browser back to; empty if consent is not configured, which `begin`
/// explains better.
std::string redirectUriOf(Session& session, const std::string& broker)
{
    const auto answer = session.require("GET", "/v1/connections/available");
    for (const auto& one : answer["brokers"].items())
        if (cell(one["broker"]) == broker && cell(one["method"]) == "oauth")
            return cell(one["redirectUri"]);
    return {};
}

drills::Answer beginConsent(Session& session, const std::string& broker, std::uint16_t port)
{
    json::Writer out;
    out.beginObject().member("method", "oauth");
    if (port != 0) out.member("redirectPort", static_cast<std::int64_t>(port));
    return session.require("POST", connectionPath(broker, "/begin"), out.endObject().take());
}

void showWay(const Session& session, const WantedConnection& wanted, const drills::Answer& begun)
{
    const auto url = begun.text("authorizeUrl");
    if (session.wantsJson())
        session.printJson(begun.body);
    else
        session.print("open this address in a browser and consent there:\n\n  " + url + "\n");
    if (!wanted.noBrowser) openInBrowser(url);
}

/// What the browser brought, or nothing: cancelled, or nobody came.
std::optional<std::string> awaitBrowser(const Session& session, const Loopback& loopback,
                                        int minutes)
{
    const Interruptible waiting;
    const auto& clock = runtime::systemClock();
    const Duration end = clock.steady() + std::chrono::minutes(minutes);
    while (!loopback.arrived() && !Interruptible::isInterrupted() && clock.steady() < end) {
        const auto slice = std::min<Duration>(kProgressEvery, end - clock.steady());
        const bool isOver = drills::waitUntil(
            std::chrono::duration_cast<std::chrono::milliseconds>(slice),
            [&] { return loopback.arrived() || Interruptible::isInterrupted(); });
        if (!isOver && !session.wantsJson())
            session.print(fmt::format(
                "waiting for the browser, {} s left; Ctrl+C cancels",
                std::chrono::duration_cast<std::chrono::seconds>(end - clock.steady()).count()));
    }
    if (auto arrived = loopback.arrived()) return arrived;
    session.complain(Interruptible::isInterrupted()
                         ? "cancelled: nothing was connected, and what was begun ends by itself"
                         : "no browser came back: nothing was connected; where the broker shows an "
                           "error page, check oauth.*.client_id and redirect_uri");
    return std::nullopt;
}

/// For an address of return on another machine: the person brings what the browser was given.
std::optional<std::string> askForAddress(const Session& session)
{
    if (!session.wantsJson())
        session.print("then paste the address that the browser ends at, and press Enter:");
    std::string line;
    std::getline(std::cin, line);
    if (!line.empty() && line.size() <= kPastedMax) return line;
    session.complain("no address was given: nothing was connected");
    return std::nullopt;
}

/// As long as the broker does not answer, the same answer of the browser may be used again.
int finishConsent(Session& session, const std::string& broker, const std::string& redirect)
{
    json::Writer out;
    out.beginObject().member("redirect", redirect);
    const auto body = out.endObject().take();
    for (int tries = 1;; ++tries) {
        auto answer = session.api().call("POST", connectionPath(broker, "/finish"), body,
                                         {.headers = {}, .timeout = kExchangeWithin});
        if (!answer) {
            session.complain("the backend did not answer: " + answer.error().detail);
            return kUnreachable;
        }
        if (answer->isOk()) {
            if (session.wantsJson()) return session.printJson(answer->body), kDone;
            session.print("connected");
            printConnections(session, {answer->root()});
            return kDone;
        }
        const bool again = (*answer)["retry"].booleanOr(false) && tries < kFinishTries;
        if (!again && session.wantsJson()) session.printJson(answer->body);
        session.explain(*answer);
        if (!again) return kRefused;
        session.complain("trying again, without new consent");
    }
}

int addConnection(Session& session, const WantedConnection& wanted)
{
    const auto address = ReturnAddress::parse(redirectUriOf(session, wanted.broker));
    std::unique_ptr<Loopback> loopback;
    if (address) {
        auto listening = Loopback::listen(*address);
        if (!listening) {
            session.complain("nothing can listen for the browser: " + listening.error().detail);
            return kRefused;
        }
        loopback = std::move(*listening);
    }
    const bool isPortOpen = address && address->port == 0;
    const auto begun =
        beginConsent(session, wanted.broker, isPortOpen ? loopback->port() : std::uint16_t{0});
    showWay(session, wanted, begun);
    const auto redirect = loopback ? awaitBrowser(session, *loopback, wanted.minutes)
                                   : askForAddress(session);
    if (!redirect) return kRefused;
    return finishConsent(session, wanted.broker, *redirect);
}

} // namespace

void addConnectionCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* connection =
        app.add_subcommand("connection", "Connections to brokers by consent in a browser");
    connection->require_subcommand(1);
    const auto isAvailable = std::make_shared<bool>(false);
    auto* list = connection->add_subcommand("list", "Your connections");
    list->add_flag("--available", *isAvailable,
                   "Which brokers can be connected, and what is missing for it");
    list->callback([&, isAvailable] {
        chosen = [&session, isAvailable] { return listConnections(session, *isAvailable); };
    });
    const auto wanted = std::make_shared<WantedConnection>();
    auto* add = connection->add_subcommand("add", "Connect a broker, or connect it again");
    add->add_option("broker", wanted->broker, "alpaca, tradier, schwab")->required();
    add->add_flag("--no-browser", wanted->noBrowser, "Print the address only");
    add->add_option("--wait", wanted->minutes, "Minutes to wait for the browser")
        ->check(CLI::Range(1, 30))
        ->capture_default_str();
    add->callback(
        [&, wanted] { chosen = [&session, wanted] { return addConnection(session, *wanted); }; });
    auto* status = connection->add_subcommand("status", "One connection");
    status->add_option("broker", wanted->broker, "Which")->required();
    status->callback([&, wanted] {
        chosen = [&session, wanted] { return showStatus(session, wanted->broker); };
    });
    auto* remove = connection->add_subcommand("remove", "Use it no more, and revoke its access");
    remove->add_option("broker", wanted->broker, "Which")->required();
    remove->callback([&, wanted] {
        chosen = [&session, wanted] { return removeConnection(session, wanted->broker); };
    });
}

} // namespace qd::ctl
