// The broker's key, token or session: missing, revoked, taken, given back.
#include "services/drills/cases/cases.h"
#include "services/storage/atomic_file.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

/// Without credentials the backend does not even start, so nothing can be sent without them.
void requireNoStartWithout(Stage& stage, Evidence& evidence, std::string_view fileSetting,
                           const std::string& named)
{
    auto arguments = stage.backendArguments({fileSetting, "data-dir"});
    arguments.push_back("--data-dir=" + stage.folder() + "/keyless");
    const auto child = stage.run("keyless", stage.programs().backend, arguments);
    const auto exit = child->waitFor(10s);
    require(exit && exit->code == 78, "expected exit code 78 without {}, was {}", named,
            exit ? exit->code : -1);
    require(child->errors().find(named) != std::string::npos, "the complaint does not name {}: {}",
            named, child->errors());
    evidence.note("{} missing: exit code 78, named with how to set it", named);
}

/// An order that the backend must not send: 401 and `code`, with a way back that names `way`. Its id.
std::string requireNotSent(Stage& stage, Evidence& evidence, const std::string& code,
                           const std::string& way)
{
    const auto id = Stage::newId();
    const auto answer = stage.submit({.symbol = "UNH", .id = id});
    require(answer.status == 401 && answer.text("code") == code, "expected 401 {}, was {} {}", code,
            answer.status, answer.body);
    const auto told = answer.text("reauthorizeBy");
    require(told.find(way) != std::string::npos, "the way back is not told: {}", answer.body);
    evidence.note("401 {}; the way back: {}", code, told);
    return id;
}

/// Orders go again: one is filled, and those of before have never been at the venue.
void requireTrading(Stage& stage, Evidence& evidence, const std::vector<std::string>& before)
{
    stage.awaitSettled(60s);
    stage.awaitLiveQuote("UNH"); // the feed was refused as well
    const auto later = stage.place({.symbol = "UNH"});
    stage.awaitState(later, "filled", 40s);
    stage.clearFaults(); // the drill's own questions use the first key
    for (const auto& id : before)
        require(stage.venueOrderCount(id) == 0, "an order reached the venue without credentials");
    require(stage.venueOrderCount(later) == 1, "the venue has the order of afterwards {} times",
            stage.venueOrderCount(later));
    evidence.note("let in again: an order is filled; none of the {} of before was sent", before.size());
}

std::string firstKey(Stage& stage)
{
    const auto credentials = json::Document::parse(slurp(stage.credentialsFile()));
    require(credentials.has_value(), "the sandbox wrote no credentials");
    return std::string((*credentials)["keyId"].stringOr({}));
}

/// What the answer says: another key in the credentials file, and a new start. The old key is dead.
void followTheWayBack(Stage& stage, const std::string& fileOption)
{
    const std::string key = R"({"keyId":"PKNEWKEY","secretKey":")" + Stage::newId() +
                            R"(","oauthToken":")" + Stage::newId() + "\"}";
    stage.admin("POST", "/keys", key);
    const auto file = stage.folder() + "/new-key.json";
    require(storage::replaceFile(file, key).has_value(), "{} cannot be written", file);
    stage.stopBackend();
    stage.addBackendOption(fileOption + "=" + file);
    stage.startBackend();
}

/// Of a broker with keys: none at start, and one that is revoked while trading.
void keyGone(Stage& stage, Evidence& evidence, const std::string& keySetting)
{
    const auto& broker = stage.options().broker;
    const auto fileOption = broker + "-credentials-file";
    requireNoStartWithout(stage, evidence, fileOption, keySetting);
    stage.fault(R"({"kind":"revoke_key","keyId":")" + firstKey(stage) + "\"}");
    // At once: whatever the answer, the order must not trade.
    const auto first = Stage::newId();
    stage.submit({.symbol = "UNH", .id = first});
    stage.await("the broker's part says that it is refused", 60s, [&] {
        return stage.componentStatus("broker." + broker) == "down" &&
               stage.component("broker." + broker, "detail").find(broker == "alpaca" ? "key" : "token") !=
                   std::string::npos;
    });
    evidence.note("revoked at {}: the broker's part of the health report is down", broker);
    const auto second = requireNotSent(stage, evidence, "orders.broker_not_authenticated",
                                       broker + ".credentials_file");
    followTheWayBack(stage, fileOption);
    requireTrading(stage, evidence, {first, second});
}

std::string sessionWord(Stage& stage)
{
    return stage.get("/v1/broker/session").text("session");
}

/// IBKR has no key: its user is signed in, or is not, and another of his programs may have the session.
void sessionGone(Stage& stage, Evidence& evidence)
{
    stage.startSandbox();
    stage.admin("POST", "/ibkr/session", R"({"action":"logout"})");
    stage.startBackend();
    stage.await("the session is told as closed", 30s, [&] { return sessionWord(stage) == "closed"; });
    stage.await("the broker's part says who has to sign in", 30s, [&] {
        return stage.component("broker.ibkr", "detail").find("sign in") != std::string::npos;
    });
    std::vector<std::string> unsent{
        requireNotSent(stage, evidence, "orders.broker_not_authenticated", "sign in at IBKR's gateway")};
    stage.admin("POST", "/ibkr/session", R"({"action":"login"})");
    requireTrading(stage, evidence, unsent);
    stage.admin("POST", "/ibkr/session", R"({"action":"compete"})");
    stage.await("the session is told as taken", 30s, [&] { return sessionWord(stage) == "taken"; });
    unsent.push_back(requireNotSent(stage, evidence, "orders.broker_session_taken", "take-over"));
    const auto taken = stage.call("POST", "/v1/broker/session/take-over");
    require(taken.status == 200 && taken.text("session") == "own", "not taken over: {} {}",
            taken.status, taken.body);
    const auto events = stage.get("/v1/events?limit=100").body;
    for (const char* kind : {"broker.take_over_asked", "broker.session_taken_over"})
        require(events.find(kind) != std::string::npos, "the log does not tell {}", kind);
    evidence.note("taken over, and told in the log with who asked for it");
    requireTrading(stage, evidence, unsent);
}

void credentialsGone(Stage& stage, Evidence& evidence)
{
    keyGone(stage, evidence, "alpaca.key_id");
    stage.stopBackend();
    Stage tradier({.broker = "tradier"}, stage.programs(), stage.folder() + "/tradier");
    tradier.setLimit(stage.left());
    tradier.startAll();
    keyGone(tradier, evidence, "tradier.token");
    tradier.stopBackend();
    Stage ibkr({.broker = "ibkr"}, stage.programs(), stage.folder() + "/ibkr");
    ibkr.setLimit(stage.left());
    sessionGone(ibkr, evidence);
}

} // namespace

std::vector<Drill> credentialDrills()
{
    return {
        {"PE-3.1",
         "the broker's key (Alpaca), token (Tradier) or session (IBKR) is missing at start, and revoked or "
         "taken while trading",
         "the order is not sent; 401 with the way back, and that way works",
         {.isPrivate = true}, 280s, credentialsGone},
    };
}

} // namespace qd::drills
