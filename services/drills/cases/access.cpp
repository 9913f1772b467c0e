// A connection to a broker lasts: its access is renewed, refused, and ended.
#include <algorithm>

#include "services/drills/cases/cases.h"
#include "services/drills/cases/consent_desk.h"
#include "services/drills/stream_listener.h"
#include "services/storage/database.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

const std::string kOften = "oauth-look-every=200ms"; ///< looks for access that ends soon

// ── PE-2.8 ───────────────────────────────────────────────────────────────────────────────────────

constexpr int kRevokeErrors = 3;

/// Times at which a revocation failed, as far as they were seen; asked for often.
class FailureTimes {
public:
    explicit FailureTimes(ConsentDesk& desk) : m_desk(desk) {}
    void look()
    {
        const auto at = Timestamp::parse(m_desk.connection("lastErrorAt"));
        if (at && (m_times.empty() || m_times.back() != *at)) m_times.push_back(*at);
    }
    void requireGrowingWaits(Evidence& evidence) const
    {
        require(m_times.size() == kRevokeErrors, "{} of {} failures were seen", m_times.size(),
                kRevokeErrors);
        using std::chrono::milliseconds;
        const auto first = std::chrono::duration_cast<milliseconds>(m_times[1] - m_times[0]);
        const auto second = std::chrono::duration_cast<milliseconds>(m_times[2] - m_times[1]);
        require(first >= 4s && second * 2 >= first * 3, "the waits do not grow: {} ms, then {} ms",
                first.count(), second.count());
        evidence.note("tried again after {} ms, then after {} ms", first.count(), second.count());
    }

private:
    ConsentDesk& m_desk;
    std::vector<Timestamp> m_times;
};

void revocationFails(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage, {.sandbox = {}, .backend = {kOften}});
    desk.connect();
    desk.fillOne();
    desk.faults(fmt::format(R"({{"revokeErrors":{}}})", kRevokeErrors));
    const auto ended = desk.disconnect();
    require(ended.status == 202 &&
                ended["connection"]["status"].stringOr({}) == "revocation_pending",
            "expected 202 revocation_pending, was {} {}", ended.status, ended.body);
    const auto refused = desk.requireRefused("just disconnected");
    stage.await("the stream of the ended connection is closed", 3s, [&] {
        return !stage.get("/v1/trading")["brokerConnected"].booleanOr(true);
    });
    require(desk.count("live") == 1, "the broker says that the grant is dead already");
    evidence.note("disconnected: 202; orders refused and the stream closed at once, while the grant "
                  "still lives at the broker");
    stage.await("the first try has failed", 10s, [&] {
        require(desk.status() == "revocation_pending",
                "the broker has confirmed nothing, and the connection is {}", desk.status());
        return desk.connection("lastError") == "oauth.not_revoked";
    });
    FailureTimes failures(desk);
    failures.look();
    require(stage.componentStatus("connections") == "degraded", "health says {}",
            stage.componentStatus("connections"));
    stage.restartBackend(); // as kill -9
    require(desk.status() == "revocation_pending", "after kill -9 the connection is {}",
            desk.status());
    desk.requireRefused("after a new start");
    evidence.note("the broker answers 503: still revocation_pending, also after kill -9; health: {}",
                  stage.component("connections", "detail"));
    stage.await("the broker has confirmed", 80s, [&] {
        failures.look();
        return desk.status() == "none";
    });
    failures.requireGrowingWaits(evidence);
    require(desk.count("live") == 0 && desk.count("revoked") == 1, "the grant lives on");
    require(desk.events("oauth.revoked").size() == 1, "the log does not tell of it");
    require(desk.secrets("oauth/").empty(), "tokens are left in the vault");
    require(stage.venueOrderCount(refused) == 0, "a refused order is at the venue");
    evidence.note("the broker confirmed at the {}th try; only then deleted", kRevokeErrors + 1);
}

// ── PE-2.9 ───────────────────────────────────────────────────────────────────────────────────────

std::int64_t rowCount(Stage& stage, const std::string& table)
{
    auto database = storage::Database::openReadOnly(stage.databaseFile());
    require(database.has_value(), "the database cannot be read");
    auto statement = database->prepare("SELECT count(*) FROM " + table);
    require(statement.has_value(), "there is no table {}", table);
    const auto row = statement->step();
    require(row && *row, "{} cannot be counted", table);
    return statement->integer(0);
}

void alterDatabase(Stage& stage, const std::string& sql)
{
    auto database = storage::Database::open(stage.databaseFile());
    require(database.has_value(), "the database cannot be opened for the fault");
    const auto done = database->execute("PRAGMA foreign_keys=OFF; " + sql);
    require(done.has_value(), "the fault cannot be made: {}", whyNot(done));
}

void rowsLeftBehind(Stage& stage, Evidence& evidence)
{
    const std::string series = "quarterdeck_oauth_orphans";
    ConsentDesk desk(stage, {.sandbox = {}, .backend = {kOften}});
    for (int round = 0; round < 2; ++round) {
        desk.connect();
        require(rowCount(stage, "oauth_links") > 0 && !desk.secrets("oauth/link/").empty(),
                "there is no connection to end");
        desk.disconnect();
        stage.await("the broker has confirmed", 30s, [&] { return desk.status() == "none"; });
    }
    for (const char* rows : {"oauth_links", "oauth_leases", "oauth_flows WHERE link IS NOT NULL",
                             "vault_secrets WHERE id LIKE 'oauth/%'"})
        require(rowCount(stage, rows) == 0, "{} rows are left behind in {}", rowCount(stage, rows),
                rows);
    stage.await("the job counts none", 10s, [&] { return desk.metric(series) == "0"; });
    evidence.note("connected and disconnected twice: no links, leases, flows of links or secrets are "
                  "left; the job counts 0 orphans");
    alterDatabase(stage, "INSERT INTO oauth_leases(link, holder, until, generation) "
                  "VALUES('nobody', 'drill', 0, 1)");
    stage.await("the job finds a row without a connection", 10s, [&] {
        return desk.metric(series) == "1" && stage.componentStatus("connections") == "degraded";
    });
    evidence.note("a row planted behind its back: found; health: {}",
                  stage.component("connections", "detail"));
    alterDatabase(stage, "DELETE FROM oauth_leases");
    stage.await("it is gone", 10s, [&] { return desk.metric(series) == "0"; });
}

// ── PE-9.2 ───────────────────────────────────────────────────────────────────────────────────────

void requireNoStart(Stage& stage, std::initializer_list<std::string> options, const char* word)
{
    auto arguments = stage.backendArguments({"data-dir"});
    arguments.push_back("--data-dir=" + stage.folder() + "/refused");
    arguments.insert(arguments.end(), options);
    const auto child = stage.run("refused", stage.programs().backend, arguments);
    const auto exit = child->waitFor(15s);
    require(exit && exit->code == 78 && child->errors().find(word) != std::string::npos,
            "expected exit code 78 and \"{}\", was {} {}", word, exit ? exit->code : -1,
            child->errors());
}

void silentFallback(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage);
    for (const char* body : {"{}", R"({"method":"session"})", R"({"method":"key"})",
                             R"({"method":"anything"})"}) {
        const auto answer = desk.tryToBegin("alpaca", body);
        require(answer.status == 422 && answer.text("authorizeUrl").empty(),
                "{}: expected 422, was {} {}", body, answer.status, answer.body);
    }
    const auto session = desk.tryToBegin("alpaca", R"({"method":"session"})");
    require(session.text("detail").find("its methods: oauth, key") != std::string::npos,
            "the methods are not told: {}", session.body);
    evidence.note("without a method, or by another than the broker has: 422; {}",
                  session.text("detail"));
    requireNoStart(stage, {"--alpaca-credentials-file=" + stage.credentialsFile()},
                   "alpaca.credentials_file");
    for (const char* key : {"--tradier-token=0123456789abcdefghij",
                            "--tradier-credentials-file=/nowhere/tradier.json"})
        requireNoStart(stage,
                       {"--broker-name=tradier", "--tradier-url=https://sandbox.tradier.com/v1",
                        "--tradier-stream-url=wss://sandbox-ws.tradier.com/v1",
                        "--tradier-account=VA12345678", "--oauth-tradier-client-id=desk",
                        "--oauth-tradier-client-secret=belongs-to-the-desk",
                        "--oauth-tradier-redirect-uri=http://127.0.0.1/callback", key},
                       key[10] == 't' ? "tradier.token: is a key"
                                      : "tradier.credentials_file: is a key");
    requireNoStart(stage, {"--broker-method=session"}, "broker.method");
    evidence.note("a key of Alpaca or Tradier beside broker.method=oauth, or a method that the broker "
                  "has not: no start");
    // The key of this account would open the venue; nobody must reach for it.
    const auto refused = desk.requireRefused("nobody is connected");
    require(!stage.get("/v1/trading")["brokerConnected"].booleanOr(true),
            "the stream is up without a connection");
    desk.connect();
    require(desk.connection("method") == "oauth", "the connection says the method \"{}\"",
            desk.connection("method"));
    desk.fillOne();
    desk.disconnect();
    const auto after = desk.requireRefused("disconnected");
    require(stage.venueOrderCount(refused) + stage.venueOrderCount(after) == 0,
            "an order found another way");
    evidence.note("no orders before consent and after its end; in between by oauth, as each answer "
                  "says");
}

// ── PE-9.3 ───────────────────────────────────────────────────────────────────────────────────────

/// Alerts on a terminal's stream that ask to connect a broker again.
std::ptrdiff_t callsToConnect(const StreamListener& ear)
{
    return std::ranges::count_if(ear.messages(), [](const std::string& text) {
        const auto message = json::Document::parse(text);
        return message && (*message)["kind"].stringOr({}) == "security.alert" &&
               (*message)["notice"]["title"].stringOr({}) == "A broker must be connected again";
    });
}

void refreshFails(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage, {.sandbox = {"oauth-access-lifetime=40s"}, .backend = {kOften}});
    desk.connect();
    const auto ear = stage.listen();
    desk.faults(R"({"rateLimited":3})");
    const auto before = desk.count("tokenRequests");
    stage.await("the renewal has failed", 45s, [&] { return desk.status() == "failing"; });
    require(desk.count("tokenRequests") - before == 3, "expected three tries, were {}",
            desk.count("tokenRequests") - before);
    require(desk.events("oauth.reauth_needed").empty() && callsToConnect(*ear) == 0,
            "told while the access still serves");
    desk.fillOne();
    evidence.note("429 to each of three tries with growing waits: failing; the old access still "
                  "serves, an order filled by it; nobody was told");
    desk.faults(R"({"tokenErrors":1000})");
    stage.await("the old access has ended, and orders are refused", 60s, [&] {
        pauseFor(500ms);
        return stage.submit({.symbol = "SPY"}).status == 401;
    });
    stage.await("the user is told, in the log and on the stream", 20s, [&] {
        return !desk.events("oauth.reauth_needed").empty() && callsToConnect(*ear) > 0;
    });
    // Another round of tries fails and is noted, in one transaction with what it would tell.
    const auto noted = desk.connection("lastErrorAt");
    stage.await("it is tried and fails once more", 100s, [&] {
        pauseFor(500ms);
        desk.requireRefused("without access");
        return desk.connection("lastErrorAt") != noted;
    });
    const auto told = desk.events("oauth.reauth_needed");
    const auto way = desk.connection("reauthorise");
    require(told.size() == 1 && told[0].find("/v1/connections/alpaca/begin") != std::string::npos,
            "told {} times: {}", told.size(), told.empty() ? "" : told[0]);
    require(!ear->isClosed() && callsToConnect(*ear) == 1, "the terminal was told {} times",
            callsToConnect(*ear));
    require(way == "/v1/connections/alpaca/begin", "the connection names \"{}\"", way);
    evidence.note("it has ended: orders refused, and while renewing went on failing the user was told "
                  "once, by an event and by an alert on the stream, with {}",
                  way);
    desk.server("DELETE", "/faults");
    const auto begun = stage.call("POST", way, R"({"method":"oauth"})");
    require(begun.status == 201, "the way that it names: {} {}", begun.status, begun.body);
    require(desk.finish(desk.browse(begun.text("authorizeUrl"))).status == 200,
            "connecting again fails");
    desk.awaitTrading();
    desk.fillOne();
    evidence.note("connected again there: orders go");
}

// ── PE-9.4 ───────────────────────────────────────────────────────────────────────────────────────

void verifierInUse(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage, {.sandbox = {"oauth-code-lifetime=10m"},
                             .backend = {kOften, "oauth-flow-lifetime=6s",
                                         "oauth-exchange-timeout=12s"}});
    const auto back = desk.browse(desk.begin());
    desk.faults(R"({"slowTokens":1,"slowMs":300000})");
    json::Writer out;
    out.beginObject().member("redirect", back).endObject();
    auto callback = stage.api().begin("POST", "/v1/connections/alpaca/finish", out.take(),
                                      {.headers = {}, .timeout = 60s});
    stage.await("the exchange is under way", 5s, [&] { return desk.count("tokenRequests") == 1; });
    const auto used = desk.secrets("oauth/flow/");
    require(used.size() == 1, "expected one verifier, were {}", used.size());
    desk.begin(); // nobody comes back from this one
    require(desk.secrets("oauth/flow/").size() == 2, "the second verifier is not there");
    stage.await("the verifier that nobody uses is swept away", 20s,
                [&] { return desk.secrets("oauth/flow/").size() == 1; });
    require(desk.secrets("oauth/flow/") == used, "the clean-up took the verifier in use");
    require(desk.count("tokenRequests") == 1, "the first try is over: nothing was in use");
    evidence.note("both consents are over; the clean-up took the verifier that nobody used, and not "
                  "that of the exchange under way");
    const auto answer = ApiClient::finish(callback.get());
    require(answer && answer->status == 200, "the exchange: {}",
            answer ? answer->body : whyNot(answer));
    require(desk.count("tokenRequests") == 2, "the second try was not made");
    evidence.note("its second try still had it: connected");
    stage.await("then it goes too", 20s, [&] { return desk.secrets("oauth/flow/").empty(); });
}

// ── TB-3.4 ───────────────────────────────────────────────────────────────────────────────────────

void loginExpires(Stage& stage, Evidence& evidence)
{
    constexpr int kRenewals = 3;
    // The order is to find out that the access has ended, not a comparison in the background.
    ConsentDesk desk(stage, {.sandbox = {"oauth-access-lifetime=16s"},
                             .backend = {kOften, "trading-reconcile-every=60s"}});
    desk.connect();
    int orders = 0;
    while (desk.count("refreshed") < kRenewals) {
        Ticket ticket{.symbol = "SPY", .id = Stage::newId()};
        const auto answer = stage.submit(ticket);
        require(answer.status == 202, "order {} while access is renewed: {} {}", orders,
                answer.status, answer.body);
        stage.awaitState(ticket.id, "filled");
        ++orders;
        pauseFor(300ms);
    }
    const auto refusals = desk.metric("quarterdeck_oauth_access_refused_total");
    require(refusals == "0", "the broker has refused access {} times: renewed too late", refusals);
    evidence.note("renewed {} times ahead of its end, {} orders meanwhile, none refused", kRenewals,
                  orders);
    stage.awaitSettled();
    desk.server("POST", "/end-access");
    const auto before = desk.count("refreshed");
    const auto id = stage.place({.symbol = "SPY"});
    stage.awaitState(id, "filled");
    require(desk.count("refreshed") - before == 1, "expected one renewal, were {}",
            desk.count("refreshed") - before);
    require(stage.venueOrderCount(id) == 1, "the venue has the order {} times",
            stage.venueOrderCount(id));
    evidence.note("ended in mid-session: 401, renewed once, the same order sent once more and filled; "
                  "the venue has it once");
    desk.awaitTrading();
    desk.server("POST", "/revoke-everything");
    const auto requests = desk.count("tokenRequests");
    const auto refused = Stage::newId();
    require(stage.submit({.symbol = "SPY", .id = refused}).status >= 400,
            "an order was taken right after the broker had revoked the access");
    stage.await("the user is told", 45s, [&] { return desk.status() == "reauth_needed"; });
    desk.requireRefused("revoked at the broker");
    require(desk.count("tokenRequests") - requests == 1, "asked {} times for access that is revoked",
            desk.count("tokenRequests") - requests);
    require(desk.events("oauth.reauth_needed").size() == 1, "told {} times",
            desk.events("oauth.reauth_needed").size());
    require(stage.venueOrderCount(refused) == 0, "a refused order is at the venue");
    evidence.note("revoked at the broker: one try to renew, then refused for good; told once");
}

} // namespace

std::vector<Drill> accessDrills()
{
    const StageOptions own{.empty = true};
    return {
        {"PE-2.8", "the broker answers 503 to three revocations; the backend is killed in between",
         "local use stops at once; revocation_pending and tried again with backoff until the broker "
         "confirms, then deleted",
         own, 150s, revocationFails},
        {"PE-2.9", "connections end; a row is planted that belongs to none",
         "nothing is left behind, and a job that would find it proves zero orphans", own, 120s,
         rowsLeftBehind},
        {"PE-9.2", "a connection is asked for by no method, or by another; a key lies ready",
         "the method is said in request and answer; none ever stands in for another", own, 120s,
         silentFallback},
        {"PE-9.3", "the broker refuses to renew access, then does not renew it until it has ended",
         "three tries with backoff, the old access while it lasts, then the user is told once, with "
         "where to connect again",
         own, 200s, refreshFails},
        {"PE-9.4", "the clean-up runs while a consent that is over is still being exchanged",
         "a verifier in use is never taken", own, 90s, verifierInUse},
        {"TB-3.4", "access ends in mid-session: by its lifetime, before its time, for good",
         "renewed ahead of time; a 401 means renewed once and tried once more", own, 200s,
         loginExpires},
    };
}

} // namespace qd::drills
