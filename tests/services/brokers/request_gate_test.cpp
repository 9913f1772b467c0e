#include "services/brokers/request_gate.h"

#include <gtest/gtest.h>

#include "services/brokers/alpaca/gate_terms.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RequestGateTest : public ::testing::Test, public test::VenueWorld {
protected:
    struct Asked {
        std::optional<Result<wire::HttpResponse>> result;
        Timestamp at;
        std::string errorCode() const
        {
            return result && !*result ? result->error().code : std::string();
        }
        int status() const { return result && *result ? (*result)->status : 0; }
    };

    std::shared_ptr<Asked> ask(Purpose purpose, std::string path = "/v2/clock")
    {
        auto asked = std::make_shared<Asked>();
        RequestGate::Request request;
        request.purpose = purpose;
        request.method = purpose == Purpose::Order    ? "POST"
                         : purpose == Purpose::Cancel ? "DELETE"
                                                      : "GET";
        request.path = std::move(path);
        gate->send(std::move(request), [this, asked](Result<wire::HttpResponse> result) {
            EXPECT_FALSE(asked->result) << "answered twice";
            asked->result = std::move(result);
            asked->at = world.now();
        });
        return asked;
    }
    void failFiveTimes()
    {
        for (int i = 0; i < 5; ++i) {
            venue.next(500);
            ask(Purpose::Query);
            run(seconds(1));
        }
        ASSERT_EQ(gate->breaker().snapshot().state, resilience::BreakerState::Open);
    }
    /// Uses up the burst that queries may have.
    void spendBurst()
    {
        for (int i = 0; i < 40; ++i) ask(Purpose::Query, "/burst");
        run(milliseconds(100));
    }

    AlpacaSettings given = settings();
    std::unique_ptr<RequestGate> gate = std::make_unique<RequestGate>(
        alpaca::gateTerms(given, given.tradingUrl, "broker.alpaca"), *http, core, world.random());
};

TEST_F(RequestGateTest, CredentialsAndTraceTravelInHeadersOnly)
{
    RequestGate::Request request;
    request.path = "/v2/account?x=1";
    request.traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    gate->send(request, [](const auto&) {});
    run(seconds(1));
    ASSERT_EQ(venue.requests.size(), 1u);
    const auto& sent = venue.requests[0];
    EXPECT_EQ(sent.target, "/v2/account?x=1");
    EXPECT_EQ(sent.headers.find("APCA-API-KEY-ID"), "PKTEST");
    EXPECT_EQ(sent.headers.find("APCA-API-SECRET-KEY"), "hush-hush");
    EXPECT_EQ(sent.headers.find("traceparent"), request.traceParent);
}

TEST_F(RequestGateTest, WithoutAKeyNothingIsSent)
{
    AlpacaSettings keyless = settings();
    keyless.keyId = runtime::Secret();
    gate = std::make_unique<RequestGate>(alpaca::gateTerms(keyless, keyless.tradingUrl, "x"), *http,
                                         core, world.random());
    EXPECT_EQ(ask(Purpose::Order)->errorCode(), "broker.credentials_missing");
    run(seconds(1));
    EXPECT_TRUE(venue.requests.empty());
    gate.reset();
}

TEST_F(RequestGateTest, TheBreakerOpensAtTheFifthFailureAtTheLatest)
{
    for (int i = 0; i < 20; ++i) {
        ask(Purpose::Query);
        run(milliseconds(400));
    }
    int failures = 0;
    while (gate->breaker().snapshot().state == resilience::BreakerState::Closed) {
        ASSERT_LT(failures, 5);
        venue.next(503);
        ask(Purpose::Query);
        run(milliseconds(400));
        ++failures;
    }
    EXPECT_LE(failures, 5);
    const auto before = venue.requests.size();
    const auto refused = ask(Purpose::Order);
    EXPECT_EQ(refused->errorCode(), "resilience.breaker_open") << "at once, not after a wait";
    run(milliseconds(500));
    EXPECT_EQ(venue.requests.size(), before);
}

TEST_F(RequestGateTest, TimeoutsOpenTheBreakerToo)
{
    network.cut("alpaca.test");
    for (int i = 0; i < 5; ++i) {
        ask(Purpose::Query);
        run(seconds(11));
    }
    EXPECT_EQ(gate->breaker().snapshot().state, resilience::BreakerState::Open);
    EXPECT_EQ(gate->lastError().code, "wire.timeout");
}

TEST_F(RequestGateTest, CancelsPassAnOpenBreaker)
{
    failFiveTimes();
    const auto cancel = ask(Purpose::Cancel, "/v2/orders/1");
    run(milliseconds(200));
    EXPECT_EQ(cancel->status(), 200);
    EXPECT_EQ(venue.requests.back().method, "DELETE");
}

TEST_F(RequestGateTest, ARefusalIsAnAnswerAndOpensNothing)
{
    for (int i = 0; i < 12; ++i) {
        venue.next(422, R"({"message":"no"})");
        ask(Purpose::Query);
        run(milliseconds(400));
    }
    EXPECT_EQ(gate->breaker().snapshot().state, resilience::BreakerState::Closed);
    venue.next(401);
    ask(Purpose::Query);
    run(seconds(1));
    EXPECT_FALSE(gate->isAuthorized());
    ask(Purpose::Query);
    run(seconds(1));
    EXPECT_TRUE(gate->isAuthorized());
}

TEST_F(RequestGateTest, A429HoldsEverythingOffForAsLongAsTheVenueSays)
{
    venue.next(429, "{}", {{"Retry-After", "7"}});
    const auto limited = ask(Purpose::Query);
    run(milliseconds(100));
    EXPECT_EQ(limited->status(), 429);
    const auto sent = venue.requests.size();
    const auto query = ask(Purpose::Query);
    EXPECT_EQ(ask(Purpose::Order)->errorCode(), "broker.rate_limited")
        << "an order is not kept for seconds";
    run(milliseconds(6500));
    EXPECT_EQ(venue.requests.size(), sent);
    EXPECT_FALSE(query->result);
    run(seconds(20));
    EXPECT_EQ(query->status(), 200);
}

TEST_F(RequestGateTest, AWaitLongerThanTimeItselfIsAWait)
{
    // More nanoseconds than 64 bits hold.
    venue.next(429, "{}", {{"Retry-After", "10000000000"}});
    ask(Purpose::Query);
    run(milliseconds(100));
    const auto sent = venue.requests.size();
    ask(Purpose::Query);
    run(seconds(60));
    EXPECT_EQ(venue.requests.size(), sent);
}

TEST_F(RequestGateTest, TheVenuesCountIsBelievedBeforeItHasToRefuse)
{
    const auto headers = [this](int remaining) {
        return wire::Headers{
            {"X-RateLimit-Limit", "200"},
            {"X-RateLimit-Remaining", std::to_string(remaining)},
            {"X-RateLimit-Reset", std::to_string((world.now() + seconds(30)).seconds())}};
    };
    venue.next(200, "{}", headers(12));
    ask(Purpose::Query);
    run(milliseconds(100));
    EXPECT_EQ(gate->rateRemaining(), 12);
    const auto query = ask(Purpose::Query);
    const auto order = ask(Purpose::Order);
    run(seconds(5));
    EXPECT_FALSE(query->result) << "what is left belongs to orders";
    EXPECT_EQ(order->status(), 200);
    run(seconds(30));
    EXPECT_EQ(query->status(), 200);

    venue.next(200, "{}", headers(0));
    ask(Purpose::Order);
    run(milliseconds(100));
    EXPECT_EQ(ask(Purpose::Order)->errorCode(), "broker.rate_limited");
    run(seconds(32));
    const auto later = ask(Purpose::Order);
    run(seconds(1));
    EXPECT_EQ(later->status(), 200);
}

TEST_F(RequestGateTest, OrdersGoAheadOfQueries)
{
    spendBurst();
    for (int i = 0; i < 10; ++i) ask(Purpose::Query, "/late");
    for (int i = 0; i < 20; ++i) ask(Purpose::Order, "/reserve");
    run(milliseconds(100));
    const auto order = ask(Purpose::Order, "/v2/orders");
    const auto cancel = ask(Purpose::Cancel, "/v2/orders/1");
    run(seconds(60));
    ASSERT_TRUE(order->result && cancel->result);
    std::size_t orderAt = 0, cancelAt = 0, firstLate = 0;
    for (std::size_t i = 0; i < venue.requests.size(); ++i) {
        const auto& target = venue.requests[i].target;
        if (target == "/v2/orders") orderAt = i;
        if (target == "/v2/orders/1") cancelAt = i;
        if (target == "/late" && firstLate == 0) firstLate = i;
    }
    EXPECT_LT(orderAt, cancelAt) << "commands keep their order";
    EXPECT_LT(cancelAt, firstLate);
}

TEST_F(RequestGateTest, TheLineIsBounded)
{
    spendBurst();
    std::vector<std::shared_ptr<Asked>> asked;
    for (std::size_t i = 0; i < RequestGate::kWaitingMax + 10; ++i)
        asked.push_back(ask(Purpose::Query));
    EXPECT_EQ(gate->waiting(), RequestGate::kWaitingMax);
    for (std::size_t i = RequestGate::kWaitingMax; i < asked.size(); ++i)
        EXPECT_EQ(asked[i]->errorCode(), "broker.rate_limited");
    run(std::chrono::minutes(3));
    for (std::size_t i = 0; i < RequestGate::kWaitingMax; ++i)
        EXPECT_EQ(asked[i]->status(), 200) << i;
}

TEST_F(RequestGateTest, OrdersThatWouldWaitTooLongAreRefusedAtOnce)
{
    for (int i = 0; i < 60; ++i) ask(Purpose::Order);
    int waiting = 0, refused = 0;
    for (int i = 0; i < 100; ++i) {
        const auto order = ask(Purpose::Order);
        if (!order->result)
            ++waiting;
        else if (order->errorCode() == "broker.rate_limited")
            ++refused;
    }
    EXPECT_GT(waiting, 0);
    EXPECT_LE(waiting, 8) << "0.3 s each, 2 s at most";
    EXPECT_EQ(waiting + refused, 100);
    const auto cancel = ask(Purpose::Cancel);
    EXPECT_FALSE(cancel->result) << "a cancel may wait longer";
    run(seconds(12));
    EXPECT_EQ(cancel->status(), 200);
}

TEST_F(RequestGateTest, NobodyOvertakesHisOwnKind)
{
    spendBurst();
    for (int i = 0; i < 5; ++i) ask(Purpose::Query, "/early");
    // Time passes in which a slot becomes free just when a newcomer asks.
    for (int i = 0; i < 5; ++i) {
        run(milliseconds(299));
        ask(Purpose::Query, "/newcomer");
    }
    run(seconds(10));
    std::size_t lastEarly = 0, firstNewcomer = 0;
    for (std::size_t i = 0; i < venue.requests.size(); ++i) {
        if (venue.requests[i].target == "/early") lastEarly = i;
        if (venue.requests[i].target == "/newcomer" && firstNewcomer == 0) firstNewcomer = i;
    }
    EXPECT_LT(lastEarly, firstNewcomer);
}

TEST_F(RequestGateTest, AnAnswerMayAskAgain)
{
    int rounds = 0;
    std::function<void()> again = [&] {
        RequestGate::Request request;
        request.path = "/chain";
        gate->send(std::move(request), [&](const auto&) {
            if (++rounds < 500) again();
        });
    };
    again();
    run(std::chrono::minutes(4));
    EXPECT_EQ(rounds, 500);
}

TEST_F(RequestGateTest, AfterItsEndNobodyIsCalled)
{
    bool called = false;
    RequestGate::Request request;
    gate->send(request, [&](const auto&) { called = true; });
    spendBurst();
    gate->send(request, [&](const auto&) { called = true; });
    called = false;
    gate->send(request, [&](const auto&) { called = true; });
    gate.reset();
    run(std::chrono::minutes(1));
    EXPECT_FALSE(called);
}

TEST_F(RequestGateTest, WhenTheClientEndsItsCallsAreGivenUp)
{
    failFiveTimes();
    run(seconds(6)); // half open: one probe may pass
    ask(Purpose::Query);
    http.reset(); // its callbacks never come
    run(seconds(30));
    EXPECT_EQ(gate->breaker().snapshot().permitsOut, 0) << "the probe's permit came back";
    gate.reset();
}

} // namespace
} // namespace qd::brokers
