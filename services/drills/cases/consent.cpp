// A user connects a broker: out to the broker's page and back, and what may go wrong on the way.
#include <algorithm>
#include <set>

#include "services/drills/cases/cases.h"
#include "services/drills/cases/consent_desk.h"
#include "services/storage/database.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

constexpr int kBadSettings = 78; ///< EX_CONFIG

double inSeconds(Duration time)
{
    return millisOf(time) / 1000;
}

void requireCode(const Answer& answer, int status, const std::string& code)
{
    require(answer.status == status && answer.text("code") == code,
            "expected {} {}, was {} {}", status, code, answer.status, answer.body.substr(0, 500));
}

/// All of `words` stand in the text.
void requireWords(const std::string& text, std::initializer_list<std::string_view> words)
{
    for (const auto word : words)
        require(text.find(word) != std::string::npos, "\"{}\" is missing in: {}", word,
                text.substr(0, 500));
}

/// A start with further options that must be refused at once, naming all of `words`.
std::string refusedStart(Stage& stage, const std::vector<std::string>& options,
                         std::initializer_list<std::string_view> words)
{
    auto arguments = stage.backendArguments({"data-dir"});
    arguments.push_back("--data-dir=" + stage.folder() + "/refused");
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto child = stage.run("refused", stage.programs().backend, arguments);
    const auto exit = child->waitFor(15s);
    require(exit && exit->code == kBadSettings, "expected exit code 78, was {}",
            exit ? exit->code : -1);
    requireWords(child->errors(), words);
    return child->errors();
}

// ── PE-2.1 ───────────────────────────────────────────────────────────────────────────────────────

void verifierNotStored(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage);
    stage.armFault("oauth.store", R"({"kind":"fail","times":2})");
    const auto began = runtime::systemClock().steady();
    const auto begun = desk.tryToBegin();
    const auto took = runtime::systemClock().steady() - began;
    require(begun.status == 201, "two failures, then it can be stored: expected 201, was {} {}",
            begun.status, begun.body);
    require(desk.secrets("oauth/flow/").size() == 1,
            "the address is given out, and the vault has {} verifiers",
            desk.secrets("oauth/flow/").size());
    evidence.note("two failures: stored at the third try, the address given out after {:.1f} s",
                  inSeconds(took));
    const auto left = begun["expiresAt"].timestamp().value_or(Timestamp()) -
                      runtime::systemClock().now();
    require(left > 29min && left <= 30min, "the verifier is kept for {:.0f} s", inSeconds(left));
    const auto connected = desk.finish(desk.browse(begun.text("authorizeUrl")));
    require(connected.status == 200, "it leads to no connection: {}", connected.body);
    stage.await("the verifier is removed", 5s,
                [&] { return desk.secrets("oauth/flow/").empty(); });
    evidence.note("kept for {:.0f} s; used once, then gone", inSeconds(left));

    stage.armFault("oauth.store", R"({"kind":"fail","times":-1})");
    const auto refused = desk.tryToBegin();
    requireCode(refused, 503, "oauth.not_begun");
    requireWords(refused.text("detail"), {"cannot be stored"});
    require(refused.text("authorizeUrl").empty(), "an address was given out all the same");
    evidence.note("cannot be stored: {} {}", refused.text("code"), refused.text("detail"));
    stage.call("DELETE", "/v1/faults");
    desk.begin();
    evidence.note("the store is back: the next one begins");
}

// ── PE-2.2 ───────────────────────────────────────────────────────────────────────────────────────

std::int64_t sumOf(Stage& stage, std::string_view sql)
{
    auto database = storage::Database::openReadOnly(stage.databaseFile());
    require(database.has_value(), "the database cannot be read");
    auto statement = database->prepare(sql);
    require(statement.has_value(), "cannot ask: {}", whyNot(statement));
    const auto row = statement->step();
    require(row && *row, "no answer to {}", sql);
    return statement->integer(0);
}

void sharedStates(Stage& stage, Evidence& evidence)
{
    constexpr std::size_t kFlows = 12;
    constexpr std::size_t kLength = 43; ///< 256 bits in base64url
    ConsentDesk desk(stage);
    std::set<std::string> states;
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < kFlows; ++i) {
        urls.push_back(desk.begin());
        states.insert(queryField(urls.back(), "state"));
    }
    require(states.size() == kFlows, "{} flows have {} states", kFlows, states.size());
    const auto database = slurp(stage.databaseFile()) + slurp(stage.databaseFile() + "-wal");
    for (const auto& state : states) {
        require(state.size() == kLength, "a state has {} characters", state.size());
        require(database.find(state) == std::string::npos, "a state is readable in the database");
    }
    const auto count = static_cast<std::int64_t>(kFlows);
    require(sumOf(stage, "SELECT count(DISTINCT state_hash) FROM oauth_flows") == count &&
                sumOf(stage, "SELECT count(*) FROM oauth_flows WHERE owner='user:owner' AND "
                           "broker='alpaca' AND expires_at-created_at=1800000000000") == count,
            "the flows are not bound to account, broker and half an hour");
    evidence.note("{} flows: as many states of {} characters, their hashes alone in the database, "
                  "each bound to user:owner, alpaca and 30 minutes",
                  kFlows, kLength);
    const auto back = desk.browse(urls[0]);
    requireCode(desk.finish(back, "tradier"), 403, "oauth.state");
    requireCode(desk.finish(back), 409, "oauth.expired");
    require(desk.count("tokenRequests") == 0, "a state of another broker was exchanged");
    evidence.note("brought to another broker: refused, used up, nothing exchanged");
    const auto second = desk.browse(urls[1]);
    require(desk.finish(second).status == 200, "the second flow leads to no connection");
    const auto code = queryField(second, "code");
    auto forged = second;
    forged.replace(forged.find(code), code.size(), "another-code");
    requireCode(desk.finish(forged), 403, "oauth.state");
    require(desk.count("tokenRequests") == 1, "a used state was exchanged again");
    evidence.note("a used state with another code: refused, nothing exchanged");
}

// ── PE-2.3, PE-9.1 ───────────────────────────────────────────────────────────────────────────────

const char* const kSchwabKeys[] = {"oauth.schwab.client_id", "oauth.schwab.client_secret",
                                   "oauth.schwab.redirect_uri"};

void notConfigured(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage);
    const auto refused = desk.tryToBegin("schwab");
    requireCode(refused, 422, "oauth.not_configured");
    for (const char* key : kSchwabKeys) requireWords(refused.text("detail"), {key});
    requireWords(refused.text("detail"),
                 {"supported: alpaca, tradier, ibkr, schwab", "configured for consent: alpaca"});
    evidence.note("not configured: {}", refused.text("detail"));
    const auto listed = stage.get("/v1/connections/available");
    int brokers = 0;
    for (const auto& one : listed["brokers"].items()) {
        const auto broker = one["broker"].stringOr({});
        const bool isConsent = one["method"].stringOr({}) == "oauth";
        if (broker == "alpaca" && isConsent)
            require(one["configured"].booleanOr(false) && one["missingKeys"].size() == 0,
                    "alpaca is said to lack {}", one["missingKeys"].dump());
        if (broker == "schwab")
            require(one["missingKeys"].size() == 3, "schwab lacks {}", one["missingKeys"].dump());
        ++brokers;
    }
    require(brokers >= 6, "only {} ways in are listed", brokers);
    evidence.note("the list tells {} ways in, and the missing settings of each", brokers);
    const auto complaint =
        refusedStart(stage, {"--oauth-schwab-client-id=half"}, {kSchwabKeys[1], kSchwabKeys[2]});
    evidence.note("half configured: no start, both missing settings named at once");
    const auto unsafe = refusedStart(stage,
                                     {"--oauth-schwab-client-id=a", "--oauth-tradier-client-id=b",
                                      "--oauth-schwab-redirect-uri=http://localhost/back"},
                                     {"oauth.schwab.redirect_uri", "oauth.schwab.client_secret",
                                      "oauth.tradier.client_secret",
                                      "oauth.tradier.redirect_uri"});
    evidence.note("four mistakes in two brokers: told together in {} lines",
                  std::count(unsafe.begin(), unsafe.end(), '\n'));
}

void unknownBroker(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage);
    const auto refused = desk.tryToBegin("nobodys");
    requireCode(refused, 422, "oauth.broker_unknown");
    requireWords(refused.text("detail"),
                 {"supported: alpaca, tradier, ibkr, schwab", "configured for consent: alpaca"});
    evidence.note("unknown: {}", refused.text("detail"));
    require(desk.count("codes") == 0 && sumOf(stage, "SELECT count(*) FROM oauth_flows") == 0,
            "something was begun");
    const auto ctl = stage.run("ctl", stage.programs().ctl,
                               {"connection", "add", "nobodys", "--no-browser", "--data-dir",
                                stage.dataDirectory()});
    const auto exit = ctl->waitFor(20s);
    require(exit && exit->code == 1, "quarterdeckctl: expected exit code 1, was {}",
            exit ? exit->code : -1);
    requireWords(ctl->errors(), {"alpaca, tradier, ibkr, schwab"});
    std::set<std::string> listed;
    const auto available = stage.get("/v1/connections/available");
    for (const auto& one : available["brokers"].items())
        listed.emplace(one["broker"].stringOr({}));
    require(listed == std::set<std::string>{"alpaca", "ibkr", "schwab", "tradier"},
            "the list has {} brokers", listed.size());
    evidence.note("the command line says the same; the list names {} brokers", listed.size());
}

// ── PE-2.4 ───────────────────────────────────────────────────────────────────────────────────────

void exchangeHangs(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage, {.sandbox = {"oauth-code-lifetime=10m"}});
    const auto back = desk.browse(desk.begin());
    desk.faults(R"({"slowTokens":2,"slowMs":300000})");
    const auto before = runtime::systemClock().steady();
    const auto hung = desk.finish(back);
    const auto took = inSeconds(runtime::systemClock().steady() - before);
    requireCode(hung, 503, "oauth.exchange_failed");
    require(hung["retry"].booleanOr(false), "no way to try again is offered: {}", hung.body);
    require(took > 59 && took < 75, "expected twice 30 s, was {:.1f} s", took);
    require(desk.count("tokenRequests") == 2, "the broker was asked {} times",
            desk.count("tokenRequests"));
    evidence.note("hung: given up after {:.1f} s and 2 requests; {}, retry offered", took,
                  hung.text("code"));
    const auto again = desk.finish(back);
    require(again.status == 200, "the same answer again: expected 200, was {} {}", again.status,
            again.body);
    require(desk.count("codes") == 1, "the user was asked {} times", desk.count("codes"));
    desk.awaitTrading();
    desk.fillOne();
    evidence.note("tried again with the same answer of the browser: connected, an order filled; the "
                  "user was asked once");
}

// ── PE-2.5 ───────────────────────────────────────────────────────────────────────────────────────

void tokensNotStored(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage);
    const auto back = desk.browse(desk.begin());
    stage.armFault("oauth.store", R"({"kind":"fail","times":-1})");
    const auto failed = desk.finish(back);
    requireCode(failed, 503, "oauth.not_stored");
    require(!failed.text("restart").empty(), "no way to begin again is offered");
    require(desk.count("exchanged") == 1, "the code was not exchanged");
    require(desk.count("live") == 0, "the grant lives on at the broker, and nobody has its tokens");
    require(desk.status() == "none" && desk.secrets("oauth/link/").empty(),
            "something is left of it: {}", desk.status());
    require(desk.events("oauth.given_back").size() == 1, "the log does not tell of it");
    evidence.note("exchanged, cannot be stored: {}; revoked at the broker, nothing is left",
                  failed.text("detail"));
    stage.call("DELETE", "/v1/faults");
    const auto good = desk.browse(desk.begin());
    const std::string body = R"({"redirect":")" + good + "\"}";
    std::vector<std::future<Result<wire::HttpResponse>>> callbacks;
    for (int i = 0; i < 4; ++i)
        callbacks.push_back(stage.api().begin("POST", "/v1/connections/alpaca/finish", body));
    for (auto& callback : callbacks) {
        const auto answer = ApiClient::finish(callback.get());
        require(answer && answer->status == 200, "a callback of four at once: {}",
                answer ? answer->body : whyNot(answer));
    }
    const auto late = desk.finish(good);
    require(late.status == 200 && late.text("connectedAt") == desk.connection("connectedAt"),
            "the same callback later: {} {}", late.status, late.body);
    require(desk.count("exchanged") == 2 && desk.count("live") == 1 && desk.count("replays") == 0,
            "five callbacks made {} exchanges", desk.count("exchanged") - 1);
    require(desk.secrets("oauth/link/").size() == 1, "the vault has {} sets of tokens",
            desk.secrets("oauth/link/").size());
    desk.awaitTrading();
    desk.fillOne();
    evidence.note("the same callback five times, four at once: one exchange, one connection, an "
                  "order filled by it");
}

// ── PE-2.6 ───────────────────────────────────────────────────────────────────────────────────────

void verifierGone(Stage& stage, Evidence& evidence)
{
    ConsentDesk desk(stage);
    const auto survivor = desk.browse(desk.begin());
    stage.restartBackend(); // as kill -9
    const auto connected = desk.finish(survivor);
    require(connected.status == 200, "after kill -9 and a new start: {} {}", connected.status,
            connected.body);
    evidence.note("kill -9 while the browser was out: the answer still connects");
    const auto late = desk.browse(desk.begin());
    const auto exchanged = desk.count("exchanged");
    stage.stopBackend();
    const auto later = runtime::systemClock().now() + 31min;
    stage.addBackendOption("drill-clock=" + later.toString(0));
    stage.startBackend();
    stage.await("the verifier is swept away", 60s,
                [&] { return desk.secrets("oauth/flow/").empty(); });
    const auto expired = desk.finish(late);
    requireCode(expired, 409, "oauth.expired");
    requireWords(expired.text("detail"), {"start again"});
    require(expired.text("restart") == "/v1/connections/alpaca/begin",
            "the way to begin again is \"{}\"", expired.text("restart"));
    require(desk.count("exchanged") == exchanged, "it was exchanged all the same");
    evidence.note("31 minutes later: {} {}; nothing exchanged", expired.text("code"),
                  expired.text("detail"));
    const auto again = stage.call("POST", expired.text("restart"), R"({"method":"oauth"})");
    require(again.status == 201, "one call to begin again: {} {}", again.status, again.body);
    const auto good = desk.finish(desk.browse(again.text("authorizeUrl")));
    require(good.status == 200, "begun again: {} {}", good.status, good.body);
    evidence.note("one call to the address that it names, and it is connected");
}

// ── PE-2.7 ───────────────────────────────────────────────────────────────────────────────────────

void wrongState(Stage& stage, Evidence& evidence)
{
    constexpr int kFurther = 14;
    ConsentDesk desk(stage);
    desk.faults(R"({"wrongState":1})");
    const auto back = desk.browse(desk.begin());
    requireCode(desk.finish(back), 403, "oauth.state");
    require(desk.count("tokenRequests") == 0, "it was exchanged");
    auto audited = desk.events("oauth.refused");
    require(audited.size() == 1, "the log has {} records of it", audited.size());
    requireWords(audited[0], {"oauth.state", "127.0.0.0/24"});
    evidence.note("another state than was sent: refused, nothing exchanged; in the log: {}",
                  audited[0]);
    int limited = 0;
    for (int i = 0; i < kFurther; ++i) {
        const auto answer = desk.finish("?code=guess&state=" + Stage::newId());
        limited += answer.text("code") == "oauth.rate_limited" ? 1 : 0;
        require(answer.status == 403, "a guess was answered {} {}", answer.status, answer.body);
    }
    audited = desk.events("oauth.refused");
    require(limited >= 3 && audited.size() <= 12, "{} of {} guesses limited, {} audited", limited,
            kFurther, audited.size());
    const auto unaudited = desk.metric("quarterdeck_oauth_unaudited_total");
    require(!unaudited.empty() && unaudited != "0", "what is not audited is not counted: \"{}\"",
            unaudited);
    require(desk.count("tokenRequests") == 0, "a guess was exchanged");
    evidence.note("{} guesses more from that address: {} limited, {} audited, {} counted only",
                  kFurther, limited, audited.size() - 1, unaudited);
    const auto good = desk.browse(desk.begin());
    stage.await("the address is let in again", 60s,
                [&] { return desk.finish(good).status == 200; });
    evidence.note("a while later the right answer from there connects");
}

} // namespace

std::vector<Drill> consentDrills()
{
    const StageOptions own{.empty = true};
    return {
        {"PE-2.1", "the vault fails twice, then for good, while a consent begins",
         "the verifier is stored, with retries, before the address is given out; if it cannot be "
         "stored nothing begins, and it says why",
         own, 60s, verifierNotStored},
        {"PE-2.2", "many consents at once; a state comes to another broker, and a second time",
         "256 random bits each, unique, single use, bound to account, broker and time", own, 60s,
         sharedStates},
        {"PE-2.3", "a broker is asked for that is known and not configured",
         "the error lists supported and configured brokers and the missing settings; so does a list",
         own, 60s, notConfigured},
        {"PE-2.4", "the broker does not answer the exchange of a code",
         "30 s, once more, then an error that may be tried again without new consent", own, 170s,
         exchangeHangs},
        {"PE-2.5", "tokens cannot be stored after a successful exchange; a callback comes five times",
         "the grant is revoked at the broker; the same callback is the same connection", own, 90s,
         tokensNotStored},
        {"PE-2.6", "the backend is killed while the browser is out; the browser comes after 31 minutes",
         "verifiers survive a restart; what is over says so and names where to begin again", own,
         150s, verifierGone},
        {"PE-2.7", "the browser brings another state; an address guesses",
         "nothing is exchanged; each failure is audited with its address and limited", own, 120s,
         wrongState},
        {"PE-9.1", "a broker is asked for that nobody supports",
         "the error lists the supported ones; so does a list", own, 60s, unknownBroker},
    };
}

} // namespace qd::drills
