#include "services/gateway/orders_api.h"

#include <set>

#include <fmt/format.h>

#include "services/orders/order_json.h"
#include "tests/services/gateway/desk.h"

namespace qd::gateway::test {
namespace {

using qd::test::VenueLink;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kId = "61e69015-8549-4bfd-b9c3-01e75843f47d";

class OrdersApiTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        desk.feed.say({market::test::quoteOf("ACME", "12.49", "12.50", desk.now())});
    }
    static std::string body(const std::string& more = {}, const std::string& price = "12.40",
                            const std::string& quantity = "10", const std::string& id = kId)
    {
        return R"({"clientOrderId":")" + id + R"(","symbol":"ACME","side":"buy","type":"limit",)" +
               R"("timeInForce":"day","quantity":")" + quantity + R"(","limitPrice":")" + price +
               "\"" + more + "}";
    }
    static std::string codeOf(const wire::HttpResponse& response)
    {
        return std::string(Desk::parse(response).root()["code"].stringOr({}));
    }
    /// The code that the answer names for `field`.
    static std::string fieldError(const wire::HttpResponse& response, std::string_view field)
    {
        const auto document = Desk::parse(response);
        for (const auto& error : document.root()["errors"].items())
            if (error["field"].stringOr({}) == field)
                return std::string(error["code"].stringOr({}));
        return {};
    }

    Desk desk;
};

TEST_F(OrdersApiTest, AnOrderIsTakenOnceItIsOnDisk)
{
    const auto answer = desk.call("POST", "/v1/orders", body());
    EXPECT_EQ(answer.status, 202) << answer.body;
    const auto document = Desk::parse(answer);
    EXPECT_EQ(document.root()["clientOrderId"].stringOr({}), kId);
    EXPECT_EQ(document.root()["state"].stringOr({}), "submitted");
    EXPECT_EQ(document.root()["quantity"].stringOr({}), "10");
    auto database = desk.backend.openDatabase();
    const auto events = storage::readEvents(database, 0, 1'000);
    ASSERT_TRUE(events);
    bool onDisk = false;
    for (const auto& event : *events) onDisk |= event.subject.find(kId) != std::string::npos;
    EXPECT_TRUE(onDisk);
    desk.run(seconds(1));
    const auto later = desk.call("GET", std::string("/v1/orders/") + kId);
    EXPECT_EQ(later.status, 200);
    EXPECT_EQ(Desk::parse(later).root()["state"].stringOr({}), "accepted");
}

TEST_F(OrdersApiTest, TheSameOrderAgainIsTheSameAnswerAndAnotherUnderItsIdIsRefused)
{
    desk.call("POST", "/v1/orders", body());
    desk.run(seconds(1));
    const auto again = desk.call("POST", "/v1/orders", body(), {{"Idempotency-Key", kId}});
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(Desk::parse(again).root()["clientOrderId"].stringOr({}), kId);
    EXPECT_EQ(desk.backend.link->submits, 1) << "sent once";
    const auto other = desk.call("POST", "/v1/orders", body({}, "12.41"));
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(codeOf(other), "orders.id_reused");
}

TEST_F(OrdersApiTest, TheIdempotencyKeyIsTheClientOrderId)
{
    const auto wrong = desk.call("POST", "/v1/orders", body(), {{"Idempotency-Key", "something"}});
    EXPECT_EQ(wrong.status, 422);
    EXPECT_EQ(codeOf(wrong), "orders.id_mismatch");
    EXPECT_EQ(fieldError(wrong, "clientOrderId"), "orders.id_mismatch");
    EXPECT_EQ(desk.backend.link->submits, 0);
    const auto quoted = desk.call("POST", "/v1/orders", body(),
                                  {{"Idempotency-Key", "\"" + std::string(kId) + "\""}});
    EXPECT_EQ(quoted.status, 202) << "a structured field's string will do";
}

TEST_F(OrdersApiTest, FieldErrorsAreToldAllAtOnce)
{
    const auto answer = desk.call(
        "POST", "/v1/orders",
        R"({"clientOrderId":"not-a-uuid","symbol":"ACME","side":"buy","type":"limit","quantity":"-1"})");
    EXPECT_EQ(answer.status, 422) << answer.body;
    EXPECT_EQ(answer.headers.find("Content-Type"), "application/problem+json");
    EXPECT_FALSE(fieldError(answer, "clientOrderId").empty()) << answer.body;
    EXPECT_FALSE(fieldError(answer, "quantity").empty()) << answer.body;
    EXPECT_FALSE(fieldError(answer, "limitPrice").empty()) << answer.body;
}

TEST_F(OrdersApiTest, APrecautionAsksAndTheConfirmedOrderPasses)
{
    const auto asked = desk.call("POST", "/v1/orders", body({}, "14.00"));
    EXPECT_EQ(asked.status, 412) << asked.body;
    const auto document = Desk::parse(asked);
    ASSERT_GE(document.root()["confirmations"].size(), 1u);
    std::string codes;
    for (const auto& item : document.root()["confirmations"].items()) {
        EXPECT_FALSE(item["text"].stringOr({}).empty());
        codes += (codes.empty() ? "\"" : ",\"") + std::string(item["code"].stringOr({})) + "\"";
    }
    EXPECT_NE(codes.find("precaution.percent_off_market"), std::string::npos);
    const auto confirmed =
        desk.call("POST", "/v1/orders", body(",\"confirmations\":[" + codes + "]", "14.00"));
    EXPECT_EQ(confirmed.status, 202) << confirmed.body;
}

TEST_F(OrdersApiTest, ARiskRuleRefusesWithItsCode)
{
    const auto answer = desk.call("POST", "/v1/orders", body({}, "12.40", "4000000"));
    EXPECT_EQ(answer.status, 422) << answer.body;
    EXPECT_EQ(codeOf(answer).substr(0, 5), "risk.") << answer.body;
    EXPECT_EQ(desk.backend.link->submits, 0);
}

TEST_F(OrdersApiTest, AnOpenBreakerIs503WithTheTimeOfTheNextTry)
{
    auto& status = desk.backend.link->statusToChange();
    status.breakerState = "open";
    status.nextAttempt = desk.now() + seconds(5);
    const Timestamp asked = desk.now();
    const auto answer = desk.call("POST", "/v1/orders", body());
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_LT(desk.now() - asked, milliseconds(10));
    EXPECT_FALSE(answer.headers.find("Retry-After").empty());
    EXPECT_EQ(desk.backend.link->submits, 0);
}

TEST_F(OrdersApiTest, ABrokerThatNoLongerKnowsUsIs401WithTheWayBack)
{
    orders::Refusal refusal;
    refusal.wayBack = "put a valid key into \"the file\"";
    Problem problem;
    for (const char* code : {"broker.credentials_missing", "alpaca.unauthorized", "tradier.unauthorized",
                             "ibkr.unauthorized", "orders.broker_not_authenticated",
                             "orders.broker_session_taken"}) {
        refusal.error = {ErrorKind::Denied, code, "no key", {}};
        problem = problemOf(refusal);
        EXPECT_EQ(problem.status, 401) << code;
        const auto told = Desk::parse(toResponse(problem, {}));
        EXPECT_EQ(told.root()["reauthorizeBy"].stringOr({}), refusal.wayBack) << code;
    }
    refusal.error.code = "alpaca.insufficient_buying_power";
    EXPECT_EQ(problemOf(refusal).status, 422) << "any other denial is about the order";
    refusal.error = {ErrorKind::Unavailable, "resilience.breaker_open", "", {}};
    refusal.retryAfter = milliseconds(1'500);
    problem = problemOf(refusal);
    EXPECT_EQ(problem.status, 503);
    EXPECT_EQ(toResponse(problem, {}).headers.find("Retry-After"), "2");
}

TEST_F(OrdersApiTest, CancelAndChangeAreTakenAndUnknownOrdersAreNot)
{
    desk.call("POST", "/v1/orders", body());
    desk.run(seconds(1));
    const std::string path = std::string("/v1/orders/") + kId;
    const auto changed = desk.call("PATCH", path, R"({"limitPrice":"12.41"})");
    EXPECT_EQ(changed.status, 202) << changed.body;
    const auto next = std::string(Desk::parse(changed).root()["clientOrderId"].stringOr({}));
    EXPECT_EQ(desk.call("PATCH", path, R"({"limitPrice":"a lot"})").status, 422);
    desk.run(seconds(1));
    EXPECT_EQ(desk.call("DELETE", "/v1/orders/" + next).status, 202);
    desk.run(seconds(1));
    EXPECT_EQ(Desk::parse(desk.call("GET", "/v1/orders/" + next)).root()["state"].stringOr({}),
              "canceled");
    const std::string unknown = "/v1/orders/11111111-1111-4111-8111-111111111111";
    EXPECT_EQ(desk.call("GET", unknown).status, 404);
    EXPECT_EQ(desk.call("DELETE", unknown).status, 404);
    EXPECT_EQ(desk.call("PATCH", unknown, R"({"limitPrice":"1"})").status, 404);
    EXPECT_EQ(desk.call("GET", unknown + "/timeline").status, 404);
}

TEST_F(OrdersApiTest, CancelAllNamesWhatItAskedFor)
{
    for (const char digit : {'a', 'b', 'c'}) {
        std::string id = kId;
        id.back() = digit;
        EXPECT_EQ(desk.call("POST", "/v1/orders", body({}, "12.40", "10", id)).status, 202);
    }
    desk.run(seconds(1));
    EXPECT_EQ(Desk::parse(desk.call("DELETE", "/v1/orders?side=sell")).root()["requested"].size(),
              0u);
    const auto answer = desk.call("DELETE", "/v1/orders?symbol=ACME");
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(Desk::parse(answer).root()["requested"].size(), 3u);
    EXPECT_EQ(desk.call("DELETE", "/v1/orders?symbol=$$$").status, 422);
}

TEST_F(OrdersApiTest, ThePreviewSendsNothing)
{
    const auto answer = desk.call("POST", "/v1/orders/preview", body());
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto document = Desk::parse(answer);
    EXPECT_EQ(document.root()["notional"].stringOr({}), "124");
    EXPECT_GT(document.root()["checks"].size(), 3u);
    EXPECT_EQ(document.root()["quote"]["symbol"].stringOr({}), "ACME");
    EXPECT_EQ(desk.backend.link->submits, 0);
    EXPECT_EQ(desk.call("GET", std::string("/v1/orders/") + kId).status, 404);
}

TEST_F(OrdersApiTest, TheTimelineTellsWhoDidWhatUnderWhichTrace)
{
    desk.call("POST", "/v1/orders", body(),
              {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
    desk.run(seconds(1));
    const auto answer = desk.call("GET", std::string("/v1/orders/") + kId + "/timeline");
    ASSERT_EQ(answer.status, 200);
    const auto document = Desk::parse(answer);
    bool submitted = false;
    for (const auto& event : document.root()["events"].items()) {
        if (event["kind"].stringOr({}) != "order.submitted") continue;
        submitted = true;
        EXPECT_EQ(event["actor"].stringOr({}), "user:trader");
        EXPECT_EQ(event["traceId"].stringOr({}), "0af7651916cd43dd8448eb211c80319c");
    }
    EXPECT_TRUE(submitted);
}

TEST_F(OrdersApiTest, TheKillSwitchHaltsOrdersAndNeverCancels)
{
    desk.call("POST", "/v1/orders", body());
    desk.run(seconds(1));
    const auto halted = desk.call("PUT", "/v1/trading", R"({"state":"halted","reason":"drill"})");
    EXPECT_EQ(halted.status, 200);
    EXPECT_EQ(Desk::parse(halted).root()["state"].stringOr({}), "halted");
    std::string id = kId;
    id.back() = 'e';
    const auto refused = desk.call("POST", "/v1/orders", body({}, "12.40", "10", id));
    EXPECT_TRUE(refused.status == 422 || refused.status == 409 || refused.status == 503)
        << refused.status << refused.body;
    EXPECT_EQ(desk.call("DELETE", std::string("/v1/orders/") + kId).status, 202);
    EXPECT_EQ(desk.call("PUT", "/v1/trading", R"({"state":"asleep"})").status, 422);
}

TEST_F(OrdersApiTest, ListsPageByCursor)
{
    for (const char digit : {'1', '2', '3', '4', '5'}) {
        std::string id = kId;
        id.back() = digit;
        desk.call("POST", "/v1/orders", body({}, "12.40", "10", id));
    }
    desk.run(seconds(1));
    std::set<std::string> seen;
    std::string cursor;
    for (int page = 0; page < 3; ++page) {
        const auto answer = desk.call("GET", "/v1/orders?status=all&limit=2" +
                                                 (cursor.empty() ? "" : "&cursor=" + cursor));
        const auto document = Desk::parse(answer);
        for (const auto& order : document.root()["orders"].items())
            seen.insert(std::string(order["clientOrderId"].stringOr({})));
        cursor = std::string(document.root()["nextCursor"].stringOr({}));
    }
    EXPECT_EQ(seen.size(), 5u);
    EXPECT_TRUE(cursor.empty());
}

TEST_F(OrdersApiTest, ADifferenceIsListedWithAdviceAndAcceptedOnce)
{
    desk.backend.venue.movePosition(Symbol::of("ACME"), Quantity::of("7"));
    desk.run(std::chrono::minutes(3));
    const auto listed = Desk::parse(desk.call("GET", "/v1/trading"));
    ASSERT_EQ(listed.root()["differences"].size(), 1u);
    const auto shown = listed.root()["differences"].at(0);
    EXPECT_EQ(shown["code"].stringOr({}), "difference.position");
    EXPECT_EQ(shown["difference"].stringOr({}), "7");
    EXPECT_TRUE(shown["blocksEntries"].booleanOr(false));
    EXPECT_FALSE(shown["whatToDo"].stringOr({}).empty());
    const std::string path =
        "/v1/trading/differences/" + std::string(shown["id"].stringOr({})) + "/accept";
    EXPECT_EQ(desk.call("POST", path, "{}").status, 422);
    EXPECT_EQ(desk.call("POST", path, R"({"reason":"moved in"})", {}, "viewer").status, 403);
    const auto accepted = desk.call("POST", path, R"({"reason":"moved in"})");
    ASSERT_EQ(accepted.status, 200) << accepted.body;
    const auto told = Desk::parse(accepted);
    EXPECT_EQ(told.root()["before"].stringOr({}), "0");
    EXPECT_EQ(told.root()["after"].stringOr({}), "7");
    EXPECT_EQ(told.root()["actor"].stringOr({}), "user:trader");
    EXPECT_EQ(told.root()["trading"]["differences"].size(), 0u);
    const auto again = Desk::parse(desk.call("POST", path, R"({"reason":"moved in"})"));
    EXPECT_EQ(again.root()["sequence"].integerOr(0), told.root()["sequence"].integerOr(-1));
    EXPECT_EQ(desk.call("POST", "/v1/trading/differences/0123/accept", R"({"reason":"why"})").status,
              404);
    EXPECT_EQ(desk.call("POST", "/v1/orders", body()).status, 202);
}

TEST_F(OrdersApiTest, PagesOfOrdersAndFillsHoldEachOnceWhateverComesInMeanwhile)
{
    const auto idOf = [](int number) {
        return fmt::format("61e69015-8549-4bfd-b9c3-{:012d}", number);
    };
    for (int i = 0; i < 25; ++i) {
        ASSERT_EQ(desk.call("POST", "/v1/orders", body({}, "12.40", "1", idOf(i))).status, 202);
        desk.run(milliseconds(50));
        if (i % 2 == 0) desk.backend.fill(ClientOrderId(idOf(i)), 1, "12.40");
    }
    const auto walk = [&](const std::string& path, const char* name, const char* key) {
        std::vector<std::string> seen;
        std::string cursor;
        do {
            const auto page = Desk::parse(desk.call("GET", path + cursor));
            for (const auto& row : page.root()[name].items())
                seen.emplace_back(row[key].stringOr({}));
            const auto next = page.root()["nextCursor"];
            cursor = next.isAbsent() ? "" : "&cursor=" + std::string(next.stringOr({}));
            desk.call("POST", "/v1/orders", body({}, "12.40", "1", idOf(100 + int(seen.size()))));
        } while (!cursor.empty());
        return seen;
    };
    const auto filled = walk("/v1/orders?status=all&state=filled&limit=4", "orders", "clientOrderId");
    EXPECT_EQ(filled.size(), 13u);
    EXPECT_EQ(std::set(filled.begin(), filled.end()).size(), 13u);
    EXPECT_EQ(filled.front(), idOf(24)) << "newest first";
    EXPECT_EQ(walk("/v1/fills?symbol=ACME&limit=5", "fills", "executionId").size(), 13u);
    EXPECT_EQ(desk.call("GET", "/v1/orders?state=sleepy").status, 422);
}

} // namespace
} // namespace qd::gateway::test
