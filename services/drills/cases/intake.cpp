// What is refused before anything is sent, and how.
#include <algorithm>

#include "services/drills/cases/cases.h"
#include "services/drills/cases/chain_file.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

/// The entry of `errors` for that field; missing if there is none.
json::Value errorAt(const Answer& answer, std::string_view field)
{
    for (const auto& error : answer["errors"].items())
        if (error["field"].stringOr({}) == field) return error;
    return {};
}

/// 422 with this code at this field, and nothing at the venue.
void requireRefused(Stage& stage, Evidence& evidence, Ticket ticket, const std::string& field,
                    const std::string& code, const std::string& what)
{
    ticket.id = Stage::newId();
    const auto answer = stage.submit(ticket);
    require(answer.status == 422, "{}: expected 422, was {} {}", what, answer.status,
            answer.body.substr(0, 300));
    const auto error = errorAt(answer, field);
    require(!error.isMissing(), "{}: no error at the field {}: {}", what, field,
            answer.body.substr(0, 400));
    require(error["code"].stringOr({}) == code, "{}: expected {}, was {}", what, code,
            error.dump());
    require(!error["detail"].stringOr({}).empty(), "{}: nothing is said at {}", what, field);
    require(stage.venueOrderCount(ticket.id) == 0, "{}: the order went to the venue", what);
    evidence.note("{}: {} at {}: {}", what, error["code"].stringOr({}), field,
                  error["detail"].stringOr({}));
}

void idempotency(Stage& stage, Evidence& evidence)
{
    const Ticket ticket{.symbol = "PEP", .type = "limit", .quantity = "3", .limitPrice = "120",
                        .timeInForce = "gtc", .id = Stage::newId()};
    const auto first = stage.submit(ticket);
    require(first.status == 202, "expected 202, was {} {}", first.status, first.body);
    stage.awaitState(ticket.id, "accepted");
    const auto again = stage.submit(ticket);
    require(again.status == 202 && again.text("clientOrderId") == ticket.id,
            "the same body again: {} {}", again.status, again.body);
    Ticket other = ticket;
    other.quantity = "4";
    const auto reused = stage.submit(other);
    require(reused.status == 422 && reused.text("code") == "orders.id_reused",
            "another body under the same id: expected 422 orders.id_reused, was {} {}",
            reused.status, reused.body);
    evidence.note("same body again: 202 and the same order; another body: 422 {}",
                  reused.text("code"));
    for (const std::string id : {"not-a-uuid", "61e69015-8549-1bfd-b9c3-01e75843f47d",
                                 "61E69015-8549-4BFD-B9C3-01E75843F47D"}) {
        Ticket bad = ticket;
        bad.id = id;
        const auto refused = stage.submit(bad);
        require(refused.status == 422, "the id {} was answered {} {}", id, refused.status,
                refused.body);
    }
    evidence.note("ids that are no UUIDv4 are refused with 422");
    const Ticket rush{.symbol = "MCD", .type = "limit", .quantity = "1", .limitPrice = "200",
                      .timeInForce = "gtc", .id = Stage::newId()};
    std::string body;
    { // the body exactly as `submit` makes it, twenty times at once
        json::Writer out;
        out.beginObject().member("clientOrderId", rush.id).member("symbol", rush.symbol);
        out.member("side", "buy").member("type", "limit").member("quantity", "1");
        out.member("limitPrice", rush.limitPrice).member("timeInForce", "gtc");
        out.array("confirmations", std::vector<std::string>{"precaution.percent_off_market",
                                                            "precaution.ticks_off_market"});
        body = out.endObject().take();
    }
    std::vector<std::future<Result<wire::HttpResponse>>> answers;
    for (int i = 0; i < 20; ++i) answers.push_back(stage.api().begin("POST", "/v1/orders", body));
    for (auto& pending : answers) {
        const auto answer = pending.get();
        require(answer && answer->status == 202, "one of twenty at once was answered {}",
                answer ? answer->body : describe(answer.error()));
    }
    stage.awaitState(rush.id, "accepted");
    stage.restartBackend();
    stage.awaitSettled();
    require(stage.submit(ticket).status == 202, "after a restart the same body is not known");
    require(stage.submit(other).status == 422, "after a restart another body is taken");
    require(stage.venueOrderCount(ticket.id) == 1, "the venue has the order {} times",
            stage.venueOrderCount(ticket.id));
    require(stage.venueOrderCount(rush.id) == 1, "the venue has the rushed order {} times",
            stage.venueOrderCount(rush.id));
    evidence.note("twenty at once, and after a restart: the venue has each order once");
}

/// As OCC writes contracts, at a venue that lists them: found, quoted, and judged as the desk can.
void optionSymbols(Stage& stage, Evidence& evidence)
{
    const auto chain = stage.folder() + "/20251219_spy_quote.zip";
    writeOptionChain(chain);
    Stage options({.sandbox = {"replay=" + chain}}, stage.programs(), stage.folder() + "/options");
    options.setLimit(stage.left());
    options.startAll();
    for (const std::string symbol : {kChainCall, kChainPut}) {
        const auto found = options.get("/v1/instruments/" + symbol);
        require(found.text("assetClass") == "option", "{} is not found as an option: {}", symbol,
                found.body);
    }
    Answer quotes;
    options.await("a quote of the call", 30s, [&] {
        quotes = options.get(std::string("/v1/quotes?symbols=") + kChainCall);
        return !quotes["quotes"].at(0)["bid"].isAbsent();
    });
    const auto quote = quotes["quotes"].at(0);
    require(quote["bid"].stringOr({}) == "5" && quote["ask"].stringOr({}) == "5.2",
            "the call is bid 5 and asked 5.2 in the recording: {}", quotes.body);
    evidence.note("{} and {} are found, and quoted {} to {}", kChainCall, kChainPut,
                  quote["bid"].stringOr({}), quote["ask"].stringOr({}));
    // Lower case, and with the padding that OCC writes, it is the same contract.
    for (const std::string spelt : {kChainCall, "spy351221c00600000", "SPY   351221C00600000"})
        requireRefused(options, evidence,
                       {.symbol = spelt, .type = "limit", .limitPrice = "5.10"}, "symbol",
                       "broker.unsupported_asset_class", "an order for " + spelt);
    for (const std::string malformed : {"SPY351321C00600000", "SPY351221X00600000", "SPY351221C0060000",
                                        "SPY351221C00000000", "SPYSPYS351221C00600000"})
        requireRefused(options, evidence, {.symbol = malformed}, "symbol", "symbol.syntax",
                       "the malformed contract " + malformed);
}

void unusualSymbols(Stage& stage, Evidence& evidence)
{
    for (const auto& [symbol, quantity, limit, stored] :
         {std::tuple{"BRK.B", "1", "900", "BRK.B"}, {"BTC/USD", "0.01", "200000", "BTC/USD"},
          {"ETH-USD", "0.5", "9000", "ETH/USD"}, {"spy", "1", "1200", "SPY"},
          {"TSLA.WS", "2", "40", "TSLA.WS"}, {"0700.HK", "3", "160", "0700.HK"}}) {
        const auto id = stage.place({.symbol = symbol, .type = "limit", .quantity = quantity,
                                     .limitPrice = limit, .timeInForce = "gtc"});
        const auto filled = stage.awaitState(id, "filled");
        require(filled.text("symbol") == stored, "{} was stored as {}", symbol,
                filled.text("symbol"));
    }
    evidence.note("BRK.B, BTC/USD, ETH-USD, spy, TSLA.WS and 0700.HK were traded");
    requireRefused(stage, evidence, {.symbol = kChainCall}, "symbol", "orders.unknown_symbol",
                   "an option contract that this venue does not list");
    const auto typo = stage.submit({.symbol = "SPYY"});
    const auto error = errorAt(typo, "symbol");
    require(error["detail"].stringOr({}).find("SPY") != std::string_view::npos &&
                !error["example"].stringOr({}).empty(),
            "no near match is offered for SPYY: {}", error.dump());
    evidence.note("unknown ones are refused with near matches: {}", error["detail"].stringOr({}));
    const auto malformed = stage.submit({.symbol = "S P?Y$"});
    require(malformed.status == 422 && !errorAt(malformed, "symbol").isMissing(),
            "a malformed symbol: {} {}", malformed.status, malformed.body.substr(0, 300));
    optionSymbols(stage, evidence);
}

void unsuitableQuantity(Stage& stage, Evidence& evidence)
{
    requireRefused(stage, evidence, {.quantity = "0"}, "quantity", "orders.qty_not_positive",
                   "quantity zero");
    requireRefused(stage, evidence, {.quantity = "-5"}, "quantity", "orders.qty_not_positive",
                   "a negative quantity");
    requireRefused(stage, evidence,
                   {.symbol = "BTC/USD", .quantity = "0.00000001", .timeInForce = "gtc"},
                   "quantity", "orders.qty_below_minimum", "less than the smallest lot of a coin");
    requireRefused(stage, evidence, {.symbol = "F", .quantity = "90000000"}, "quantity",
                   "risk.buying_power", "more than the buying power");
    requireRefused(stage, evidence, {.symbol = "GM", .side = "sell", .extra = R"("reduceOnly":true)"},
                   "quantity", "risk.reduce_only", "reduce-only without a position");
    requireRefused(stage, evidence, {.type = "limit", .quantity = "1.123456789", .limitPrice = "500"},
                   "quantity", "request.wrong_type", "more decimals than exist");
    requireRefused(stage, evidence, {.quantity = "1e400"}, "quantity", "request.wrong_type",
                   "an absurd number");
}

void limitWithoutPrice(Stage& stage, Evidence& evidence)
{
    for (const auto& [type, field] : {std::pair{"limit", "limitPrice"}, {"stop", "stopPrice"},
                                      {"stop_limit", "limitPrice"}}) {
        const auto id = Stage::newId();
        const auto answer = stage.submit({.type = type, .id = id});
        const auto error = errorAt(answer, field);
        require(answer.status == 422 && !error.isMissing(), "{} without {}: {} {}", type, field,
                answer.status, answer.body.substr(0, 300));
        require(!error["example"].stringOr({}).empty(), "no example is given: {}", error.dump());
        require(stage.venueOrderCount(id) == 0, "the order went to the venue");
        evidence.note("{}: {} at {}, for example {}", type, error["code"].stringOr({}), field,
                      error["example"].stringOr({}));
    }
}

void notShortable(Stage& stage, Evidence& evidence)
{
    requireRefused(stage, evidence,
                   {.symbol = "LTC/USD", .side = "sell", .type = "limit", .quantity = "1",
                    .limitPrice = "50", .timeInForce = "gtc"},
                   "quantity", "risk.not_shortable", "a coin sold short");
    std::string untradable, unshortable;
    const auto assets = stage.venue("GET", "/v2/assets?status=active");
    for (const auto& asset : assets.root().items()) {
        const std::string symbol(asset["symbol"].stringOr({}));
        const bool crypto = asset["class"].stringOr({}) == "crypto";
        if (!asset["tradable"].booleanOr(true)) untradable = symbol;
        if (!asset["shortable"].booleanOr(true) && asset["tradable"].booleanOr(true) && !crypto)
            unshortable = symbol;
    }
    require(!unshortable.empty() && !untradable.empty(),
            "the venue lists nothing that cannot be shorted ({}) or traded ({})", unshortable,
            untradable);
    requireRefused(stage, evidence, {.symbol = unshortable, .side = "sell"}, "quantity",
                   "risk.not_shortable", unshortable + " sold short");
    requireRefused(stage, evidence, {.symbol = untradable}, "symbol", "risk.not_tradable",
                   untradable + ", which is not tradable");
    // Bought first, the same sale is fine: it was the shorting that was refused.
    const auto bought = stage.place({.symbol = "LTC/USD", .type = "limit", .quantity = "1",
                                     .limitPrice = "300", .timeInForce = "gtc"});
    stage.awaitState(bought, "filled");
    const auto sold = stage.place({.symbol = "LTC/USD", .side = "sell", .type = "limit",
                                   .quantity = "1", .limitPrice = "50", .timeInForce = "gtc"});
    stage.awaitState(sold, "filled");
    evidence.note("what is held can be sold");
}

void notEnoughMoney(Stage& stage, Evidence& evidence)
{
    requireRefused(stage, evidence, {.symbol = "BAC", .quantity = "90000000"}, "quantity",
                   "risk.buying_power", "checked before sending");
    stage.fault(R"({"kind":"reject","symbol":"BAC"})");
    const auto id = stage.place({.symbol = "BAC"});
    const auto rejected = stage.awaitState(id, "rejected");
    require(rejected.text("reasonText").find("buying power") != std::string::npos,
            "the venue's refusal is shown as \"{}\" ({})", rejected.text("reasonText"),
            rejected.text("reasonCode"));
    evidence.note("refused by the venue: {} ({})", rejected.text("reasonText"),
                  rejected.text("reasonCode"));
}

} // namespace

std::vector<Drill> intakeDrills()
{
    return {
        {"PE-3.2", "an idempotency key is used again: same body, other body, all at once, later",
         "UUIDv4 only; the same body gives the same order, another 422; the venue has it once", {},
         90s, idempotency},
        {"PE-3.4", "unusual symbols, unknown ones, malformed ones",
         "valid spellings are traded, option contracts found, quoted and refused only because no order "
         "for them is routed; an unknown symbol is refused with near matches", {}, 90s,
         unusualSymbols},
        {"PE-3.5", "quantities that suit neither broker, instrument nor account",
         "each is refused at its field, with its own code, before anything is sent", {}, 60s,
         unsuitableQuantity},
        {"PE-3.6", "a limit order without a price",
         "a structured error at the field, with an example", {}, 30s, limitWithoutPrice},
        {"TB-1.7", "an instrument that cannot be shorted or traded",
         "the broker's word on the instrument is checked before the order", {}, 60s, notShortable},
        {"TB-3.7", "not enough buying power, found here and found at the venue",
         "checked before; the venue's refusal is shown in plain words", {}, 60s, notEnoughMoney},
    };
}

} // namespace qd::drills
