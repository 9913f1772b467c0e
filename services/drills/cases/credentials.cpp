// The broker's key: missing, revoked, given back.
#include "services/drills/cases/cases.h"
#include "services/storage/atomic_file.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

/// Without a key the backend does not even start, so nothing can be sent without one.
void requireNoStartWithoutKey(Stage& stage, Evidence& evidence)
{
    auto arguments = stage.backendArguments({"alpaca-credentials-file", "data-dir"});
    arguments.push_back("--data-dir=" + stage.folder() + "/keyless");
    const auto child = stage.run("keyless", stage.programs().backend, arguments);
    const auto exit = child->waitFor(10s);
    require(exit && exit->code == 78, "expected exit code 78 without a key, was {}",
            exit ? exit->code : -1);
    require(child->errors().find("alpaca.key_id") != std::string::npos,
            "the complaint does not name alpaca.key_id: {}", child->errors());
    evidence.note("missing: exit code 78, alpaca.key_id named with how to set it");
}

/// What the answer says: another key in the credentials file, and a new start. The old key is dead.
void followTheWayBack(Stage& stage)
{
    const std::string key = R"({"keyId":"PKNEWKEY","secretKey":")" + Stage::newId() + "\"}";
    stage.admin("POST", "/keys", key);
    const auto file = stage.folder() + "/new-key.json";
    require(storage::replaceFile(file, key).has_value(), "{} cannot be written", file);
    stage.stopBackend();
    stage.addBackendOption("alpaca-credentials-file=" + file);
    stage.startBackend();
    stage.awaitSettled(60s);
}

void keyGone(Stage& stage, Evidence& evidence)
{
    requireNoStartWithoutKey(stage, evidence);
    const auto credentials = json::Document::parse(slurp(stage.credentialsFile()));
    const std::string keyId((*credentials)["keyId"].stringOr({}));
    stage.fault(R"({"kind":"revoke_key","keyId":")" + keyId + "\"}");
    // At once: whatever the answer, the order must not trade.
    const auto first = Stage::newId();
    stage.submit({.symbol = "UNH", .id = first});
    stage.await("the broker's part says that the key is refused", 30s, [&] {
        return stage.componentStatus("broker.alpaca") == "down" &&
               stage.component("broker.alpaca", "detail").find("key") != std::string::npos;
    });
    const auto id = Stage::newId();
    const auto answer = stage.submit({.symbol = "UNH", .id = id});
    require(answer.status == 401, "expected 401 with a revoked key, was {} {}", answer.status,
            answer.body);
    const auto way = answer.text("reauthorizeBy");
    require(way.find("alpaca.credentials_file") != std::string::npos,
            "the way back is not told: {}", answer.body);
    evidence.note("revoked: 401, {}; the way back: {}", answer.text("code"), way);
    followTheWayBack(stage);
    stage.awaitLiveQuote("UNH"); // the feed was refused as well
    const auto later = stage.place({.symbol = "UNH"});
    stage.awaitState(later, "filled");
    evidence.note("a valid key in that file and a new start: orders go again");
    stage.clearFaults(); // the drill's own questions use the first key
    require(stage.venueOrderCount(first) + stage.venueOrderCount(id) == 0,
            "an order reached the venue with a revoked key");
    require(stage.venueOrderCount(later) == 1, "the venue has the order of the new key {} times",
            stage.venueOrderCount(later));
    evidence.note("none of the orders of before was sent");
}

} // namespace

std::vector<Drill> credentialDrills()
{
    return {
        {"PE-3.1", "the broker's key is missing at start, and revoked while trading",
         "the order is not sent; 401 with the way back to a valid key, and that way works",
         {.isPrivate = true}, 150s, keyGone},
    };
}

} // namespace qd::drills
