// Times, price steps and sums that must be exact.
#include "models/base/money.h"
#include "models/market/calendar.h"
#include "models/orders/validation.h"
#include "services/drills/cases/cases.h"
#include "services/runtime/random.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

void requireOpens(const Date& date, const char* open, const char* close)
{
    const auto day = Calendar::nyse().tradingDay(date);
    require(day.has_value(), "{} is not a trading day", toString(date));
    require(day->open == Timestamp::of(open) && day->close == Timestamp::of(close),
            "{}: expected {} to {}, was {} to {}", toString(date), open, close,
            day->open.toString(0), day->close.toString(0));
}

void clocksChange(Stage& stage, Evidence& evidence)
{
    // New York goes to summer time on 2026-03-08 and back on 2026-11-01.
    requireOpens({2026, 3, 6}, "2026-03-06T14:30:00Z", "2026-03-06T21:00:00Z");
    requireOpens({2026, 3, 9}, "2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z");
    requireOpens({2026, 10, 30}, "2026-10-30T13:30:00Z", "2026-10-30T20:00:00Z");
    requireOpens({2026, 11, 2}, "2026-11-02T14:30:00Z", "2026-11-02T21:00:00Z");
    // Years in which other rules held.
    requireOpens({2006, 4, 3}, "2006-04-03T13:30:00Z", "2006-04-03T20:00:00Z");
    requireOpens({2006, 3, 31}, "2006-03-31T14:30:00Z", "2006-03-31T21:00:00Z");
    int hours = 0;
    for (auto at = Timestamp::of("2026-01-01T00:00:00Z"); at < Timestamp::of("2027-01-01T00:00:00Z");
         at = at + 1h, ++hours) {
        const auto there = toNewYork(at);
        const auto back = fromNewYork(there.date, there.sinceMidnight);
        const bool repeated = back == at - 1h; // the hour that is read twice in autumn
        require(back == at || repeated, "{} went to New York and came back as {}", at.toString(0),
                back.toString(0));
    }
    evidence.note("opening and closing times on both sides of four clock changes; {} hours there and "
                  "back", hours);
    // The machine's own zone must not matter.
    const auto here = stage.get("/v1/market/status");
    stage.stopBackend();
    auto arguments = stage.backendArguments();
    const auto child = stage.run("tokyo", stage.programs().backend, arguments, {"TZ=Asia/Tokyo"});
    const auto ready = json::Document::parse(child->firstLine(20s));
    require(ready.has_value(), "did not start with TZ=Asia/Tokyo: {}", child->errors());
    auto token = slurp(std::string((*ready)["tokenFile"].stringOr({})));
    while (!token.empty() && token.back() == '\n') token.pop_back();
    ApiClient tokyo(stage.link(), std::string((*ready)["url"].stringOr({})),
                    runtime::Secret(std::move(token)));
    const auto there = tokyo.call("GET", "/v1/market/status");
    require(there && there->status == 200, "no answer from Tokyo");
    for (const char* member : {"opensAt", "closesAt"})
        require(there->text(member) == here.text(member), "{} is {} in Tokyo and {} here", member,
                there->text(member), here.text(member));
    const auto now = (*there)["now"].timestamp();
    require(now && (*now - runtime::systemClock().now()) < 1min &&
                (runtime::systemClock().now() - *now) < 1min,
            "the time of the answer is {}", there->text("now"));
    evidence.note("a backend in another time zone says the same hours: {} to {}",
                  here.text("opensAt"), here.text("closesAt"));
    child->terminate(8s);
    stage.startBackend();
    stage.awaitSettled();
}

void safeRounding(Stage& stage, Evidence& evidence)
{
    runtime::SeededRandom random(20260308);
    for (int i = 0; i < 200'000; ++i) {
        Instrument instrument;
        const auto price = Price::fromUnits(static_cast<std::int64_t>(random.below(90'000'000'000)) + 1);
        const auto tick = tickFor(instrument, price);
        for (const Side side : {Side::Buy, Side::Sell}) {
            const auto limit = roundToTick(price, instrument, side, /*isStop=*/false);
            const auto stop = roundToTick(price, instrument, side, /*isStop=*/true);
            const bool buys = side == Side::Buy;
            require(buys ? limit <= price : limit >= price, "a {} limit of {} became {}",
                    toString(side), price.toString(), limit.toString());
            require(buys ? stop >= price : stop <= price, "a {} stop of {} became {}",
                    toString(side), price.toString(), stop.toString());
            require((limit - price).abs() < tick && (stop - price).abs() < tick,
                    "{} was moved by more than its step {}", price.toString(), tick.toString());
        }
    }
    evidence.note("200,000 random prices: buy limits down, sell limits up, stops later, never by a "
                  "whole step");
    for (const auto& [symbol, limit] : {std::pair{"SPY", "500.001"}, {"F", "9.99001"},
                                        {"BTC/USD", "90000.001"}}) {
        const auto id = Stage::newId();
        const auto answer = stage.submit({.symbol = symbol, .type = "limit", .limitPrice = limit,
                                          .timeInForce = "gtc", .id = id});
        const auto error = answer["errors"].at(0);
        require(answer.status == 422 && error["code"].stringOr({}) == "orders.price_off_tick" &&
                    error["field"].stringOr({}) == "limitPrice",
                "{} at {}: {} {}", symbol, limit, answer.status, answer.body.substr(0, 300));
        require(!error["example"].stringOr({}).empty(), "no price that would be taken is named");
        require(stage.venueOrderCount(id) == 0, "it was sent");
        evidence.note("{} at {}: refused, for example {}", symbol, limit,
                      error["example"].stringOr({}));
    }
    const auto id = stage.place({.symbol = "SPY", .type = "limit", .limitPrice = "500.07"});
    stage.awaitState(id, "accepted");
    const auto order = stage.venue("GET", "/v2/orders:by_client_order_id?client_order_id=" + id);
    require(order.text("limit_price") == "500.07", "500.07 arrived at the venue as {}",
            order.text("limit_price"));
}

void exactSums(Stage& stage, Evidence& evidence)
{
    constexpr int kOperations = 10'000'000;
    runtime::SeededRandom random(7);
    Money money;
    Int128 expected = 0;
    NotionalSum notionals;
    Int128 expectedNotionals = 0;
    double floating = 0;
    for (int i = 0; i < kOperations; ++i) {
        const auto units = static_cast<std::int64_t>(random.below(2'000'000'000'000)) - 1'000'000'000'000;
        money += Money::fromUnits(units);
        expected += units;
        floating += static_cast<double>(units) / 1e8;
        const auto price = Price::fromUnits(static_cast<std::int64_t>(random.below(100'000'000'000)));
        const auto quantity = Quantity::fromUnits(static_cast<std::int64_t>(random.below(10'000'000'000)));
        notionals.add(price, quantity);
        expectedNotionals += static_cast<Int128>(price.units()) * quantity.units();
    }
    require(money.units() == expected, "a sum of {} amounts is off", kOperations);
    const Int128 scale = Decimal::kOne;
    require(notionals.total(Rounding::Down).units() == expectedNotionals / scale,
            "a sum of {} notionals is off", kOperations);
    evidence.note("10 million additions and 10 million products: exact (floating point would be off "
                  "by {:g})", floating - money.toDouble());
    Decimal bought;
    const auto tenth = Decimal::of("0.1");
    for (int i = 0; i < 10; ++i) {
        const auto id = stage.place({.symbol = "SOL/USD", .type = "limit", .quantity = "0.1",
                                     .limitPrice = "900", .timeInForce = "gtc"});
        stage.awaitState(id, "filled");
        bought += tenth;
    }
    require(bought == Decimal::fromInt(1), "ten tenths are {}", bought.toString());
    stage.await("ten tenths bought are exactly 1", 10s,
                [&] { return stage.position("SOL/USD") == "1"; });
    Money spent;
    const auto fills = stage.get("/v1/fills?limit=100&symbol=SOL%2FUSD");
    for (const auto& fill : fills["fills"].items())
        spent += notional(fill["price"].price().value(), fill["quantity"].quantity().value());
    const auto positions = stage.get("/v1/positions");
    for (const auto& position : positions["positions"].items()) {
        if (position["symbol"].stringOr({}) != "SOL/USD") continue;
        const auto average = position["averagePrice"].decimalOr(Decimal());
        require((Money(average) - spent).abs() <= Money::fromUnits(1),
                "ten fills cost {}, the average says {}", spent.toString(), average.toString());
    }
    evidence.note("ten fills of 0.1: position exactly 1, cost {} to the last digit", spent.toString());
}

} // namespace

std::vector<Drill> exactnessDrills()
{
    return {
        {"TB-1.2", "clocks change in New York, and the machine stands in another zone",
         "times are UTC instants; exchange calendars convert", {.isPrivate = true}, 90s,
         clocksChange},
        {"TB-1.5", "prices between two steps",
         "exact decimals, rounded in the safe direction or refused at the field", {}, 60s,
         safeRounding},
        {"TB-5.6", "ten million additions of money, and ten fills of a tenth",
         "every sum is exact", {}, 90s, exactSums},
    };
}

} // namespace qd::drills
