// Brokers that are down, in maintenance, or short of patience.
#include <algorithm>

#include "services/drills/cases/cases.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

constexpr double kSlowestPairMs = 6'000; ///< two answers of 429 hold everything back a second each

bool hasRetryAfter(const Answer& answer)
{
    return answer.headers.contains("Retry-After") && answer["retryAfterMs"].integerOr(0) > 0;
}

/// Submits while the breaker is open; the middle answer time in milliseconds.
double refusedQuickly(Stage& stage, int count)
{
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
        const auto answer = stage.submit({.symbol = "HD"});
        require(answer.status == 503, "expected 503 while the breaker is open, was {} {}",
                answer.status, answer.body.substr(0, 300));
        require(hasRetryAfter(answer), "503 without the time of the next try: {}", answer.body);
        times.push_back(millisOf(answer.took));
    }
    std::ranges::sort(times);
    return times[times.size() / 2];
}

void brokerDown(Stage& stage, Evidence& evidence)
{
    const auto resting =
        stage.place({.symbol = "HD", .type = "limit", .limitPrice = "300", .timeInForce = "gtc"});
    stage.awaitState(resting, "accepted");
    const auto listener = stage.listen();
    stage.cut("rest");
    stage.await("the breaker opens", 40s, [&] {
        stage.submit({.symbol = "HD"});
        return stage.breaker("broker.alpaca").text("state") == "open";
    });
    const auto open = stage.breaker("broker.alpaca");
    require(!open["nextAttempt"].isAbsent(), "an open breaker does not say when it tries again");
    require(open["failures"].integerOr(0) == 5, "expected it to open at the fifth failure, was {}",
            open.body);
    evidence.note("open after {} failures of {} calls: {}", open["failures"].integerOr(0),
                  open["calls"].integerOr(0), open.text("reason"));
    const double middle = refusedQuickly(stage, 15);
    require(middle < 10, "expected refusals in under 10 ms, the middle one took {:.1f} ms", middle);
    evidence.note("further orders: 503 with the time of the next try, in {:.2f} ms", middle);
    const auto cancel = stage.call("DELETE", "/v1/orders/" + resting);
    require(cancel.status == 202, "a cancel during the outage: {} {}", cancel.status, cancel.body);
    const auto shown = listener->waitFor(10s, [](const json::Value& message) {
        return message["type"].stringOr({}) == "status" &&
               message["brokers"].at(0)["breaker"].stringOr({}) == "open";
    });
    require(!shown.empty(), "terminals are not told of the open breaker");
    stage.healNetwork();
    stage.awaitState(resting, "canceled", 60s);
    evidence.note("the cancel asked for during the outage reached the venue afterwards");
    stage.await("the breaker closes again", 60s,
                [&] { return stage.breaker("broker.alpaca").text("state") == "closed"; });
}

void maintenance(Stage& stage, Evidence& evidence)
{
    stage.fault(R"({"kind":"maintenance","durationMs":20000})");
    stage.admin("POST", "/streams/disconnect", R"({"stream":"all"})");
    stage.await("an order is refused because the broker is away", 15s,
                [&] { return stage.submit({.symbol = "CAT"}).status == 503; });
    const auto answer = stage.submit({.symbol = "CAT"});
    require(answer.status == 503 && hasRetryAfter(answer), "expected 503 and a time, was {} {}",
            answer.status, answer.body);
    require(stage.componentStatus("broker.alpaca") != "ok", "health does not show the maintenance");
    evidence.note("maintenance: orders get 503 ({}), broker.alpaca is {}: {}", answer.text("code"),
                  stage.componentStatus("broker.alpaca"),
                  stage.component("broker.alpaca", "detail"));
    // What happened at the venue meanwhile is found out before trading goes on.
    stage.admin("POST", "/orders/foreign",
                R"({"symbol":"CAT","qty":"2","side":"buy","type":"market","time_in_force":"day"})");
    stage.awaitSettled(90s);
    require(stage.position("CAT") == stage.venuePosition("CAT") && stage.position("CAT") == "2",
            "after the maintenance we hold {} CAT, the venue says {}", stage.position("CAT"),
            stage.venuePosition("CAT"));
    const Ticket next{.symbol = "CAT", .id = Stage::newId()}; // once there is a price again
    stage.await("orders are taken again", 60s, [&] { return stage.submit(next).status == 202; });
    stage.awaitState(next.id, "filled");
    evidence.note("over: compared first (a trade made elsewhere was found), then orders go again");
}

/// The venue's own program is killed: what it acknowledged is there again when it is back.
void venueKilled(Stage& stage, Evidence& evidence)
{
    stage.stopBackend();
    stage.addBackendOption("data-dir=" + stage.folder() + "/kept");
    stage.addSandboxOption("data-dir=" + stage.folder() + "/kept");
    stage.sandbox().kill();
    stage.startSandbox();
    stage.startBackend();
    stage.awaitSettled(60s);
    const auto filled = stage.place({.symbol = "CAT", .quantity = "3"});
    stage.awaitState(filled, "filled");
    const auto resting =
        stage.place({.symbol = "CAT", .type = "limit", .limitPrice = "200", .timeInForce = "gtc"});
    stage.awaitState(resting, "accepted");
    stage.sandbox().kill();
    stage.stopBackend();
    stage.startSandbox(); // at other addresses, of which the backend must be told
    stage.startBackend();
    stage.awaitSettled(60s);
    require(stage.venuePosition("CAT") == "3", "the venue came back with {} CAT",
            stage.venuePosition("CAT"));
    require(stage.venueOrderCount(resting) == 1 && stage.venueOrderCount(filled) == 1,
            "the venue has the orders {} and {} times", stage.venueOrderCount(resting),
            stage.venueOrderCount(filled));
    stage.awaitState(resting, "accepted");
    const auto trading = stage.get("/v1/trading");
    require(trading["differences"].size() == 0 && stage.position("CAT") == "3",
            "after the venue's restart: {}", trading.body.substr(0, 400));
    stage.call("DELETE", "/v1/orders/" + resting);
    stage.awaitState(resting, "canceled");
    evidence.note("the venue killed and started again: order and position are there, nothing "
                  "differs, and the order can be canceled");
}

void maintenanceAndLoss(Stage& stage, Evidence& evidence)
{
    maintenance(stage, evidence);
    venueKilled(stage, evidence);
}

/// The venue's window of requests as its headers tell it.
struct Window {
    int status = 0;
    Timestamp resets;
};

Window askVenue(Stage& stage)
{
    const auto answer = stage.venue("GET", "/v2/clock");
    const auto reset = Decimal::parse(answer.headers.find("X-RateLimit-Reset"));
    require(reset.has_value(), "the venue does not tell when its limit begins anew");
    return {answer.status,
            Timestamp() + std::chrono::seconds(reset->units() / Decimal::kOne)};
}

/// All of the venue's limit is used, by another program with our key; it begins anew in a while.
Timestamp useUpTheLimit(Stage& stage)
{
    constexpr int kTriesMax = 1'000;
    stage.await("a fresh window of the venue's limit", 70s, [&] {
        return askVenue(stage).resets - runtime::systemClock().now() > 20s;
    });
    for (int i = 0; i < kTriesMax; ++i) {
        const auto window = askVenue(stage);
        if (window.status == 429) return window.resets;
    }
    broken("{} requests did not use up the venue's limit", kTriesMax);
}

/// Real limits instead of none, and the answer 429 of a venue whose limit is used up.
void waitsAsTold(Stage& stage, Evidence& evidence)
{
    stage.stopBackend();
    stage.addSandboxOption("requests-per-minute=200");
    stage.addBackendOption("trading-reconcile-every=10m");
    stage.addBackendOption("data-dir=" + stage.folder() + "/limited");
    stage.sandbox().kill();
    stage.startSandbox();
    stage.startBackend();
    stage.awaitSettled(60s);
    const Timestamp resets = useUpTheLimit(stage);
    const Ticket patient{.symbol = "GE", .type = "limit", .limitPrice = "120",
                         .timeInForce = "gtc"};
    std::string said;
    stage.await("an order is told when the limit begins anew", 10s, [&] {
        const auto id = stage.place(patient); // the first one learns it from the venue's 429
        said = stage.awaitState(id, "rejected", 10s).text("reasonText");
        return said.find("next try at ") != std::string::npos;
    });
    const auto told = Timestamp::parse(said.substr(said.find("next try at ") + 12, 20));
    require(told && *told >= resets - 2s && *told <= resets + 2s, "expected a try at {}, was: {}",
            resets.toString(0), said);
    evidence.note("limit used up until {}: {}", resets.toString(0), said);
    const auto since = [&] { return runtime::systemClock().now() - resets; };
    stage.await("shortly before the limit begins anew", 70s, [&] { return since() >= -5s; });
    const auto early = stage.place(patient);
    stage.awaitState(early, "rejected", 2s);
    stage.await("the limit begins anew", 20s, [&] { return since() >= 2s; });
    const auto taken = stage.place(patient);
    stage.awaitState(taken, "accepted", 5s);
    require(stage.venueOrderCount(early) == 0 && stage.venueOrderCount(taken) == 1,
            "the venue has the early order {} times and the later one {} times",
            stage.venueOrderCount(early), stage.venueOrderCount(taken));
    evidence.note("an order 5 s before that was not sent, one after it was taken");
    stage.call("DELETE", "/v1/orders/" + taken);
    stage.awaitState(taken, "canceled");
}

void rateLimited(Stage& stage, Evidence& evidence)
{
    // Polling that would use up any limit: comparisons with the broker, one behind the other.
    std::vector<std::future<Result<wire::HttpResponse>>> polling;
    for (int i = 0; i < 2; ++i)
        stage.fault(R"({"kind":"http_status","status":429,"method":"GET","path":"/v2/account"})");
    for (int i = 0; i < 40; ++i)
        polling.push_back(stage.api().begin("POST", "/v1/trading/reconcile"));
    std::vector<std::string> ids;
    double worst = 0;
    for (int i = 0; i < 10; ++i) {
        const auto before = runtime::systemClock().steady();
        const auto id = stage.place({.symbol = "GE", .type = "limit", .limitPrice = "120",
                                     .timeInForce = "gtc"});
        stage.awaitState(id, "accepted", 15s);
        stage.call("DELETE", "/v1/orders/" + id);
        stage.awaitState(id, "canceled", 15s);
        worst = std::max(worst, millisOf(runtime::systemClock().steady() - before));
        require(stage.venueOrderCount(id) == 1, "an order is at the venue {} times",
                stage.venueOrderCount(id));
    }
    evidence.note("10 orders and cancels while polling is at its limit and two 429 come: the "
                  "slowest pair took {:.0f} ms", worst);
    require(worst < kSlowestPairMs, "an order and its cancel took {:.0f} ms behind the polling",
            worst);
    for (auto& pending : polling) pending.wait();
    stage.await("both answers of 429 have struck", 60s,
                [&] { return stage.admin("GET", "/faults").root().size() == 0; });
    require(stage.breaker("broker.alpaca").text("state") == "closed",
            "answers of 429 opened the breaker");
    stage.awaitSettled(60s);
    waitsAsTold(stage, evidence);
}

} // namespace

std::vector<Drill> outageDrills()
{
    return {
        {"PE-3.7", "the broker does not accept connections",
         "a breaker opens after 5 failures; orders fail in under 10 ms with the time of the next "
         "try; cancels are still tried; terminals see it",
         {}, 180s, brokerDown, /*isAlone=*/true},
        {"TB-3.8", "the broker is in maintenance, something trades there meanwhile; then it is killed",
         "its status is shown, trading pauses and resumes after a comparison",
         {.isPrivate = true}, 240s, maintenanceAndLoss},
        {"TB-3.1", "the broker answers 429 while we poll as much as we can",
         "waits until the time told; orders and cancels go ahead of polling; no breaker opens",
         {.backend = {"trading-reconcile-every=300ms"}, .isPrivate = true}, 300s, rateLimited},
    };
}

} // namespace qd::drills
