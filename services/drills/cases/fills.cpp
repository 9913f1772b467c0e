// Partial fills, and positions as the sum of fills.
#include "services/drills/cases/cases.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

Decimal decimalOf(const std::string& text)
{
    return Decimal::parse(text).value_or(Decimal());
}

Decimal sumOfFills(Stage& stage, const std::string& symbol)
{
    Decimal sum;
    const auto answer = stage.get("/v1/fills?limit=1000&symbol=" + symbol);
    for (const auto& fill : answer["fills"].items()) {
        const auto quantity = fill["quantity"].decimalOr(Decimal());
        sum += fill["side"].stringOr({}) == "buy" ? quantity : -quantity;
    }
    return sum;
}

void partialIsNotFull(Stage& stage, Evidence& evidence)
{
    const auto id = Stage::newId();
    stage.fault(R"({"kind":"fill_partial","quantity":"4","delayMs":4000,"clientOrderId":")" + id +
                "\"}");
    const Ticket ticket{.symbol = "ADBE", .quantity = "10", .id = id};
    stage.place(ticket);
    const auto partial = stage.awaitState(id, "partially_filled", 10s);
    require(partial.text("filledQuantity") == "4" && partial.text("leavesQuantity") == "6",
            "expected 4 filled and 6 left, was {} and {}", partial.text("filledQuantity"),
            partial.text("leavesQuantity"));
    stage.await("the position is 4, not 10", 5s, [&] { return stage.position("ADBE") == "4"; });
    evidence.note("after the first part: 4 filled, 6 left, position 4");
    require(stage.submit(ticket).status == 202, "the same order again was refused");
    require(stage.venueOrderCount(id) == 1, "a second try was sent as a second order");
    const auto full = stage.awaitState(id, "filled", 20s);
    require(full.text("filledQuantity") == "10", "filled with {}", full.text("filledQuantity"));
    stage.await("the position is 10", 5s, [&] { return stage.position("ADBE") == "10"; });
    require(sumOfFills(stage, "ADBE") == Decimal::fromInt(10), "the fills add up to {}",
            sumOfFills(stage, "ADBE").toString());
    require(stage.venuePosition("ADBE") == "10", "the venue holds {}", stage.venuePosition("ADBE"));
    evidence.note("a second try sent nothing; position 10 is the sum of the fills, here and there");
}

void partialLeftOpen(Stage& stage, Evidence& evidence)
{
    // Every fill of this venue is partial at first, and the limit keeps the rest open.
    stage.pinPrice("PG", "174.90", "175.00");
    std::string id;
    Answer partial;
    for (int i = 0; i < 10 && id.empty(); ++i) {
        const auto placed = stage.place({.symbol = "PG", .type = "limit", .quantity = "100",
                                         .limitPrice = "175.00", .timeInForce = "gtc"});
        partial = stage.awaitOrder(placed, "filled in part or whole", [](const Answer& now) {
            return now.text("state") == "partially_filled" || now.text("state") == "filled";
        });
        if (partial.text("state") == "partially_filled") {
            stage.pinPrice("PG", "179.90", "180.00"); // the price runs away from the remainder
            partial = stage.order(placed);
            if (partial.text("state") == "partially_filled") id = placed;
        }
        if (id.empty()) stage.pinPrice("PG", "174.90", "175.00");
    }
    require(!id.empty(), "no order was left partially filled in ten tries");
    const auto filled = decimalOf(partial.text("filledQuantity"));
    const auto leaves = decimalOf(partial.text("leavesQuantity"));
    require(filled.isPositive() && filled + leaves == Decimal::fromInt(100),
            "{} filled and {} left of 100", filled.toString(), leaves.toString());
    bool listed = false;
    const auto openOrders = stage.get("/v1/orders?status=open");
    for (const auto& open : openOrders["orders"].items())
        listed = listed || open["clientOrderId"].stringOr({}) == id;
    require(listed, "the remainder is not among the open orders");
    evidence.note("{} filled, {} left, shown among the open orders", filled.toString(),
                  leaves.toString());
    stage.restartBackend();
    stage.awaitSettled();
    require(stage.order(id).text("leavesQuantity") == leaves.toString(),
            "after a restart {} are left", stage.order(id).text("leavesQuantity"));
    stage.call("DELETE", "/v1/orders/" + id);
    const auto ended = stage.awaitState(id, "canceled", 20s);
    require(decimalOf(ended.text("filledQuantity")) == filled, "the cancel changed what was filled: {}",
            ended.text("filledQuantity"));
    stage.await("the position is the sum of the fills, here and at the venue", 10s, [&] {
        return decimalOf(stage.position("PG")) == sumOfFills(stage, "PG") &&
               stage.position("PG") == stage.venuePosition("PG");
    });
    evidence.note("tracked through a restart until the cancel; position {} here and there",
                  stage.position("PG"));
}

void settleAtVenue(Stage& stage, const std::function<bool()>& differs)
{
    stage.admin("POST", "/positions/adjust", R"({"symbol":"QCOM","qty":"3"})");
    stage.await("the difference is gone when asked for a comparison", 40s, [&] {
        stage.call("POST", "/v1/trading/reconcile");
        return !differs();
    });
    stage.awaitSettled(40s);
}

/// The difference is settled, and made anew while we are cut off; the timer is out of the way.
void foundOnReconnect(Stage& stage, Evidence& evidence, const std::function<bool()>& differs)
{
    settleAtVenue(stage, differs);
    stage.cut("stream");
    stage.await("the order stream is down", 20s, [&] {
        return !stage.get("/v1/trading")["brokerConnected"].booleanOr(true);
    });
    stage.admin("POST", "/positions/adjust", R"({"symbol":"QCOM","qty":"-3"})");
    require(!differs(), "the difference was found while the stream is down: not by the reconnect");
    stage.healNetwork();
    stage.await("the difference is found after the reconnect", 40s, differs);
    evidence.note("made anew while the stream was down: found after the reconnect");
}

void positionDiffers(Stage& stage, Evidence& evidence)
{
    const auto bought = stage.place({.symbol = "QCOM", .quantity = "10"});
    stage.awaitState(bought, "filled");
    stage.await("both hold 10", 10s, [&] { return stage.venuePosition("QCOM") == "10"; });
    stage.admin("POST", "/positions/adjust", R"({"symbol":"QCOM","qty":"-3"})");
    const auto differs = [&] {
        const auto trading = stage.get("/v1/trading");
        for (const auto& difference : trading["differences"].items())
            if (difference["symbol"].stringOr({}) == "QCOM") return true;
        return false;
    };
    stage.await("the difference is found and shown", 30s, differs);
    require(stage.position("QCOM") == "10", "our position was silently made {}",
            stage.position("QCOM"));
    evidence.note("found: {}", stage.get("/v1/trading")["differences"].dump().substr(0, 200));
    const auto entry = stage.submit({.symbol = "QCOM"});
    require(entry.status == 422 && entry.body.find("risk.unreconciled") != std::string::npos,
            "a new entry despite the difference: {} {}", entry.status, entry.body.substr(0, 300));
    const auto exit = stage.submit({.symbol = "QCOM", .side = "sell", .quantity = "1"});
    require(exit.status == 202, "a closing order was refused: {} {}", exit.status,
            exit.body.substr(0, 300));
    evidence.note("new entries are refused, a closing order passes");
    stage.addBackendOption("trading-reconcile-every=10m"); // from now on the timer finds nothing
    stage.restartBackend();
    stage.await("the difference is found again at the start", 40s, differs);
    evidence.note("found again at the start");
    foundOnReconnect(stage, evidence, differs);
    settleAtVenue(stage, differs);
    const auto again = stage.place({.symbol = "QCOM"});
    stage.awaitState(again, "filled");
    evidence.note("gone at the venue: entries are taken again");
}

} // namespace

std::vector<Drill> fillDrills()
{
    return {
        {"TB-1.6", "a partial fill, and a second try of the same order",
         "the position is the sum of the fills; a second try sends nothing", {}, 60s,
         partialIsNotFull},
        {"TB-3.6", "an order is partially filled and the rest stays open",
         "tracked through a restart until it is filled or cancelled; the remainder is visible",
         {.sandbox = {"partial-fill-percent=100"}}, 120s, partialLeftOpen},
        {"TB-5.4", "our position differs from the broker's",
         "found at start, on reconnect and on the timer; new entries stop; nothing is made up",
         {.isPrivate = true}, 150s, positionDiffers},
    };
}

} // namespace qd::drills
