// kill -9 and power cuts at any point; terminals that come back.
#include <algorithm>
#include <map>
#include <set>

#include "services/drills/cases/cases.h"
#include "services/storage/event_log.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

bool isOver(const std::string& state)
{
    return state == "filled" || state == "rejected" || state == "canceled" || state == "denied" ||
           state == "expired";
}

/// What must hold of an order after any crash: known if it was acknowledged, at the venue once or
/// not at all, and the same state on both sides in the end.
void requireOneTruth(Stage& stage, const std::string& id, bool acknowledged)
{
    const auto here = stage.order(id);
    const int there = stage.venueOrderCount(id);
    require(there <= 1, "the venue has the order {} times", there);
    if (here.status == 404) {
        require(!acknowledged, "an acknowledged order is lost");
        require(there == 0, "the venue has an order that we forgot");
        return;
    }
    const auto settled = stage.awaitOrder(
        id, "settled", [](const Answer& now) { return isOver(now.text("state")); }, 40s);
    require(settled.text("state") == (there == 1 ? "filled" : "rejected"),
            "{} here, {} times at the venue", settled.text("state"), there);
}

void requireWholeLog(Stage& stage)
{
    const auto verified = stage.get("/v1/log/verify");
    require(verified["ok"].booleanOr(false), "the log is not whole: {}", verified.body);
}

/// The powers of the machine are cut under the order room, not just its process: see
/// packaging/powercut.sh. Last in its drill: where power cannot be cut the drill ends as skipped,
/// because a promise of which a part was not tried has not been kept.
void cutThePower(Stage& stage, Evidence& evidence, int cuts)
{
    const auto& programs = stage.programs();
    if (programs.powercutWriter.empty() || programs.powercutScript.empty()) {
        throw CannotRun{"power cuts: powercut_writer or packaging/powercut.sh is not here; the rest held"};
    }
    const auto child = stage.run("powercut", "/bin/bash",
                                 {programs.powercutScript, programs.powercutWriter,
                                  std::to_string(cuts)});
    const auto exit = child->waitFor(std::min(milliseconds(90s), stage.left()));
    const auto said = child->output();
    require(exit.has_value(), "the power cuts did not end in time: {}", said);
    require(exit->code == 0, "the power cut test failed: {}", said);
    std::string verdict = said.substr(0, said.find_last_of('\n'));
    verdict = verdict.substr(0, verdict.find_last_of('\n'));
    verdict = verdict.substr(verdict.find_last_of('\n') + 1);
    if (const std::string_view skipped = "skipped: "; verdict.starts_with(skipped))
        throw CannotRun{"power cuts: " + verdict.substr(skipped.size()) + "; the rest held"};
    evidence.note("power cuts: {}", verdict);
}

struct CrashPoint {
    const char* name;
    int skip;
};

void crashAroundConfirmation(Stage& stage, Evidence& evidence)
{
    stage.awaitLiveQuote("INTC"); // without a price orders wait, and no kill meets them on their way
    for (const auto& [point, skip] :
         {CrashPoint{"storage.before-commit", 0}, {"storage.after-commit", 0},
          {"storage.before-commit", 1}, {"storage.after-commit", 1}, {"storage.before-commit", 2}}) {
        const auto id = Stage::newId();
        stage.armFault(point, R"({"kind":"crash","skip":)" + std::to_string(skip) + "}");
        const auto answer = stage.api().call(
            "POST", "/v1/orders",
            R"({"clientOrderId":")" + id +
                R"(","symbol":"INTC","side":"buy","type":"market","quantity":"1"})");
        const bool acknowledged = answer && answer->status == 202;
        const auto exit = stage.backend().waitFor(15s);
        require(exit.has_value(), "the crash at {} +{} did not happen", point, skip);
        stage.startBackend();
        stage.awaitSettled();
        requireOneTruth(stage, id, acknowledged);
        const auto state = stage.order(id).status == 200 ? stage.order(id).text("state") : "unknown";
        evidence.note("crash at {} (+{}): acknowledged {}, in the end {}, {} at the venue", point,
                      skip, acknowledged, state, stage.venueOrderCount(id));
    }
    require(stage.position("INTC") == stage.venuePosition("INTC"), "we hold {}, the venue says {}",
            stage.position("INTC"), stage.venuePosition("INTC"));
    requireWholeLog(stage);
    cutThePower(stage, evidence, 8);
}

void killAnywhere(Stage& stage, Evidence& evidence)
{
    int acknowledged = 0, sent = 0;
    for (int round = 0; round < 5; ++round) {
        stage.awaitLiveQuote("PLTR");
        std::map<std::string, std::future<Result<wire::HttpResponse>>> asked;
        for (int i = 0; i < 12; ++i) {
            const auto id = Stage::newId();
            asked[id] = stage.api().begin(
                "POST", "/v1/orders",
                R"({"clientOrderId":")" + id +
                    R"(","symbol":"PLTR","side":"buy","type":"market","quantity":"1"})");
        }
        pauseFor(milliseconds(10 + round * 30));
        stage.killBackend();
        std::map<std::string, bool> outcome;
        for (auto& [id, pending] : asked) {
            const auto answer = pending.get();
            outcome[id] = answer && answer->status == 202;
            acknowledged += outcome[id] ? 1 : 0;
        }
        stage.startBackend();
        stage.awaitSettled();
        for (const auto& [id, taken] : outcome) {
            requireOneTruth(stage, id, taken);
            sent += stage.venueOrderCount(id);
        }
        requireWholeLog(stage);
    }
    require(acknowledged > 0, "no order was acknowledged before a kill: the drill proves nothing");
    stage.await("positions agree", 20s,
                [&] { return stage.position("PLTR") == stage.venuePosition("PLTR"); });
    require(stage.position("PLTR") == std::to_string(sent), "{} orders at the venue, position {}",
            sent, stage.position("PLTR"));
    evidence.note("5 kills under 60 orders: {} acknowledged, none lost; {} at the venue, none twice; "
                  "position {} here and there; the log is whole",
                  acknowledged, sent, stage.position("PLTR"));
    cutThePower(stage, evidence, 8);
}

/// Orders as a terminal would have them: the snapshot's, then each event's.
std::map<std::string, std::string> replayed(const std::vector<std::string>& messages,
                                            std::map<std::string, std::string> states = {})
{
    for (const auto& text : messages) {
        const auto message = json::Document::parse(text);
        if (!message) continue;
        const auto type = (*message)["type"].stringOr({});
        if (type == "snapshot") {
            states.clear();
            for (const auto& order : (*message)["orders"].items())
                states[std::string(order["clientOrderId"].stringOr({}))] = order["state"].stringOr({});
        }
        const auto order = (*message)["order"];
        if (type == "event" && order.isObject())
            states[std::string(order["clientOrderId"].stringOr({}))] = order["state"].stringOr({});
    }
    return states;
}

void requireInOrder(const std::vector<std::int64_t>& sequences, const char* whose)
{
    for (std::size_t i = 1; i < sequences.size(); ++i)
        require(sequences[i] > sequences[i - 1], "{} heard {} after {}", whose, sequences[i],
                sequences[i - 1]);
}

void terminalsComeBack(Stage& stage, Evidence& evidence)
{
    const auto isSnapshot = [](const json::Value& message) {
        return message["type"].stringOr({}) == "snapshot";
    };
    auto first = stage.listen();
    require(!first->waitFor(10s, isSnapshot).empty(), "no snapshot came");
    const auto one = stage.place({.symbol = "DIS"});
    stage.awaitState(one, "filled");
    require(!first->waitFor(10s, [&](const json::Value& message) {
                 return message["order"]["state"].stringOr({}) == "filled";
             }).empty(), "the fill was not heard");
    const auto heard = first->sequences();
    requireInOrder(heard, "the first terminal");
    const auto known = replayed(first->messages());
    first.reset(); // the terminal's network is gone; the world goes on
    const auto two = stage.place({.symbol = "DIS"});
    stage.awaitState(two, "filled");
    auto second = stage.listen(heard.back());
    require(!second->waitFor(10s, [&](const json::Value& message) {
                 return message["order"]["clientOrderId"].stringOr({}) == two &&
                        message["order"]["state"].stringOr({}) == "filled";
             }).empty(), "what was missed was not sent again");
    const auto missed = second->sequences();
    requireInOrder(missed, "the terminal that came back");
    require(!missed.empty() && missed.front() > heard.back(), "event {} was sent twice",
            missed.front());
    evidence.note("came back with {}: got exactly the {} events missed", heard.back(), missed.size());
    stage.killBackend();
    require(second->waitFor(10s, [](const json::Value&) { return false; }).empty() &&
                second->isClosed(), "the terminal was not told that the backend is gone");
    const auto before = runtime::systemClock().steady();
    // Who starts it again: the terminal, when the backend is its own (within half a second, five
    // times a minute at most); systemd or whoever runs it, when it stands alone. Here it is this drill.
    stage.startBackend();
    auto third = stage.listen(missed.back());
    const auto resumed = third->waitFor(15s, [&](const json::Value& message) {
        const auto type = message["type"].stringOr({});
        return type == "snapshot" || type == "event";
    });
    require(!resumed.empty(), "after the restart neither a snapshot nor an event came");
    stage.awaitSettled();
    const auto three = stage.place({.symbol = "DIS"});
    stage.awaitState(three, "filled");
    require(!third->waitFor(10s, [&](const json::Value& message) {
                 return message["order"]["clientOrderId"].stringOr({}) == three &&
                        message["order"]["state"].stringOr({}) == "filled";
             }).empty(), "events do not go on after the restart");
    const auto after = third->sequences();
    requireInOrder(after, "the terminal after the restart");
    require(after.empty() || after.front() > missed.back(), "event {} was sent again after the restart",
            after.front());
    auto states = replayed(third->messages(), replayed(second->messages(), known));
    for (const auto& id : {one, two, three})
        require(states[id] == stage.order(id).text("state"), "a terminal shows {}, the truth is {}",
                states[id], stage.order(id).text("state"));
    evidence.note("killed, which the terminal was told; started again by the drill in its supervisor's "
                  "place: resynchronised {} ms after the start, no event twice, both agree",
                  std::chrono::duration_cast<milliseconds>(runtime::systemClock().steady() - before)
                      .count());
}

} // namespace

std::vector<Drill> durabilityDrills()
{
    return {
        {"PE-3.8", "the process ends around the writing of an order and of its confirmation",
         "on disk before it is sent; comparison finds the truth; nothing is lost or doubled",
         {.backend = {"alpaca-command-timeout=1s"}, .isPrivate = true}, 300s,
         crashAroundConfirmation},
        {"TB-5.5", "kill -9 under load, and power cuts under the order room",
         "everything needed is on disk; no acknowledged order is lost, none is doubled",
         {.backend = {"alpaca-command-timeout=1s"}, .isPrivate = true}, 300s, killAnywhere},
        {"TS-6.1", "a terminal loses its connection, then the backend dies",
         "once its supervisor has started it again, terminals resynchronise and have been told; no event "
         "is skipped or applied twice",
         {.isPrivate = true}, 120s, terminalsComeBack},
    };
}

} // namespace qd::drills
