#include <gtest/gtest.h>

#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;
using orders::Settings;
using orders::TradingState;

TEST(Rules, UnusualSymbolsAreTakenAndUnknownOnesNameTheirNeighbours) // PE-3.4
{
    Backend backend;
    for (const char* symbol : {"BRK.B", "TSLA.WS", "0700.HK", "BTC/USD", "SPY240419C00500000"}) {
        EXPECT_EQ(backend.refusalOf(buy(1, symbol).limit("12.50").tif(TimeInForce::Gtc)), "")
            << symbol;
    }
    const auto refused = backend.trySubmit(buy(1, "SPX").limit("12.50"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error.code, "orders.unknown_symbol");
    EXPECT_EQ(refused.error().errors.front().field, "symbol");
    EXPECT_NE(refused.error().error.detail.find("SPY"), std::string::npos);
}

TEST(Rules, ALimitOrderWithoutAPriceIsRefusedAtItsField) // PE-3.6
{
    Backend backend;
    const auto refused = backend.trySubmit(buy(1, "ACME").type(OrderType::Limit));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errors.front().field, "limitPrice");
    EXPECT_FALSE(refused.error().errors.front().example.empty());
    EXPECT_EQ(backend.link->submits, 0);
}

TEST(Rules, QuantityStepPriceStepAndBuyingPowerEachHaveTheirError) // PE-3.5, TB-1.5, TB-3.7
{
    Settings settings;
    settings.valueMax.reset();
    settings.sizeMax.reset();
    Backend backend(settings);
    backend.market.instruments[Symbol::of("ACME")].lotSize = Quantity::of("10");
    EXPECT_EQ(backend.refusalOf(buy(15, "ACME").limit("12.50")), "orders.qty_below_lot");
    EXPECT_EQ(backend.refusalOf(buy(10, "ACME").limit("12.505")), "orders.price_off_tick");
    const auto refused = backend.trySubmit(buy(79'900, "ACME").limit("12.50"));
    EXPECT_TRUE(refused);
    const auto second = backend.trySubmit(buy(1'000, "ACME").limit("12.50"));
    ASSERT_FALSE(second); // alone it would fit; beside the open order it does not
    EXPECT_EQ(second.error().error.code, "risk.buying_power_open_orders");
    EXPECT_EQ(second.error().errors.front().field, "quantity");
    EXPECT_EQ(second.error().errors.front().example, "100");
}

TEST(Rules, WhatCannotBeTradedOrShortedIsRefusedBeforeSending) // TB-1.7
{
    Backend backend;
    backend.market.instruments[Symbol::of("SPY")].tradable = false;
    backend.market.instruments[Symbol::of("ACME")].shortable = false;
    EXPECT_EQ(backend.refusalOf(buy(1, "SPY").limit("12.50")), "risk.not_tradable");
    EXPECT_EQ(backend.refusalOf(sell(1, "ACME").limit("12.50")), "risk.not_shortable");
    const auto bought = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(bought, 10, "12.50");
    EXPECT_EQ(backend.refusalOf(sell(10, "ACME").limit("12.50")), "");
    EXPECT_EQ(backend.refusalOf(sell(1, "ACME").limit("12.50")), "risk.not_shortable");
    EXPECT_EQ(backend.link->submits, 2);
}

TEST(Rules, HaltedTakesNothingNewButCancelsPass)
{
    Backend backend;
    const auto open = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.setTrading(TradingState::Halted);
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "risk.trading_halted");
    EXPECT_TRUE(backend.cancel(open));
    backend.run(1s);
    EXPECT_EQ(backend.state(open), OrderState::Canceled);
}

TEST(Rules, ReducingTakesOnlyWhatClosesAPosition)
{
    Backend backend;
    const auto id = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 10, "12.50");
    backend.setTrading(TradingState::Reducing);
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "risk.reducing_only");
    EXPECT_EQ(backend.refusalOf(sell(11, "ACME").limit("12.50")), "risk.reducing_only");
    EXPECT_EQ(backend.refusalOf(sell(10, "ACME").limit("12.50")), "");
    EXPECT_EQ(backend.refusalOf(sell(1, "ACME").limit("12.50")), "risk.reducing_only"); // all claimed
}

TEST(Rules, PrecautionsAskAndAYesIsEnough)
{
    Backend backend;
    OrderBuilder far = buy(10, "ACME").limit("15");
    const auto asked = backend.trySubmit(far);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().error.code, "orders.confirmation_needed");
    ASSERT_EQ(asked.error().confirmations.size(), 1u);
    EXPECT_EQ(asked.error().confirmations[0].code, "precaution.percent_off_market");
    far.confirm("precaution.percent_off_market");
    EXPECT_TRUE(backend.trySubmit(far));
}

TEST(Rules, ALimitFarOnTheCheapSideAsksToo)
{
    Backend backend;
    OrderBuilder slip = buy(10, "ACME").limit("1.25"); // the market is at 12.50
    const auto asked = backend.trySubmit(slip);
    ASSERT_FALSE(asked);
    ASSERT_EQ(asked.error().confirmations.size(), 1u);
    EXPECT_EQ(asked.error().confirmations[0].code, "precaution.far_from_market");
    slip.confirm("precaution.far_from_market");
    EXPECT_TRUE(backend.trySubmit(slip));
    EXPECT_EQ(backend.refusalOf(buy(10, "ACME").limit("9")), "") << "a patient order";
    EXPECT_EQ(backend.refusalOf(sell(10, "ACME").limit("125")), "orders.confirmation_needed");
    EXPECT_EQ(backend.refusalOf(buy(10, "ACME").limit("1.25").tif(TimeInForce::Gtc)),
              "orders.confirmation_needed");
}

TEST(Rules, AMarketOrderNeedsAnOpenMarketAndACurrentPrice)
{
    Backend backend;
    backend.market.pictures[Symbol::of("ACME")].age = 5min;
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME")), "risk.stale_quote");
    backend.market.pictures[Symbol::of("ACME")].freshness = Freshness::Halted;
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME")), "risk.halted");
    backend.market.sessionPhase = SessionPhase::Closed;
    EXPECT_EQ(backend.refusalOf(buy(1, "SPY")), "risk.market_closed");
    const auto waits = backend.trySubmit(buy(1, "SPY").limit("12.50"));
    ASSERT_FALSE(waits);
    EXPECT_EQ(waits.error().confirmations.front().code, "precaution.market_closed");
}

TEST(Rules, OrderRateIsLimited)
{
    Settings settings;
    settings.submitsPerMinuteMax = 3;
    Backend backend(settings);
    for (int i = 0; i < 3; ++i) backend.submit(buy(1, "ACME").limit("12.50"));
    const auto refused = backend.trySubmit(buy(1, "ACME").limit("12.50"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error.code, "risk.rate_limit");
    EXPECT_TRUE(refused.error().retryAfter);
    backend.run(61s);
    backend.submit(buy(1, "ACME").limit("12.50"));
}

TEST(Rules, PreviewTellsEveryCheckAndSendsNothing)
{
    Backend backend;
    const auto preview = backend.service().preview(buy(10, "ACME").limit("15"));
    ASSERT_TRUE(preview);
    EXPECT_EQ(preview->notional, Money::of("150"));
    EXPECT_EQ(preview->positionAfter, Quantity::of("10"));
    EXPECT_EQ(preview->buyingPowerBefore - preview->buyingPowerAfter, Money::of("150"));
    const auto failed = std::ranges::count_if(preview->checks, [](const auto& c) { return !c.passed; });
    EXPECT_EQ(failed, 1);
    EXPECT_GT(preview->checks.size(), 20u);
    EXPECT_EQ(backend.link->submits, 0);
}

} // namespace
} // namespace qd::test
