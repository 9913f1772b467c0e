// Tradier's adapter at a venue that says what the test says.
#include "services/brokers/tradier/tradier_broker.h"

#include <gtest/gtest.h>

#include "tests/services/brokers/venue_world.h"

namespace qd::brokers {
namespace {

using std::chrono::seconds;

class TradierBrokerTest : public ::testing::Test, public test::VenueWorld {
protected:
    static TradierSettings given(const char* token = "hush-hush")
    {
        TradierSettings settings;
        settings.baseUrl = "https://alpaca.test"; // the world's one venue
        settings.streamUrl = "wss://alpaca.test";
        settings.accountNumber = "VA000001";
        settings.token = runtime::Secret(token);
        return settings;
    }
    static OrderRequest order()
    {
        OrderRequest request;
        request.clientOrderId = ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d");
        request.symbol = Symbol::of("ACME");
        request.quantity = Quantity::of("1");
        request.type = OrderType::Limit;
        request.limitPrice = Price::of("10");
        return request;
    }
    Outcome submit(const OrderRequest& request)
    {
        std::optional<Outcome> outcome;
        broker.submit(request, {}, [&](Outcome told) { outcome = std::move(told); });
        world.runUntil([&] { return outcome.has_value(); }, std::chrono::minutes(5));
        QD_ASSERT(outcome.has_value());
        return *outcome;
    }
    /// The venue answers `text` with status 200 to the change or cancel of order 7, and `order` to who asks after it.
    Outcome changeOrCancel(bool isCancel, const char* text, std::optional<const char*> order)
    {
        venue.next(200, text);
        if (order)
            venue.next(200, std::string(R"({"order":{"id":7,"symbol":"ACME","side":"buy","quantity":1,)") +
                                R"("type":"limit","duration":"day",)" + *order + "}}");
        else
            venue.next(500);
        std::optional<Outcome> outcome;
        const auto done = [&](Outcome told) { outcome = std::move(told); };
        Modification change;
        change.limitPrice = Price::of("11");
        if (isCancel)
            broker.cancel(VenueOrderId("7"), {}, done);
        else
            broker.modify(VenueOrderId("7"), change, {}, done);
        world.runUntil([&] { return outcome.has_value(); }, std::chrono::minutes(5));
        QD_ASSERT(outcome.has_value());
        return *outcome;
    }
    static std::string taggedOrder(int id, const char* createdAt, const char* tag)
    {
        return R"({"id":)" + std::to_string(id) + R"(,"symbol":"ACME","side":"buy","quantity":1,"status":"open",)" +
               R"("type":"limit","price":10,"duration":"day","class":"equity","create_date":")" + createdAt +
               R"(","tag":")" + tag + "\"}";
    }
    int ordersAsked() const
    {
        int count = 0;
        for (const auto& request : venue.requests)
            count += request.method == "POST" && request.target.ends_with("/orders");
        return count;
    }

    TradierBroker broker{given(), *http, *sockets, core, world.random()};
};

TEST_F(TradierBrokerTest, JsonIsAskedForAndOrdersAreForms)
{
    venue.next(200, R"({"order":{"id":257459,"status":"ok","partner_id":"p"}})");
    EXPECT_TRUE(std::holds_alternative<Accepted>(submit(order())));
    ASSERT_EQ(venue.requests.size(), 1u);
    const auto& sent = venue.requests[0];
    EXPECT_EQ(sent.headers.find("Accept"), "application/json") << "else Tradier answers in XML";
    EXPECT_EQ(sent.headers.find("Content-Type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(sent.headers.find("Authorization"), "Bearer hush-hush");
    EXPECT_NE(sent.body.find("tag=61e69015"), std::string::npos);
}

TEST_F(TradierBrokerTest, ThePreviewsAnswerIsNoOrder)
{
    venue.next(200, R"({"order":{"status":"ok","commission":3.49,"cost":34.7151,"fees":0,"symbol":"T","quantity":1,
        "side":"buy","type":"market","duration":"day","result":true,"class":"equity","strategy":"equity"}})");
    EXPECT_TRUE(std::holds_alternative<Unknown>(submit(order()))) << "it has no number";
}

TEST_F(TradierBrokerTest, XmlIsNotReadButTheOrderMayBeThere)
{
    venue.next(200, "<order><id>257459</id><status>ok</status></order>");
    EXPECT_TRUE(std::holds_alternative<Unknown>(submit(order())));
    EXPECT_EQ(broker.status().malformedCount, 1u);
}

TEST_F(TradierBrokerTest, AnIdIsSentOnceThoughTagsNeedNotBeUnique)
{
    venue.next(504, "");
    EXPECT_TRUE(std::holds_alternative<Unknown>(submit(order())));
    EXPECT_TRUE(std::holds_alternative<Unknown>(submit(order()))) << "found by its tag, never sent again";
    EXPECT_EQ(ordersAsked(), 1);
}

TEST_F(TradierBrokerTest, ErrorsOfStatus200AreAskedAfter)
{
    venue.next(200, R"({"errors":{"error":"Order rejected for a reason"}})");
    venue.next(200, R"({"orders":"null"})");
    EXPECT_TRUE(std::holds_alternative<Refused>(submit(order()))) << "the list proves that it is not there";
    auto second = order();
    second.clientOrderId = ClientOrderId("71e69015-8549-4bfd-b9c3-01e75843f47d");
    venue.next(200, R"({"errors":{"error":"Timeout behind the API"}})");
    venue.next(200, R"({"orders":{"order":{"id":1,"symbol":"ACME","side":"buy","quantity":1,"status":"open",
        "tag":"71e69015-8549-4bfd-b9c3-01e75843f47d","type":"limit","price":10,"duration":"day"}}})");
    EXPECT_TRUE(std::holds_alternative<Accepted>(submit(second))) << "one element is no list";
}

constexpr const char* kBehind = R"({"errors":{"error":"Timeout behind the API"}})";

TEST_F(TradierBrokerTest, AChangeThatIsRefusedWithStatus200IsReadBack)
{
    const auto made = changeOrCancel(false, kBehind, R"("status":"open","price":11)");
    ASSERT_TRUE(std::holds_alternative<Accepted>(made)) << "it was made all the same";
    EXPECT_EQ(std::get<Accepted>(made).report.request.limitPrice, Price::of("11"));
    EXPECT_EQ(venue.requests.back().method, "GET");
    EXPECT_TRUE(venue.requests.back().target.starts_with("/v1/accounts/VA000001/orders/7"));
    EXPECT_TRUE(std::holds_alternative<Refused>(
        changeOrCancel(false, kBehind, R"("status":"open","price":10)")));
    EXPECT_TRUE(std::holds_alternative<Unknown>(changeOrCancel(false, kBehind, std::nullopt)))
        << "nobody can say what became of it";
}

TEST_F(TradierBrokerTest, ACancelThatIsRefusedWithStatus200IsReadBack)
{
    EXPECT_TRUE(std::holds_alternative<Accepted>(
        changeOrCancel(true, kBehind, R"("status":"canceled","price":10)")));
    EXPECT_TRUE(std::holds_alternative<Refused>(
        changeOrCancel(true, kBehind, R"("status":"filled","price":10)")));
    EXPECT_TRUE(std::holds_alternative<Unknown>(changeOrCancel(true, kBehind, std::nullopt)));
}

TEST_F(TradierBrokerTest, OfTwoOrdersUnderOneTagOneIsOurs)
{
    constexpr const char* kTag = "61e69015-8549-4bfd-b9c3-01e75843f47d"; // of order()
    venue.next(200, R"({"order":{"id":8,"status":"ok"}})");
    ASSERT_TRUE(std::holds_alternative<Accepted>(submit(order())));
    const std::string two = R"({"orders":{"order":[)" + taggedOrder(9, "2026-01-05T15:00:02Z", kTag) + "," +
                            taggedOrder(8, "2026-01-05T15:00:01Z", kTag) + "," +
                            taggedOrder(7, "2026-01-05T14:00:00Z", kTag) + "]}}";
    venue.answer = [&](const auto&) { return wire::HttpResponse{200, {}, two}; };
    std::optional<Result<OrderReport>> found;
    broker.findByClientId(ClientOrderId(kTag), [&](auto report) { found = std::move(report); });
    run(seconds(1));
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->venueOrderId, VenueOrderId("8")) << "the number that we were told, not the oldest";
    std::optional<Result<std::vector<OrderReport>>> all;
    broker.listOrders({}, [&](auto reports) { all = std::move(reports); });
    run(seconds(1));
    ASSERT_TRUE(all && *all);
    ASSERT_EQ((*all)->size(), 3u);
    for (const auto& report : **all)
        EXPECT_EQ(report.clientOrderId.text(), report.venueOrderId.text() == "8" ? kTag : report.venueOrderId.text())
            << "another's fills must not become ours";
}

TEST_F(TradierBrokerTest, FillsOfAnotherOrderUnderOurTagAreNotOurs)
{
    constexpr const char* kTag = "61e69015-8549-4bfd-b9c3-01e75843f47d";
    venue.answer = [&](const wire::HttpRequest& request) {
        if (request.target.ends_with("/events/session"))
            return wire::HttpResponse{200, {}, R"({"stream":{"url":"u","sessionid":"s"}})"};
        if (request.method == "POST") return wire::HttpResponse{200, {}, R"({"order":{"id":8,"status":"ok"}})"};
        if (request.target.find("/orders/9") != std::string::npos)
            return wire::HttpResponse{200, {}, R"({"order":)" + taggedOrder(9, "2026-01-05T15:00:02Z", kTag) + "}"};
        return wire::HttpResponse{200, {}, R"({"positions":"null"})"};
    };
    venue.onText = [](test::ScriptedVenue::Session& session, const std::string&) {
        session.tell(R"({"event":"heartbeat","status":"active","timestamp":"1"})");
    };
    std::vector<OrderUpdate> updates;
    broker.start([&](const BrokerEvent& event) {
        if (const auto* update = std::get_if<OrderUpdate>(&event)) updates.push_back(*update);
    });
    run(seconds(1));
    ASSERT_TRUE(std::holds_alternative<Accepted>(submit(order())));
    ASSERT_EQ(venue.sessions.size(), 1u);
    venue.sessions[0]->tell(R"({"id":9,"event":"order","status":"filled","price":10,"avg_fill_price":10,)"
                            R"("exec_quantity":1,"transaction_date":"2026-01-05T15:00:03Z","tag":")" +
                            std::string(kTag) + "\"}");
    run(seconds(1));
    ASSERT_FALSE(updates.empty());
    for (const auto& update : updates) {
        EXPECT_EQ(update.report.clientOrderId.text(), "9");
        EXPECT_TRUE(!update.fill || update.fill->clientOrderId.text() == "9");
    }
    broker.stop();
}

TEST_F(TradierBrokerTest, WhereNoNumberWasToldTheOldestUnderOurTagIsOurs)
{
    constexpr const char* kTag = "61e69015-8549-4bfd-b9c3-01e75843f47d";
    venue.next(504);
    ASSERT_TRUE(std::holds_alternative<Unknown>(submit(order())));
    venue.next(200, R"({"orders":{"order":[)" + taggedOrder(9, "2026-01-05T15:00:02Z", kTag) + "," +
                        taggedOrder(8, "2026-01-05T15:00:01Z", kTag) + "]}}");
    std::optional<Result<OrderReport>> found;
    broker.findByClientId(ClientOrderId(kTag), [&](auto report) { found = std::move(report); });
    run(seconds(1));
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->venueOrderId, VenueOrderId("8"));
}

TEST_F(TradierBrokerTest, TheVenuesCountOfRequestsIsBelieved)
{
    const auto reset = std::to_string((core.clock().now() + seconds(30)).millis());
    venue.next(200, R"({"balances":{"total_cash":1,"total_equity":1,"cash":{"cash_available":1}}})",
               {{"X-Ratelimit-Allowed", "120"}, {"X-Ratelimit-Used", "119"}, {"X-Ratelimit-Available", "1"},
                {"X-Ratelimit-Expiry", reset}});
    int told = 0;
    broker.account([&](const auto&) { ++told; });
    run(seconds(1));
    EXPECT_EQ(broker.status().rateRemaining, 1);
    const auto before = venue.requests.size();
    broker.account([&](const auto&) { ++told; });
    run(seconds(20));
    EXPECT_EQ(venue.requests.size(), before) << "questions wait for the window's end";
    venue.next(200, R"({"order":{"id":257459,"status":"ok"}})");
    EXPECT_TRUE(std::holds_alternative<Accepted>(submit(order()))) << "orders have a window of their own";
    run(seconds(20));
    EXPECT_EQ(told, 2);
}

TEST_F(TradierBrokerTest, WithoutATokenNothingIsSentAndANewOneIsUsedAtOnce)
{
    broker.useToken(runtime::Secret());
    broker.start([](const BrokerEvent&) {});
    run(seconds(30));
    EXPECT_TRUE(venue.requests.empty());
    const auto refused = submit(order());
    ASSERT_TRUE(std::holds_alternative<Refused>(refused));
    EXPECT_EQ(std::get<Refused>(refused).error.code, "broker.credentials_missing");
    const auto status = broker.status();
    EXPECT_FALSE(status.authenticated);
    EXPECT_EQ(status.refusal.code, "tradier.unauthorized");
    EXPECT_NE(status.wayBack.find("tradier.credentials_file"), std::string_view::npos);
    venue.answer = [](const auto&) {
        return wire::HttpResponse{200, {}, R"({"stream":{"url":"u","sessionid":"s-1"}})"};
    };
    broker.useToken(runtime::Secret("new-one"));
    run(seconds(1));
    ASSERT_FALSE(venue.requests.empty());
    EXPECT_EQ(venue.requests[0].headers.find("Authorization"), "Bearer new-one");
    EXPECT_EQ(venue.sessions.size(), 1u) << "the stream is tried again at once";
    broker.stop();
}

} // namespace
} // namespace qd::brokers
