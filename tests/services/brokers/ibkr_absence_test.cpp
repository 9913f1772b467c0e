// What an order means that IBKR does not list, at a gateway that says what the test says.
#include <gtest/gtest.h>

#include "services/brokers/ibkr/ibkr_broker.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class IbkrAbsence : public ::testing::Test, public VenueWorld {
protected:
    IbkrAbsence()
    {
        venue.answer = [this](const wire::HttpRequest& request) {
            return wire::HttpResponse{200, {}, answerTo(request.target)};
        };
    }
    static IbkrSettings given()
    {
        IbkrSettings settings;
        settings.gatewayUrl = "https://alpaca.test/v1/api"; // the world's one venue
        settings.streamUrl = "wss://alpaca.test/v1/api/ws";
        return settings;
    }
    std::string answerTo(const std::string& target) const
    {
        const auto is = [&target](const char* part) { return target.find(part) != std::string::npos; };
        if (is("/tickle"))
            return R"({"session":"s","iserver":{"authStatus":{"authenticated":true,"competing":false,)"
                   R"("connected":true}}})";
        if (is("/iserver/accounts")) return R"({"accounts":["DU1"],"selectedAccount":"DU1"})";
        if (is("/account/orders")) return R"({"orders":[],"snapshot":true})";
        return is("/account/trades") ? trades : "[]";
    }
    /// 4 shares at 10 that order "c" has traded `ago`.
    void trade(Duration ago)
    {
        trades = R"([{"execution_id":"e1","symbol":"ACME","conid":7,"sec_type":"STK","side":"B","size":4,)"
                 R"("price":"10","order_ref":"c","trade_time_r":)" +
                 std::to_string((core.clock().now() - ago).millis()) + "}]";
    }
    Result<OrderReport> find()
    {
        std::optional<Result<OrderReport>> found;
        broker.findByClientId(ClientOrderId("c"), [&](auto report) { found = std::move(report); });
        world.runUntil([&] { return found.has_value(); }, minutes(5));
        QD_ASSERT(found.has_value());
        return *found;
    }

    std::string trades = "[]";
    IbkrBroker broker{given(), *http, *sockets, core, world.random()};
};

TEST_F(IbkrAbsence, WithoutExecutionsItIsNotThere)
{
    const auto found = find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "broker.order_not_found");
}

TEST_F(IbkrAbsence, WhatTradedBeforeTheSessionHasEnded)
{
    trade(minutes(10));
    const auto found = find();
    ASSERT_TRUE(found) << describe(found.error());
    EXPECT_EQ(found->state, OrderState::Filled) << "nothing of it works any more";
    EXPECT_EQ(found->filledQuantity, Quantity::of("4"));
    EXPECT_EQ(found->averagePrice, Price::of("10"));
    EXPECT_EQ(found->request.symbol, Symbol::of("ACME"));
}

TEST_F(IbkrAbsence, WhatTradesInItAndIsNotListedYetIsAskedForAgain)
{
    find(); // the session is open
    run(minutes(1));
    trade(seconds(1));
    const auto found = find();
    ASSERT_FALSE(found) << "the rest of it may work";
    EXPECT_EQ(found.error().kind, ErrorKind::Unavailable) << describe(found.error());
    EXPECT_EQ(found.error().code, "ibkr.order_not_listed");
}

} // namespace
} // namespace qd::brokers::test
