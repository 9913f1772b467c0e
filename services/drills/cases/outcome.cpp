// Answers that never come, come late, twice or out of order.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "services/drills/cases/cases.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::string faultFor(const std::string& kind, const std::string& id, const std::string& more = {})
{
    return R"({"kind":")" + kind + R"(","clientOrderId":")" + id + "\"" + more + "}";
}

bool isUnknown(const Answer& order)
{
    return order["outcomeUnknown"].booleanOr(false);
}

/// Two orders: the venue takes one and says nothing, and never hears of the other.
void brokerSilent(Stage& stage, Evidence& evidence)
{
    const Ticket taken{.symbol = "JNJ", .type = "limit", .limitPrice = "100", .timeInForce = "gtc",
                       .id = Stage::newId()};
    const Ticket lost{.symbol = "PFE", .type = "limit", .limitPrice = "15", .timeInForce = "gtc",
                      .id = Stage::newId()};
    stage.fault(faultFor("lose_ack", taken.id, R"(,"method":"POST","count":0)"));
    stage.fault(faultFor("drop_trade_update", taken.id, R"(,"count":0)"));
    stage.fault(faultFor("ignore", lost.id, R"(,"method":"POST","count":0)"));
    const auto before = runtime::systemClock().steady();
    stage.place(taken);
    stage.place(lost);
    stage.awaitOrder(lost.id, "marked as unknown", isUnknown, 14s);
    const auto waited = std::chrono::duration_cast<milliseconds>(
        runtime::systemClock().steady() - before);
    require(waited >= 9s && waited <= 13s, "expected the mark after 10 s, was {} ms", waited.count());
    require(stage.order(lost.id).text("state") == "submitted",
            "an order without an answer is shown as {}", stage.order(lost.id).text("state"));
    evidence.note("no answer: marked as unknown after {} ms, state submitted", waited.count());
    const auto resolved = stage.awaitState(taken.id, "accepted", 20s);
    require(!isUnknown(resolved), "the order is accepted and still unknown");
    evidence.note("the venue had it: found by its client id, accepted");
    const auto refused = stage.awaitState(lost.id, "rejected", 30s);
    evidence.note("the venue never had it: {} ({})", refused.text("reasonText"),
                  refused.text("reasonCode"));
    require(stage.venueOrderCount(taken.id) == 1 && stage.venueOrderCount(lost.id) == 0,
            "the venue has the orders {} and {} times, expected 1 and 0",
            stage.venueOrderCount(taken.id), stage.venueOrderCount(lost.id));
    // The proof is kept: asking again sends nothing.
    require(stage.submit(taken).status == 202, "the same order again was refused");
    require(stage.venueOrderCount(taken.id) == 1, "it was sent twice");
}

/// The kinds of events of an order, in log order.
std::vector<std::string> kindsOf(Stage& stage, const std::string& id)
{
    std::vector<std::string> kinds;
    for (const auto& event : stage.get("/v1/orders/" + id + "/timeline")["events"].items())
        kinds.emplace_back(event["kind"].stringOr({}));
    return kinds;
}

/// How long the broker's last answer took, in milliseconds.
double latencyOf(Stage& stage)
{
    for (const auto& item : stage.get("/health/report")["components"].items())
        if (item["name"].stringOr({}) == "broker.alpaca") return item["latencyMs"].numberOr(-1);
    return -1;
}

/// An order through a network that this toxic slows down; that it does, the broker's latency tells.
void requireSlowedAndFilled(Stage& stage, Evidence& evidence, const std::string& toxic,
                            double leastMs, const std::string& what)
{
    double latency = 0;
    stage.await("answers that are not slow yet", 20s,
                [&] { return (latency = latencyOf(stage)) < leastMs / 2; });
    evidence.note("before: answers in {:.1f} ms", latency);
    stage.toxic("rest", toxic);
    const auto slow = stage.place({.symbol = "KO"});
    stage.await(what + " slow the broker's answers down", 20s,
                [&] { return (latency = latencyOf(stage)) >= leastMs; });
    stage.awaitState(slow, "filled", 20s);
    evidence.note("{}: answers in {:.0f} ms, filled all the same", what, latency);
    stage.healNetwork();
}

bool wasUnknown(Stage& stage, const std::string& id)
{
    return std::ranges::count(kindsOf(stage, id), "order.outcome_unknown") > 0;
}

void requireOnceOrAbsent(Stage& stage, const std::string& id)
{
    const auto end = stage.awaitOrder(
        id, "filled or proven absent",
        [](const Answer& now) {
            const auto state = now.text("state");
            return state == "filled" || state == "rejected";
        },
        50s);
    const int count = stage.venueOrderCount(id);
    require(count == (end.text("state") == "filled" ? 1 : 0), "{} here, and {} times at the venue",
            end.text("state"), count);
}

/// Lost answers and resets; both must be seen in the stories of the orders that they hit.
void lostAnswersAndResets(Stage& stage, Evidence& evidence)
{
    std::vector<std::string> lost, reset;
    stage.toxic("rest", R"({"type":"lose_ack","attributes":{"count":3}})");
    for (int i = 0; i < 4; ++i) lost.push_back(stage.place({.symbol = "KO"}));
    stage.await("an answer is lost", 10s, [&] {
        return std::ranges::any_of(lost, [&](const auto& id) { return wasUnknown(stage, id); });
    });
    stage.healNetwork();
    stage.toxic("rest", R"({"type":"reset_peer","attributes":{"timeout":0}})");
    int refused = 0;
    for (int i = 0; i < 2; ++i) {
        const auto id = Stage::newId();
        const auto answer = stage.submit({.symbol = "KO", .id = id});
        require(answer.status == 202 || answer.status == 503, "a reset was answered {} {}",
                answer.status, answer.body);
        if (answer.status == 202)
            reset.push_back(id);
        else
            ++refused;
    }
    for (const auto& id : reset)
        stage.await("a reset makes the outcome unknown, or the order known as not sent", 10s, [&] {
            return wasUnknown(stage, id) || stage.order(id).text("state") == "rejected";
        });
    stage.healNetwork();
    for (const auto& id : lost) requireOnceOrAbsent(stage, id);
    for (const auto& id : reset) requireOnceOrAbsent(stage, id);
    const auto unknown =
        std::ranges::count_if(lost, [&](const auto& id) { return wasUnknown(stage, id); });
    evidence.note("{} orders, of {} the answer was lost: each once at the venue or proven absent",
                  lost.size(), unknown);
    evidence.note("{} orders into resets ({} more refused at once): likewise", reset.size(),
                  refused);
}

void slowAndLossyNetwork(Stage& stage, Evidence& evidence)
{
    requireSlowedAndFilled(
        stage, evidence,
        R"({"type":"latency","stream":"downstream","attributes":{"latency":250,"jitter":150}})", 90,
        "answers that come late");
    requireSlowedAndFilled(
        stage, evidence,
        R"({"type":"slicer","stream":"upstream","attributes":{"average_size":32,"delay":20000}})",
        90, "questions in tiny pieces");
    lostAnswersAndResets(stage, evidence);
    stage.awaitSettled(40s);
    require(stage.position("KO") == stage.venuePosition("KO"), "we hold {} KO, the venue says {}",
            stage.position("KO"), stage.venuePosition("KO"));
}

double figureOf(Stage& stage, std::string_view component, std::string_view figure)
{
    for (const auto& item : stage.get("/health/report")["components"].items())
        if (item["name"].stringOr({}) == component) return item["figures"][figure].numberOr(-1);
    return -1;
}

/// A counter without labels, -1 when it is not exposed.
double metricOf(Stage& stage, std::string_view name)
{
    const auto text = stage.call("GET", "/metrics").body;
    const auto line = text.find(fmt::format("\n{} ", name));
    return line == std::string::npos ? -1 : std::atof(text.c_str() + line + name.size() + 2);
}

/// A field and a status that no document knows, in a message that can be read otherwise.
void unknownWords(Stage& stage, Evidence& evidence)
{
    constexpr std::string_view kMetric = "orders_unknown_words_total";
    const double counted = metricOf(stage, kMetric);
    const double malformed = figureOf(stage, "broker.alpaca", "malformed");
    require(counted >= 0, "{} is not among the metrics", kMetric);
    const auto id = Stage::newId();
    stage.fault(faultFor("unknown_word", id));
    stage.place({.symbol = "CSCO", .type = "limit", .limitPrice = "30", .timeInForce = "gtc",
                 .id = id});
    stage.await("the order's story tells of the unknown word", 20s, [&] {
        return std::ranges::count(kindsOf(stage, id), "order.word_unknown") == 1;
    });
    stage.awaitState(id, "accepted");
    const double now = metricOf(stage, kMetric);
    require(now == counted + 1, "{} went from {} to {}, expected one more", kMetric, counted, now);
    require(figureOf(stage, "orders", "unknownWords") == now, "the health report says {}, was {}",
            figureOf(stage, "orders", "unknownWords"), now);
    require(figureOf(stage, "broker.alpaca", "malformed") == malformed,
            "a message with an unknown field was set aside");
    stage.call("DELETE", "/v1/orders/" + id);
    stage.awaitState(id, "canceled");
    evidence.note("status \"frozen\" and a field that nobody knows: the order stays accepted, can be "
                  "canceled; told in its story, in {} and in the health report", kMetric);
}

void schemaChanged(Stage& stage, Evidence& evidence)
{
    const auto listener = stage.listen();
    const auto id = Stage::newId();
    stage.fault(R"({"kind":"malformed_message","count":1,"clientOrderId":")" + id + "\"}");
    stage.place({.symbol = "CSCO", .id = id});
    const auto notice = listener->waitFor(15s, [](const json::Value& message) {
        return message["kind"].stringOr({}) == "notice" ||
               message["notice"].isObject() || message["title"].isString();
    });
    require(!notice.empty(), "no notice of an unreadable message came on the stream");
    evidence.note("a message without its required fields: set aside, told: {}",
                  notice.substr(0, 200));
    stage.awaitState(id, "filled", 20s);
    stage.fault(R"({"kind":"truncate_message","count":1,"symbol":"CSCO"})");
    const auto torn = stage.place({.symbol = "CSCO"});
    stage.awaitState(torn, "filled", 30s);
    stage.await("the messages set aside are counted", 10s, [&] {
        for (const auto& item : stage.get("/health/report")["components"].items())
            if (item["name"].stringOr({}) == "broker.alpaca")
                return item["figures"]["malformed"].numberOr(0) >= 2;
        return false;
    });
    require(stage.position("CSCO") == stage.venuePosition("CSCO"), "we hold {}, the venue says {}",
            stage.position("CSCO"), stage.venuePosition("CSCO"));
    evidence.note("both orders reached their true state by comparison; positions agree");
    unknownWords(stage, evidence);
}

void acknowledgementsLost(Stage& stage, Evidence& evidence)
{
    std::vector<std::string> ids;
    for (int i = 0; i < 8; ++i) {
        const auto id = Stage::newId();
        const char* kind = i % 4 == 0   ? "duplicate_trade_update"
                           : i % 4 == 1 ? "reorder"
                           : i % 4 == 2 ? "drop_trade_update"
                                        : "lose_ack";
        const bool isAck = i % 4 == 3;
        stage.fault(faultFor(kind, id, isAck ? R"(,"method":"POST")" : R"(,"count":2)"));
        ids.push_back(stage.place({.symbol = "WMT", .id = id}));
    }
    for (const auto& id : ids) stage.awaitState(id, "filled", 50s);
    stage.clearFaults();
    stage.awaitSettled(40s);
    for (const auto& id : ids) {
        require(stage.venueOrderCount(id) == 1, "the venue has an order {} times",
                stage.venueOrderCount(id));
        const auto order = stage.order(id);
        require(order.text("state") == "filled" && order.text("filledQuantity") == "1",
                "a filled order fell back to {} with {} filled", order.text("state"),
                order.text("filledQuantity"));
        const auto kinds = kindsOf(stage, id);
        const auto fill = std::ranges::find(kinds, "order.filled");
        require(std::ranges::count(kinds, "order.filled") == 1, "an order was filled {} times: {}",
                std::ranges::count(kinds, "order.filled"), fmt::join(kinds, " "));
        for (auto later = fill; later != kinds.end(); ++later)
            require(*later == "order.filled" || *later == "order.venue_id_known" ||
                        *later == "order.fill_explained" || *later == "order.updated",
                    "after its end the order got {}", *later);
    }
    std::set<std::string> executions;
    int fills = 0;
    const auto answer = stage.get("/v1/fills?symbol=WMT&limit=100");
    for (const auto& fill : answer["fills"].items()) {
        executions.emplace(fill["executionId"].stringOr({}));
        ++fills;
    }
    require(static_cast<int>(executions.size()) == fills, "{} fills, {} executions", fills,
            executions.size());
    require(stage.position("WMT") == stage.venuePosition("WMT") && stage.position("WMT") == "8",
            "we hold {}, the venue says {}, expected 8", stage.position("WMT"),
            stage.venuePosition("WMT"));
    evidence.note("8 orders with lost, doubled and reordered messages: 8 filled once, no regress, "
                  "position 8 here and there");
}

} // namespace

std::vector<Drill> outcomeDrills()
{
    return {
        {"PE-3.3", "the broker takes an order and does not answer; it never gets another",
         "10 s, then unknown; a question by client id proves what is; never sent twice",
         {.isPrivate = true}, 120s, brokerSilent},
        {"TB-3.2", "latency, tiny packets, lost answers and connection resets",
         "deadlines everywhere, only what is safe is repeated; each order at most once",
         {.backend = {"alpaca-command-timeout=1500ms"}}, 180s, slowAndLossyNetwork},
        {"TB-3.3", "the broker sends messages without required fields, torn ones, and unknown words",
         "unknown fields and words are tolerated and told, unreadable messages are set aside, counted and told", {}, 90s,
         schemaChanged},
        {"TB-3.5", "acknowledgements are lost, doubled and out of order",
         "final states never regress, no order and no fill is doubled",
         {.backend = {"alpaca-command-timeout=1500ms"}}, 150s, acknowledgementsLost},
    };
}

} // namespace qd::drills
