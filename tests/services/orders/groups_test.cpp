#include <gtest/gtest.h>

#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;

ClientOrderId profitOf(const ClientOrderId& id) { return ClientOrderId(id.text() + "-profit"); }
ClientOrderId lossOf(const ClientOrderId& id) { return ClientOrderId(id.text() + "-loss"); }

OrderRequest oto(int quantity, std::string_view stop)
{
    OrderRequest request = buy(quantity, "ACME").limit("12.50");
    request.orderClass = OrderClass::Oto;
    request.stopLoss = StopLoss{Price::of(stop), {}};
    return request;
}

OrderRequest oco(int quantity, std::string_view profit, std::string_view stop)
{
    OrderRequest request = sell(quantity, "ACME").limit(profit);
    request.orderClass = OrderClass::Oco;
    request.takeProfit = TakeProfit{Price::of(profit)};
    request.stopLoss = StopLoss{Price::of(stop), {}};
    return request;
}

/// A backend that holds 100 ACME.
void hold(Backend& backend)
{
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 100, "12.50");
    backend.run(2s);
}

TEST(Groups, AnOtosExitSleepsUntilTheWholeEntryIsFilled)
{
    Backend backend;
    const auto id = backend.submit(oto(100, "11"));
    backend.run(1s);
    EXPECT_EQ(backend.state(lossOf(id)), OrderState::Held);
    backend.fill(id, 40, "12.50");
    EXPECT_EQ(backend.state(id), OrderState::PartiallyFilled);
    EXPECT_EQ(backend.state(lossOf(id)), OrderState::Held);
    backend.fill(id, 60, "12.50");
    EXPECT_EQ(backend.state(lossOf(id)), OrderState::Accepted);
    EXPECT_EQ(backend.order(lossOf(id)).leavesQuantity(), backend.position("ACME"));
    backend.fill(lossOf(id), 100, "10.90");
    EXPECT_EQ(backend.position("ACME"), Quantity());
    EXPECT_FALSE(backend.noticed("An exit does not match its position"));
}

TEST(Groups, CancellingTheEntryCancelsItsExits)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50").bracket("14", "11"));
    backend.run(1s);
    ASSERT_TRUE(backend.cancel(id));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
    EXPECT_EQ(backend.state(profitOf(id)), OrderState::Canceled);
    EXPECT_EQ(backend.state(lossOf(id)), OrderState::Canceled);
}

TEST(Groups, OneExitOfAnOcoCancelsTheOther)
{
    Backend backend;
    hold(backend);
    const auto id = backend.submit(oco(100, "12.60", "11"));
    backend.run(1s);
    EXPECT_EQ(backend.order(lossOf(id)).parent, id);
    EXPECT_EQ(backend.order(lossOf(id)).groupId, backend.order(id).groupId);
    backend.fill(lossOf(id), 100, "10.95");
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
    EXPECT_EQ(backend.position("ACME"), Quantity());
}

TEST(Groups, AnOcosExitsAlwaysSumToThePosition)
{
    Backend backend;
    hold(backend);
    const auto id = backend.submit(oco(100, "12.60", "11"));
    backend.run(1s);
    backend.fill(id, 30, "12.60");
    EXPECT_EQ(backend.order(id).leavesQuantity(), Quantity::of("70"));
    EXPECT_EQ(backend.order(lossOf(id)).leavesQuantity(), backend.position("ACME"));
    backend.run(3min);
    EXPECT_FALSE(backend.noticed("An exit does not match its position"));
    backend.fill(id, 70, "12.60");
    EXPECT_EQ(backend.state(lossOf(id)), OrderState::Canceled);
    EXPECT_EQ(backend.position("ACME"), Quantity());
}

TEST(Groups, BothExitsOfAnOcoStandForTheSameShares)
{
    Backend backend;
    hold(backend);
    backend.submit(oco(100, "12.60", "11"));
    backend.run(1s);
    // All 100 are claimed once: no share is left to close, and none is counted twice.
    backend.setTrading(orders::TradingState::Reducing);
    EXPECT_EQ(backend.refusalOf(sell(1, "ACME").limit("12.50")), "risk.reducing_only");
    EXPECT_EQ(backend.service().figures().openOrders, 2u);
}

TEST(Groups, WhatHappenedToTheGroupBetweenTwoLivesIsFound)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50").bracket("14", "11"));
    backend.run(1s);
    backend.crash();
    ASSERT_TRUE(backend.venue.fill(backend.venue.idOf(id), Quantity::of("100"), Price::of("12.50")));
    ASSERT_TRUE(backend.venue.fill(backend.venue.idOf(profitOf(id)), Quantity::of("25"),
                                   Price::of("14")));
    backend.start();
    backend.run(3min);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("75"));
    EXPECT_EQ(backend.order(profitOf(id)).leavesQuantity(), Quantity::of("75"));
    EXPECT_EQ(backend.order(lossOf(id)).leavesQuantity(), Quantity::of("75"));
    EXPECT_FALSE(backend.noticed("An exit does not match its position"));
}

TEST(Groups, ReducingLeavesExitsAloneAndTakesNoNewBracket)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50").bracket("14", "11"));
    backend.run(1s);
    backend.fill(id, 100, "12.50");
    backend.setTrading(orders::TradingState::Reducing);
    EXPECT_EQ(backend.refusalOf(buy(10, "SPY").limit("12.50").bracket("14", "11")),
              "risk.reducing_only");
    EXPECT_EQ(backend.state(profitOf(id)), OrderState::Accepted);
    backend.fill(lossOf(id), 100, "10.90");
    EXPECT_EQ(backend.position("ACME"), Quantity());
    EXPECT_EQ(backend.state(profitOf(id)), OrderState::Canceled);
    EXPECT_EQ(backend.service().trading().state, orders::TradingState::Reducing);
}

} // namespace
} // namespace qd::test
