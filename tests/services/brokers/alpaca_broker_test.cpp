#include "services/brokers/alpaca/alpaca_broker.h"

#include <gtest/gtest.h>

#include "services/json/json.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::alpacaOrder;

class AlpacaBrokerTest : public ::testing::Test, public test::VenueWorld {
protected:
    static OrderRequest order(const std::string& id = "mine")
    {
        OrderRequest request;
        request.clientOrderId = ClientOrderId(id);
        request.account = AccountId("paper");
        request.symbol = Symbol::of("AAPL");
        request.type = OrderType::Limit;
        request.quantity = Quantity::of("15");
        request.limitPrice = Price::of("107.5");
        return request;
    }
    Outcome submit(const OrderRequest& request = order())
    {
        std::optional<Outcome> outcome;
        broker->submit(request, {}, [&](Outcome given) {
            EXPECT_FALSE(outcome) << "two outcomes";
            outcome = std::move(given);
        });
        world.runUntil([&] { return outcome.has_value(); }, seconds(60));
        EXPECT_TRUE(outcome) << "no outcome";
        run(seconds(20));
        return outcome.value_or(Unknown{});
    }
    static std::string wordOf(const Outcome& outcome)
    {
        if (std::holds_alternative<Accepted>(outcome)) return "accepted";
        if (const auto* refused = std::get_if<Refused>(&outcome))
            return "refused " + std::string(toString(refused->error.kind));
        return "unknown";
    }

    std::unique_ptr<AlpacaBroker> broker =
        std::make_unique<AlpacaBroker>(settings(), *http, *sockets, core, world.random());
};

TEST_F(AlpacaBrokerTest, AnAcceptedOrderIsReported)
{
    venue.next(200, alpacaOrder("mine", {{"status", "\"pending_new\""}}));
    const auto outcome = submit();
    ASSERT_TRUE(std::holds_alternative<Accepted>(outcome));
    const auto& report = std::get<Accepted>(outcome).report;
    EXPECT_EQ(report.clientOrderId, ClientOrderId("mine"));
    EXPECT_EQ(report.state, OrderState::Accepted);
    ASSERT_EQ(venue.requests.size(), 1u);
    EXPECT_EQ(venue.requests[0].method, "POST");
    EXPECT_EQ(venue.requests[0].target, "/v2/orders");
}

struct AnswerCase {
    const char* name;
    int status;
    std::string body;
    const char* outcome;
};

TEST_F(AlpacaBrokerTest, EachAnswerIsWhatItProves)
{
    const AnswerCase cases[] = {
        {"bad request", 400, R"({"message":"bad"})", "refused invalid"},
        {"bad key", 401, "", "refused denied"},
        {"no money", 403, R"({"code":40310000,"message":"insufficient buying power"})",
         "refused denied"},
        {"invalid", 422, R"({"code":42210000,"message":"qty must be > 0"})", "refused invalid"},
        {"rate limited", 429, "", "refused unavailable"},
        {"duplicate id: the venue has it", 422,
         R"({"code":40010001,"message":"client_order_id must be unique"})", "unknown"},
        {"server error", 500, "", "unknown"},
        {"bad gateway", 502, "<html>", "unknown"},
        {"unavailable", 503, "", "unknown"},
        {"gateway timeout", 504, "", "unknown"},
        {"unreadable", 200, "<html>ok</html>", "unknown"},
        {"empty", 200, "", "unknown"},
        {"half an order", 200, alpacaOrder("mine").substr(0, 100), "unknown"},
        {"an order without an id", 200, alpacaOrder("mine", {{"id", ""}}), "unknown"},
        {"somebody else's order", 200, alpacaOrder("other"), "unknown"},
        {"a redirect", 302, "", "unknown"},
    };
    for (const auto& row : cases) {
        broker = std::make_unique<AlpacaBroker>(settings(), *http, *sockets, core, world.random());
        const auto sent = venue.requests.size();
        venue.next(row.status, row.body);
        EXPECT_EQ(wordOf(submit()), row.outcome) << row.name;
        EXPECT_EQ(venue.requests.size(), sent + 1) << row.name << ": sent once and never again";
    }
}

TEST_F(AlpacaBrokerTest, EachFailureOfTheNetworkIsWhatItProves)
{
    struct Case {
        const char* name;
        double qd::test::SimFaults::*fault;
        const char* outcome;
        std::size_t delivered;
    };
    using qd::test::SimFaults;
    const Case cases[] = {
        {"connect refused", &SimFaults::connectRefused, "refused unavailable", 0},
        {"request lost", &SimFaults::requestLost, "unknown", 0},
        {"request reset", &SimFaults::requestReset, "unknown", 0},
        {"answer lost", &SimFaults::answerLost, "unknown", 1},
        {"answer reset", &SimFaults::answerReset, "unknown", 1},
        {"502 after the fact", &SimFaults::serverErrorAfter, "unknown", 1},
        {"503 before it", &SimFaults::serverError, "unknown", 0},
        {"too slow", &SimFaults::slow, "unknown", 1},
    };
    venue.answer = [](const auto&) { return wire::HttpResponse{200, {}, alpacaOrder("mine")}; };
    for (const auto& row : cases) {
        broker = std::make_unique<AlpacaBroker>(settings(), *http, *sockets, core, world.random());
        const auto sent = venue.requests.size();
        network.faults().*row.fault = 1;
        EXPECT_EQ(wordOf(submit()), row.outcome) << row.name;
        network.faults().*row.fault = 0;
        EXPECT_EQ(venue.requests.size() - sent, row.delivered) << row.name;
    }
}

TEST_F(AlpacaBrokerTest, ATimeoutIsToldAtTheDeadline)
{
    venue.answer = [](const auto&) { return std::nullopt; };
    std::optional<Outcome> outcome;
    broker->submit(order(), {}, [&](Outcome given) { outcome = std::move(given); });
    run(milliseconds(9900));
    EXPECT_FALSE(outcome);
    run(milliseconds(300));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(wordOf(*outcome), "unknown");
    EXPECT_EQ(std::get<Unknown>(*outcome).error.code, "wire.timeout");
}

TEST_F(AlpacaBrokerTest, AnOpenBreakerRefusesOrdersAtOnceAndProbesByItself)
{
    std::vector<BrokerEvent> events;
    broker->start([&](BrokerEvent event) { events.push_back(std::move(event)); });
    for (int i = 0; i < 5; ++i) venue.next(500);
    for (int i = 0; i < 5; ++i) broker->account([](const auto&) {});
    run(seconds(1));
    EXPECT_EQ(broker->status().breakerState, "open");
    EXPECT_TRUE(broker->status().nextAttempt.isSet());
    const Timestamp asked = world.now();
    std::optional<Outcome> outcome;
    broker->submit(order(), {}, [&](Outcome given) { outcome = std::move(given); });
    world.runReady();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(world.now(), asked);
    EXPECT_EQ(wordOf(*outcome), "refused unavailable");
    run(seconds(20));
    EXPECT_EQ(broker->status().breakerState, "closed")
        << "a probe went out without anybody's order";
    bool told = false;
    for (const auto& event : events)
        if (const auto* change = std::get_if<ConnectionChange>(&event))
            told |=
                !change->connected && change->reason.find("does not answer") != std::string::npos;
    EXPECT_TRUE(told);
}

TEST_F(AlpacaBrokerTest, ACancelIsAnsweredByNothing)
{
    venue.next(204);
    std::optional<Outcome> outcome;
    broker->cancel(VenueOrderId("a b"), {}, [&](Outcome given) { outcome = std::move(given); });
    run(seconds(1));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(wordOf(*outcome), "accepted");
    EXPECT_EQ(venue.requests.back().target, "/v2/orders/a%20b");
    venue.next(422, R"({"code":42210000,"message":"order is already filled"})");
    broker->cancel(VenueOrderId("x"), {}, [&](Outcome given) { outcome = std::move(given); });
    run(seconds(1));
    EXPECT_EQ(wordOf(*outcome), "refused invalid");
    venue.next(404);
    broker->cancel(VenueOrderId("x"), {}, [&](Outcome given) { outcome = std::move(given); });
    run(seconds(1));
    EXPECT_EQ(wordOf(*outcome), "refused not_found");
}

TEST_F(AlpacaBrokerTest, AChangeMustComeBackUnderTheNewId)
{
    Modification change;
    change.limitPrice = Price::of("108");
    change.newClientOrderId = ClientOrderId("second");
    venue.next(200, alpacaOrder("second", {{"replaces", "\"old\""}}));
    std::optional<Outcome> outcome;
    broker->modify(VenueOrderId("old"), change, {},
                   [&](Outcome given) { outcome = std::move(given); });
    run(seconds(1));
    ASSERT_TRUE(outcome);
    ASSERT_EQ(wordOf(*outcome), "accepted");
    EXPECT_EQ(std::get<Accepted>(*outcome).report.replaces, VenueOrderId("old"));
    EXPECT_EQ(venue.requests.back().method, "PATCH");
    EXPECT_EQ(venue.requests.back().body, R"({"limit_price":"108","client_order_id":"second"})");
}

TEST_F(AlpacaBrokerTest, ListsOfOrdersPageWithoutLosingThoseOfOneInstant)
{
    // 1,201 orders, many of which share an instant; the venue's `until` is exclusive.
    std::vector<std::pair<Timestamp, std::string>> all;
    const auto start = Timestamp::of("2026-01-05T10:00:00Z");
    for (int i = 0; i < 1201; ++i)
        all.emplace_back(start + seconds(i / 7), "o" + std::to_string(i));
    venue.answer = [all](const wire::HttpRequest& request) {
        const auto target = wire::Target::parse(request.target);
        const auto until = Timestamp::parse(target->queryValue("until"));
        const auto limit = std::stoul(std::string(target->queryValue("limit")));
        std::string body = "[";
        std::size_t count = 0;
        for (auto at = all.rbegin(); at != all.rend() && count < limit; ++at) {
            if (until && at->first >= *until) continue;
            body += (count++ ? "," : "") +
                    alpacaOrder(
                        at->second,
                        {{"id", "\"v" + at->second + "\""},
                         {"submitted_at", "\"" + at->first.toString(9) + "\""},
                         {"created_at", "\"" + (at->first - milliseconds(3)).toString(9) + "\""}});
        }
        return wire::HttpResponse{200, {}, body + "]"};
    };
    const auto list = [&](std::size_t limit) {
        std::optional<Result<std::vector<OrderReport>>> result;
        broker->listOrders({false, {}, limit}, [&](auto given) { result = std::move(given); });
        run(seconds(30));
        EXPECT_TRUE(result && *result);
        return result && *result ? **result : std::vector<OrderReport>();
    };
    const auto everything = list(5'000);
    EXPECT_EQ(everything.size(), all.size());
    std::set<std::string> ids;
    for (const auto& report : everything) ids.insert(report.clientOrderId.text());
    EXPECT_EQ(ids.size(), all.size()) << "each once";
    EXPECT_EQ(list(600).size(), 600u);
    EXPECT_EQ(list(20).size(), 20u);
}

TEST_F(AlpacaBrokerTest, AVenueWhoseListNeverEndsIsNotFollowedForEver)
{
    std::string page = "[";
    for (int i = 0; i < 500; ++i)
        page += (i ? "," : "") + alpacaOrder("same" + std::to_string(i),
                                             {{"id", "\"same" + std::to_string(i) + "\""}});
    page += "]";
    venue.answer = [page](const auto&) { return wire::HttpResponse{200, {}, page}; };
    bool done = false;
    broker->listOrders({false, {}, 100'000}, [&](const auto& result) {
        done = true;
        EXPECT_TRUE(result);
        EXPECT_EQ(result->size(), 500u);
    });
    run(std::chrono::minutes(3));
    EXPECT_TRUE(done);
}

TEST_F(AlpacaBrokerTest, ExecutionsPageByTheirIds)
{
    venue.answer = [](const wire::HttpRequest& request) {
        const auto target = wire::Target::parse(request.target);
        const auto token = target->queryValue("page_token");
        const int first =
            token.empty() ? 0 : std::stoi(std::string(token.substr(token.find("::") + 2))) + 1;
        std::string body = "[";
        for (int i = first; i < std::min(first + 100, 250); ++i)
            body += std::string(i > first ? "," : "") + R"({"id":"20260105::)" + std::to_string(i) +
                    R"(","price":"1.5","qty":"1","side":"buy","symbol":"AAPL","order_id":"o",)" +
                    R"("transaction_time":"2026-01-05T15:00:00Z"})";
        return wire::HttpResponse{200, {}, body + "]"};
    };
    std::optional<Result<std::vector<Fill>>> result;
    broker->listExecutions(Timestamp::of("2026-01-05T14:00:00Z"),
                           [&](auto given) { result = std::move(given); });
    run(seconds(10));
    ASSERT_TRUE(result && *result);
    ASSERT_EQ((*result)->size(), 250u);
    EXPECT_EQ((*result)->back().executionId, ExecutionId("249"));
    EXPECT_NE(venue.requests[0].target.find("after=2026-01-05T13%3A59%3A59.999999999Z"),
              std::string::npos)
        << "since counts; the venue's after does not: " << venue.requests[0].target;
}

TEST_F(AlpacaBrokerTest, QueriesTellFailuresApart)
{
    venue.next(404, R"({"code":40410000,"message":"order not found for x"})");
    std::optional<Result<OrderReport>> found;
    broker->findByClientId(ClientOrderId("x"), [&](auto given) { found = std::move(given); });
    run(seconds(1));
    ASSERT_TRUE(found && !*found);
    EXPECT_EQ(found->error().code, "broker.order_not_found");
    EXPECT_EQ(found->error().kind, ErrorKind::NotFound);
    venue.next(500);
    broker->findByClientId(ClientOrderId("x"), [&](auto given) { found = std::move(given); });
    run(seconds(1));
    EXPECT_NE(found->error().kind, ErrorKind::NotFound) << "no proof of absence";
    venue.next(200, "[]");
    std::optional<Result<AccountSnapshot>> account;
    broker->account([&](auto given) { account = std::move(given); });
    run(seconds(1));
    ASSERT_TRUE(account && !*account);
    EXPECT_EQ(account->error().code, "alpaca.schema");
}

TEST_F(AlpacaBrokerTest, OneOddAssetDoesNotHideTheOthers)
{
    venue.next(200, R"([{"symbol":"AAPL","name":"Apple","exchange":"NASDAQ","class":"us_equity",
                        "tradable":true},{"symbol":"???","tradable":true},{"symbol":"X"},
                       {"symbol":"BTC/USD","class":"crypto","tradable":true,
                        "min_order_size":"0.0001","min_trade_increment":"0.0001",
                        "price_increment":"0.5"}])");
    std::optional<Result<std::vector<Instrument>>> list;
    broker->listInstruments([&](auto given) { list = std::move(given); });
    run(seconds(1));
    ASSERT_TRUE(list && *list);
    ASSERT_EQ((*list)->size(), 2u);
    EXPECT_EQ((**list)[1].tick, Price::of("0.5"));
}

TEST_F(AlpacaBrokerTest, DestroyedWithCallsUnderWayNothingComesAfter)
{
    int calls = 0;
    broker->submit(order(), {}, [&](const auto&) { ++calls; });
    broker->listOrders({}, [&](const auto&) { ++calls; });
    broker->start([&](const BrokerEvent&) { ++calls; });
    run(milliseconds(2));
    broker.reset();
    const int before = calls;
    run(seconds(60));
    EXPECT_EQ(calls, before);
}

TEST_F(AlpacaBrokerTest, StoppedItStopsProbing)
{
    broker->start([](const BrokerEvent&) {});
    venue.answer = [](const auto&) { return wire::HttpResponse{500, {}, {}}; };
    for (int i = 0; i < 5; ++i) broker->account([](const auto&) {});
    run(seconds(30));
    ASSERT_NE(broker->status().breakerState, "closed");
    broker->stop();
    run(seconds(61));
    const auto sent = venue.requests.size();
    run(std::chrono::minutes(5));
    EXPECT_EQ(venue.requests.size(), sent);
}

} // namespace
} // namespace qd::brokers
