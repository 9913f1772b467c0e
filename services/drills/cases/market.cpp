// Limits of data providers, unknown symbols, old data, halts and hours.
#include <algorithm>

#include "models/market/calendar.h"
#include "services/drills/cases/cases.h"
#include "services/storage/atomic_file.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

json::Value quoteOf(const Answer& answer)
{
    return answer["quotes"].at(0);
}

int venueRemaining(Stage& stage)
{
    const auto answer = stage.venue("GET", "/v2/stocks/SPY/quotes/latest");
    return static_cast<int>(
        Decimal::parse(answer.headers.find("X-RateLimit-Remaining")).value_or(Decimal()).units() /
        Decimal::kOne);
}

void providerLimit(Stage& stage, Evidence& evidence)
{
    const int before = venueRemaining(stage);
    require(before > 0, "the data provider does not tell its limit");
    std::vector<std::future<Result<wire::HttpResponse>>> asked;
    for (int i = 0; i < 60; ++i)
        asked.push_back(stage.api().begin("GET", "/v1/bars?symbol=SPY&interval=5m&limit=50"));
    for (auto& pending : asked) {
        const auto answer = pending.get();
        require(answer && answer->status == 200, "one of 60 equal questions was answered {}",
                answer ? answer->body.substr(0, 200) : describe(answer.error()));
    }
    const int used = before - venueRemaining(stage) - 1;
    require(used <= 10, "60 equal questions cost {} requests at the provider", used);
    evidence.note("60 equal questions at once: all answered, {} requests at the provider", used);
    // Now the provider says no: the user is told when to try again, and the next try works.
    stage.fault(R"({"kind":"http_status","status":429,"method":"GET","path":"/v2/stocks","count":0})");
    const std::string other = "/v1/bars?symbol=ORCL&interval=15m&limit=30";
    const auto refused = stage.api().call("GET", other);
    require(refused.has_value(), "no answer under a limit: {}", whyNot(refused));
    require(refused->status == 429 && refused->headers.contains("Retry-After") &&
                refused->text("code") == "market.history_rate_limited",
            "expected 429 with the time of the next try, was {} {}", refused->status,
            refused->body.substr(0, 300));
    require(refused->took < 5s, "the user waited {:.0f} ms to be told", millisOf(refused->took));
    evidence.note("429 from the provider, nothing kept: 429 after {:.0f} ms, {}", millisOf(refused->took),
                  refused->text("detail"));
    const std::string longer = "/v1/bars?symbol=SPY&interval=5m&limit=400";
    const auto kept = stage.api().call("GET", longer);
    require(kept && kept->status == 200 && (*kept)["partial"].booleanOr(false) &&
                (*kept)["bars"].size() > 0 && !(*kept)["retryAfterMs"].isAbsent(),
            "what is kept was not answered: {}", kept ? kept->body.substr(0, 300) : whyNot(kept));
    evidence.note("with {} bars kept: those at once, marked partial", (*kept)["bars"].size());
    stage.clearFaults();
    stage.await("the same questions are answered in full once the limit allows", 60s, [&] {
        const auto answer = stage.api().call("GET", other);
        const auto whole = stage.api().call("GET", longer);
        return answer && answer->status == 200 && whole && whole->status == 200 &&
               !(*answer)["partial"].booleanOr(false) && !(*whole)["partial"].booleanOr(false);
    });
}

/// With a second key the user does not notice that the first one is used up, or refused.
void keysTakeTurns(Stage& stage, Evidence& evidence)
{
    const std::string second = R"({"keyId":"PKSECONDKEY","secretKey":")" + Stage::newId() + "\"}";
    const auto file = stage.folder() + "/second-key.json";
    const auto written = storage::replaceFile(file, second);
    require(written.has_value(), "{} cannot be written", file);
    stage.admin("POST", "/keys", second);
    stage.stopBackend();
    stage.addBackendOption("alpaca-data-credentials-files=" + file);
    stage.startBackend();
    stage.awaitSettled();
    const auto keys = json::Document::parse(slurp(stage.credentialsFile()));
    require(keys.has_value(), "the first key is not known");
    const auto strike = [&](int status, std::string_view keyId) {
        stage.fault(fmt::format(R"({{"kind":"http_status","status":{},"path":"/v2/stocks","count":0,)"
                                R"("keyId":"{}"}})",
                                status, keyId));
    };
    const auto answered = [&](const std::string& symbol) {
        const auto answer = stage.api().call("GET", "/v1/bars?symbol=" + symbol + "&interval=15m&limit=30");
        require(answer && answer->status == 200 && !(*answer)["partial"].booleanOr(false),
                "bars of {} were not answered: {}", symbol,
                answer ? answer->body.substr(0, 300) : whyNot(answer));
        return millisOf(answer->took);
    };
    strike(429, (*keys)["keyId"].stringOr({}));
    evidence.note("the first key used up: answered in {:.0f} ms", answered("CSCO"));
    stage.await("health names the key in use", 15s, [&] {
        const auto detail = stage.component("feed.alpaca", "detail");
        return detail.find("key 2 of 2 is in use") != std::string::npos &&
               detail.find("key 1 of 2 is used up until") != std::string::npos;
    });
    stage.clearFaults();
    strike(401, "PKSECONDKEY");
    stage.await("the second key is refused and the first one used again", 90s, [&] {
        const auto answer = stage.api().call("GET", "/v1/bars?symbol=PEP&interval=15m&limit=30");
        const auto detail = stage.component("feed.alpaca", "detail");
        return answer && answer->status == 200 &&
               detail.find("key 2 of 2 is refused") != std::string::npos &&
               detail.find("key 1 of 2 is in use") != std::string::npos;
    });
    evidence.note("the second key refused: {}", stage.component("feed.alpaca", "detail"));
    stage.clearFaults();
}

void providerLimits(Stage& stage, Evidence& evidence)
{
    providerLimit(stage, evidence);
    keysTakeTurns(stage, evidence);
}

void invalidSymbol(Stage& stage, Evidence& evidence)
{
    for (const std::string path : {"/v1/quotes?symbols=SPYY", "/v1/bars?symbol=SPYY",
                                   "/v1/instruments/SPYY", "/v1/quotes?symbols=SPY,SPYY"}) {
        const auto answer = stage.api().call("GET", path);
        require(answer && answer->status == 404 && answer->text("code") == "market.unknown_symbol",
                "{}: expected 404 market.unknown_symbol, was {}", path,
                answer ? answer->body.substr(0, 300) : describe(answer.error()));
        const auto near = (*answer)["near"].strings();
        require(near && std::ranges::find(*near, "SPY") != near->end(), "{}: near is {}", path,
                (*answer)["near"].dump());
    }
    evidence.note("an unknown symbol: 404 with near matches, SPY among them");
    const auto none = stage.get(
        "/v1/bars?symbol=SPY&from=1999-01-04T00:00:00Z&to=1999-01-04T01:00:00Z");
    require(none["bars"].isArray() && none["bars"].size() == 0, "no data: {}",
            none.body.substr(0, 200));
    evidence.note("a known symbol without data in that time: 200 and no bars");
}

void oldDataLooksOld(Stage& stage, Evidence& evidence)
{
    stage.await("KO is quoted live", 30s, [&] {
        return quoteOf(stage.get("/v1/quotes?symbols=KO"))["freshness"].stringOr({}) == "live";
    });
    const auto live = stage.get("/v1/quotes?symbols=KO");
    for (const char* member : {"eventTime", "receiveTime", "source", "feedClass", "ageMs"})
        require(!quoteOf(live)[member].isAbsent(), "a quote has no {}: {}", member,
                quoteOf(live).dump());
    const auto status = stage.get("/v1/market/status");
    require(!status["phase"].isAbsent(), "the market's state is not shown");
    // How long silence is normal must be known first: some twenty quotes tell.
    const auto listener = stage.listen();
    listener->subscribe(R"("quotes":["AAPL"])");
    stage.await("twenty quotes of AAPL", 60s, [&] {
        const auto heard = listener->messages();
        return std::ranges::count_if(heard, [](const std::string& text) {
                   return text.find("[\"AAPL\"") != std::string::npos;
               }) >= 20;
    });
    stage.fault(R"({"kind":"stale_symbol","symbol":"AAPL"})");
    const auto aaplIs = [&] {
        const auto quote = stage.get("/v1/quotes?symbols=AAPL");
        return std::string(quoteOf(quote)["freshness"].stringOr({}));
    };
    stage.await("one silent symbol is called slow while its feed is alive", 90s,
                [&] { return aaplIs() == "slow" || aaplIs() == "stale"; });
    require(quoteOf(stage.get("/v1/quotes?symbols=KO"))["freshness"].stringOr({}) != "stale",
            "the others are called stale too");
    evidence.note("one silent symbol: {} at an age of {} ms, the others live", aaplIs(),
                  quoteOf(stage.get("/v1/quotes?symbols=AAPL"))["ageMs"].integerOr(0));
    stage.clearFaults();
    stage.cut("data");
    stage.cut("dataStream");
    stage.await("the quote is no longer called live", 45s, [&] {
        const auto freshness = quoteOf(stage.get("/v1/quotes?symbols=KO"))["freshness"];
        return freshness.stringOr({}) != "live";
    });
    const auto old = stage.get("/v1/quotes?symbols=KO");
    evidence.note("feed cut: {} at an age of {} ms", quoteOf(old)["freshness"].stringOr({}),
                  quoteOf(old)["ageMs"].integerOr(0));
    stage.await("it is stale", 90s, [&] {
        const auto quote = stage.get("/v1/quotes?symbols=KO");
        return quoteOf(quote)["freshness"].stringOr({}) == "stale";
    });
    const auto before = quoteOf(old)["ageMs"].integerOr(0);
    stage.await("its age grows", 10s, [&] {
        return quoteOf(stage.get("/v1/quotes?symbols=KO"))["ageMs"].integerOr(0) > before + 1000;
    });
    const auto stale = stage.get("/v1/quotes?symbols=KO");
    stage.await("an order on an old price must be confirmed", 40s, [&] {
        const auto answer =
            stage.submit({.symbol = "KO", .type = "limit", .limitPrice = "20", .confirmed = false});
        return answer.status == 412 &&
               answer.body.find("precaution.stale_quote") != std::string::npos;
    });
    evidence.note("stale at {} ms; an order on it asks for confirmation",
                  quoteOf(stale)["ageMs"].integerOr(0));
    require(stage.componentStatus("feed.alpaca") != "ok", "health does not show the dead feed");
    stage.healNetwork();
    stage.await("it is live again", 60s, [&] {
        return quoteOf(stage.get("/v1/quotes?symbols=KO"))["freshness"].stringOr({}) == "live";
    });
}

/// Fifteen minutes and a day by the values' own times: the venue tells values that are so old
/// already. A simulated market keeps its own time, so the backend is told that it is a real one.
void limitsOfAge(Stage& stage, Evidence& evidence)
{
    struct Row {
        const char* symbol;
        std::chrono::minutes age;
        bool old, refused;
    };
    const Row rows[] = {{"CSCO", 14min, false, false},
                        {"PEP", 16min, true, false},
                        {"GM", 23h + 50min, true, false},
                        {"BA", 24h + 10min, true, true}};
    for (const auto& row : rows)
        stage.admin("POST", "/market/price",
                    fmt::format(R"({{"symbol":"{}","bid":"99.98","ask":"100","last":"100","ageMs":{}}})",
                                row.symbol, std::chrono::milliseconds(row.age).count()));
    stage.stopBackend();
    stage.addBackendOption("alpaca-simulated=false");
    stage.startBackend();
    stage.awaitSettled();
    for (const auto& row : rows) {
        const auto quote = quoteOf(stage.get(std::string("/v1/quotes?symbols=") + row.symbol));
        require(quote["old"].booleanOr(!row.old) == row.old &&
                    quote["refused"].booleanOr(!row.refused) == row.refused,
                "a quote that is {} minutes old: {}", row.age.count(), quote.dump());
        require(quote["ageMs"].integerOr(0) >= std::chrono::milliseconds(row.age).count(),
                "its age is said to be {} ms", quote["ageMs"].integerOr(0));
        require(quote["freshness"].stringOr({}) != "live", "{} is called live", row.symbol);
        evidence.note("{} minutes old: old {}, refused {}, {}", row.age.count(), row.old, row.refused,
                      quote["freshness"].stringOr({}));
    }
    const auto answer = stage.submit({.symbol = "BA"});
    require(answer.status == 422, "a market order on a day-old price: {} {}", answer.status,
            answer.body.substr(0, 300));
    evidence.note("a market order on the oldest one: refused");
}

void oldData(Stage& stage, Evidence& evidence)
{
    oldDataLooksOld(stage, evidence);
    limitsOfAge(stage, evidence);
}

void requireNyse(const char* instant, SessionPhase expected)
{
    const auto phase = Calendar::nyse().phase(Timestamp::of(instant));
    require(phase == expected, "{}: expected {}, was {}", instant, toString(expected),
            toString(phase));
}

void haltsAndHours(Stage& stage, Evidence& evidence)
{
    requireNyse("2026-11-26T15:00:00Z", SessionPhase::Closed);   // Thanksgiving
    requireNyse("2026-11-27T17:59:59Z", SessionPhase::Regular);  // closes at 13:00
    requireNyse("2026-11-27T18:00:00Z", SessionPhase::PostMarket);
    requireNyse("2026-12-25T15:00:00Z", SessionPhase::Closed);
    requireNyse("2027-07-05T15:00:00Z", SessionPhase::Closed); // the 4th is a Sunday
    evidence.note("calendar: holidays shut, the day after Thanksgiving ends at 13:00 New York");
    const auto resting =
        stage.place({.symbol = "BA", .type = "limit", .limitPrice = "100", .timeInForce = "gtc"});
    stage.awaitState(resting, "accepted");
    stage.admin("POST", "/market/halt", R"({"symbol":"BA","halted":true})");
    stage.await("the halt is shown", 15s, [&] {
        return quoteOf(stage.get("/v1/quotes?symbols=BA"))["freshness"].stringOr({}) == "halted";
    });
    const auto id = Stage::newId();
    const auto refused = stage.submit({.symbol = "BA", .id = id});
    require(refused.status == 422 && refused.body.find("risk.halted") != std::string::npos,
            "an order in a halted instrument: {} {}", refused.status, refused.body.substr(0, 300));
    require(stage.venueOrderCount(id) == 0, "it was sent");
    stage.call("DELETE", "/v1/orders/" + resting);
    stage.awaitState(resting, "canceled");
    stage.admin("POST", "/market/halt", R"({"symbol":"BA","halted":false})");
    stage.await("orders are taken again", 20s,
                [&] { return stage.submit({.symbol = "BA"}).status == 202; });
    evidence.note("halt from the broker: no order, cancels pass; lifted: orders again");
}

/// The backend again, believing that it is `moment`.
void startAt(Stage& stage, const std::string& moment)
{
    stage.stopBackend();
    stage.addBackendOption("drill-clock=" + moment);
    stage.startBackend();
    stage.awaitSettled();
}

bool isToldShut(const Answer& answer)
{
    return answer.status == 422 && answer.body.find("risk.market_closed") != std::string::npos;
}

/// The backend's own clock stands just before an early close of the past, so that the drill sees the
/// market shut whatever the day of the run is.
void requireEarlyClose(Stage& stage, Evidence& evidence)
{
    startAt(stage, "2025-11-28T17:59:35Z"); // the day after Thanksgiving
    const auto before = stage.get("/v1/market/status");
    require(before["phase"].stringOr({}) == "regular" && before["earlyClose"].booleanOr(false) &&
                before["closesAt"].stringOr({}).starts_with("2025-11-28T18:00:00"),
            "half a minute before an early close: {}", before.body);
    const Ticket immediate{.symbol = "GM", .type = "limit", .limitPrice = "1", .timeInForce = "ioc"};
    const auto open = stage.place(immediate); // needs no quote: the venue's are of another year
    stage.await("it is sent", 10s, [&] { return stage.venueOrderCount(open) == 1; });
    stage.await("the market shuts at 13:00 in New York", 60s, [&] {
        return stage.get("/v1/market/status")["phase"].stringOr({}) != "regular";
    });
    const auto after = stage.get("/v1/market/status");
    const auto shutAt = after["now"].timestamp();
    require(shutAt && *shutAt >= Timestamp::of("2025-11-28T18:00:00Z"), "it shut too early: {}", after.body);
    auto late = immediate;
    late.id = Stage::newId();
    for (const auto& ticket : {late, Ticket{.symbol = "GM", .id = Stage::newId()}}) {
        const auto shut = stage.submit(ticket);
        require(isToldShut(shut), "after the early close a {} order was answered {} {}", ticket.type,
                shut.status, shut.body.substr(0, 300));
        require(stage.venueOrderCount(ticket.id) == 0, "an order in a shut market was sent");
    }
    evidence.note("the backend's clock at an early close: immediate orders until {}, then {} and refused",
                  before["closesAt"].stringOr({}), after["phase"].stringOr({}));
}

void requireHoliday(Stage& stage, Evidence& evidence)
{
    startAt(stage, "2025-12-25T15:30:00Z");
    const auto status = stage.get("/v1/market/status");
    require(status["phase"].stringOr({}) == "closed", "Christmas: {}", status.body);
    const auto answer = stage.submit({.symbol = "GM"});
    require(isToldShut(answer), "on a holiday a market order was answered {} {}", answer.status,
            answer.body.substr(0, 300));
    evidence.note("on a holiday: closed, market orders refused");
}

void hoursOfNewYork(Stage& stage, Evidence& evidence)
{
    haltsAndHours(stage, evidence);
    // The sandbox never shuts; told that it is a real market, the backend keeps New York's hours. That
    // is another desk, with a database of its own.
    stage.addBackendOption("alpaca-simulated=false");
    stage.addBackendOption("storage-database=hours");
    requireEarlyClose(stage, evidence);
    requireHoliday(stage, evidence);
}

} // namespace

std::vector<Drill> marketDrills()
{
    return {
        {"PE-5.1", "more questions than the data provider allows, and its 429",
         "equal questions are asked once, under the limit; what is kept is answered; keys take turns; "
         "the user sees the time of the next try",
         {.isPrivate = true}, 180s, providerLimits},
        {"PE-5.2", "symbols that do not exist, and times without data",
         "404 with near matches; no data looks different from no such symbol", {}, 60s,
         invalidSymbol},
        {"PE-5.5", "the data feed dies while quotes are on the screen",
         "time, age and source with every value; stale is said, orders on it ask; a warning past 15 "
         "minutes, no basis for anything past a day",
         {.isPrivate = true}, 300s, oldData},
        {"TB-1.3", "holidays, early closes, a trading halt, and a shut market",
         "no order when shut or halted; cancels pass", {.isPrivate = true}, 180s, hoursOfNewYork},
    };
}

} // namespace qd::drills
