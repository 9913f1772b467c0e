// The broker's key: missing, revoked, given back.
#include "services/drills/cases/cases.h"

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
    require(!answer.text("reauthorizeUrl").empty(), "no link to authorise again: {}", answer.body);
    evidence.note("revoked: 401, {}, authorise again at {}", answer.text("code"),
                  answer.text("reauthorizeUrl"));
    stage.clearFaults();
    stage.awaitSettled(60s);
    require(stage.venueOrderCount(first) + stage.venueOrderCount(id) == 0,
            "an order reached the venue with a revoked key");
    stage.awaitLiveQuote("UNH"); // the feed was refused as well
    const auto later = stage.place({.symbol = "UNH"});
    stage.awaitState(later, "filled");
    evidence.note("key given back: orders go again, and none of before was sent");
}

} // namespace

std::vector<Drill> credentialDrills()
{
    return {
        {"PE-3.1", "the broker's key is missing at start, and revoked while trading",
         "the order is not sent; 401 with a link to authorise again", {}, 150s, keyGone},
    };
}

} // namespace qd::drills
