#include <gtest/gtest.h>

#include "tests/services/exchange/venue.h"

namespace qd::exchange {
namespace {

using test::Venue;
using namespace std::chrono_literals;

Refusal refusalOf(Venue& venue, const NewOrder& order)
{
    const auto taken = venue.exchange->submit(venue.account, order);
    EXPECT_FALSE(taken.has_value());
    return taken ? Refusal::UnknownAccount : taken.error().reason;
}

TEST(Exchange, MarketOrderFillsAtTheFarSideWhateverTheShownSize)
{
    Venue venue;
    venue.quote("99.98", "100.02", 0, "1");
    const auto order = venue.place(Venue::order(Side::Buy, "500"));
    EXPECT_EQ(order.status, VenueStatus::Filled);
    EXPECT_EQ(order.averagePrice, Price::of("100.02"));
    EXPECT_EQ(venue.held(), Quantity::of("500"));
    EXPECT_EQ(venue.figures().cash, Money::of("49990"));
    ASSERT_EQ(venue.updates.size(), 2u);
    EXPECT_EQ(venue.updates[0].event, OrderEvent::New);
    EXPECT_EQ(venue.updates[1].event, OrderEvent::Fill);
    EXPECT_EQ(venue.updates[1].positionQuantity, Quantity::of("500"));
    EXPECT_EQ(venue.updates[1].execution->quantity, Quantity::of("500"));
}

TEST(Exchange, LimitWaitsUntilItIsMarketable)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto order = venue.place(Venue::order(Side::Buy, "10", "99.50"));
    EXPECT_EQ(order.status, VenueStatus::New);
    venue.quote("99.40", "99.45");
    EXPECT_EQ(venue.now(order.id).averagePrice, Price::of("99.45"));
}

TEST(Exchange, AnswerComesBeforeAnyEvent)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto taken = venue.exchange->submit(venue.account, Venue::order(Side::Buy, "1"));
    EXPECT_EQ(taken->status, VenueStatus::PendingNew);
    EXPECT_TRUE(venue.updates.empty());
}

TEST(Exchange, PartialFillLeavesTheRestForTheNextQuote)
{
    auto options = Venue::plain();
    options.partialFillShare = 1;
    Venue venue(options);
    venue.quote("99.98", "100.02");
    const auto order = venue.place(Venue::order(Side::Buy, "100"));
    EXPECT_EQ(order.status, VenueStatus::PartiallyFilled);
    for (int i = 0; i < 100 && venue.status(order) != VenueStatus::Filled; ++i)
        venue.quote("99.98", "100.02");
    EXPECT_EQ(venue.status(order), VenueStatus::Filled);
    Quantity sum;
    for (const auto& execution : venue.exchange->executions(venue.account, 1000))
        sum += execution.quantity;
    EXPECT_EQ(sum, Quantity::of("100"));
}

TEST(Exchange, AboutOneFillInTenIsPartial)
{
    Venue venue(ExchangeOptions{});
    venue.exchange->adjustCash(venue.account, Money::of("100000000"));
    venue.quote("9.99", "10.01");
    for (int i = 0; i < 1000; ++i)
        venue.place(Venue::order(Side::Buy, "100"));
    const auto partial = std::count_if(venue.updates.begin(), venue.updates.end(), [](const auto& u) {
        return u.event == OrderEvent::PartialFill;
    });
    EXPECT_GT(partial, 60);
    EXPECT_LT(partial, 150);
}

TEST(Exchange, StopTriggersOnATradeAndFillsAtTheQuote)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    venue.place(Venue::order(Side::Buy, "10"));
    auto stop = Venue::order(Side::Sell, "10");
    stop.type = OrderType::Stop;
    stop.stopPrice = Price::of("99.00");
    const auto placed = venue.place(stop);
    venue.quote("98.90", "98.95");
    EXPECT_EQ(venue.status(placed), VenueStatus::New) << "quotes do not trigger stops";
    venue.trade("98.95");
    EXPECT_EQ(venue.now(placed.id).averagePrice, Price::of("98.90"));
}

TEST(Exchange, TriggeredBuyStopIsProtectedByALimit)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    auto stop = Venue::order(Side::Buy, "10");
    stop.type = OrderType::Stop;
    stop.stopPrice = Price::of("101.00");
    const auto placed = venue.place(stop);
    venue.quote("109.98", "110.00"); // far beyond 101 + 2.5 %
    venue.trade("109.99");
    EXPECT_EQ(venue.status(placed), VenueStatus::New);
    venue.quote("103.00", "103.50");
    EXPECT_EQ(venue.now(placed.id).averagePrice, Price::of("103.50"));
}

TEST(Exchange, TrailingStopFollowsAndShowsItsMark)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    venue.trade("100.00");
    venue.place(Venue::order(Side::Buy, "10"));
    auto stop = Venue::order(Side::Sell, "10");
    stop.type = OrderType::TrailingStop;
    stop.trailPercent = Decimal::of("5");
    const auto placed = venue.place(stop);
    EXPECT_EQ(placed.stopPrice, Price::of("95"));
    venue.trade("120.00");
    EXPECT_EQ(venue.now(placed.id).highWaterMark, Price::of("120"));
    EXPECT_EQ(venue.now(placed.id).stopPrice, Price::of("114"));
    venue.quote("113.50", "113.60");
    venue.trade("113.90");
    EXPECT_EQ(venue.now(placed.id).averagePrice, Price::of("113.50"));
}

TEST(Exchange, ImmediateOrCancelAndFillOrKill)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    for (const auto tif : {TimeInForce::Ioc, TimeInForce::Fok}) {
        auto away = Venue::order(Side::Buy, "10", "99.00");
        away.timeInForce = tif;
        EXPECT_EQ(venue.place(away).status, VenueStatus::Canceled);
        auto marketable = Venue::order(Side::Buy, "10", "100.10");
        marketable.timeInForce = tif;
        EXPECT_EQ(venue.place(marketable).status, VenueStatus::Filled);
    }
}

TEST(Exchange, NotionalOrderBuysWhatTheMoneyBuys)
{
    Venue venue;
    venue.quote("399.00", "400.00");
    NewOrder order;
    order.symbol = Symbol::of("ACME");
    order.notional = Decimal::of("500");
    EXPECT_EQ(venue.place(order).filledQuantity, Quantity::of("1.25"));
}

TEST(Exchange, RefusalsSayWhatIsWrong)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Buy, "1", "100.001")), Refusal::SubPenny);
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Buy, "0")), Refusal::InvalidQuantity);
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Buy, "1", nullptr, "NONE")),
              Refusal::UnknownSymbol);
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Sell, "1", nullptr, "THIN")),
              Refusal::NotShortable);
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Sell, "1", "5", "BTC/USD")),
              Refusal::InvalidCombination); // crypto is gtc or ioc
    auto extended = Venue::order(Side::Buy, "1");
    extended.extendedHours = true;
    EXPECT_EQ(refusalOf(venue, extended), Refusal::InvalidCombination);
    auto stop = Venue::order(Side::Buy, "1");
    stop.type = OrderType::Stop;
    EXPECT_EQ(refusalOf(venue, stop), Refusal::InvalidPrice);
}

TEST(Exchange, ClientOrderIdIsUsedOnce)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    auto order = Venue::order(Side::Buy, "1");
    order.clientOrderId = "mine";
    const auto first = venue.place(order);
    EXPECT_EQ(refusalOf(venue, order), Refusal::DuplicateClientOrderId);
    EXPECT_EQ(venue.exchange->orderByClientId(venue.account, "mine")->id, first.id);
}

TEST(Exchange, BuyingPowerIsCheckedWithFigures)
{
    Venue venue;
    venue.quote("99.98", "100.00");
    const auto taken = venue.exchange->submit(venue.account, Venue::order(Side::Buy, "4001"));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, Refusal::InsufficientBuyingPower);
    ASSERT_EQ(taken.error().figures.size(), 2u);
    EXPECT_EQ(taken.error().figures[0].second, "400000.00");
    EXPECT_EQ(taken.error().figures[1].second, "400100");
    const auto resting = venue.place(Venue::order(Side::Buy, "1000", "99.00"));
    EXPECT_EQ(venue.figures().buyingPower, Money::of("301000"));
    venue.exchange->cancel(venue.account, resting.id);
    venue.world.run(1s);
    EXPECT_EQ(venue.figures().buyingPower, Money::of("400000"));
}

TEST(Exchange, OneOrderDoesNotCrossZero)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    venue.place(Venue::order(Side::Buy, "10"));
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Sell, "11")), Refusal::CrossesZero);
    venue.place(Venue::order(Side::Sell, "6", "120"));
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Sell, "5", "121")), Refusal::InsufficientQuantity);
    EXPECT_EQ(venue.exchange->position(venue.account, Symbol::of("ACME"))->quantityAvailable,
              Quantity::of("4"));
}

TEST(Exchange, ShortSaleOpensAndCoverCloses)
{
    Venue venue;
    venue.quote("100.00", "100.02");
    venue.place(Venue::order(Side::Sell, "10"));
    EXPECT_EQ(venue.held(), Quantity::of("-10"));
    EXPECT_EQ(venue.figures().cash, Money::of("101000"));
    venue.quote("89.98", "90.00");
    const auto cover = venue.exchange->closePosition(venue.account, Symbol::of("ACME"), std::nullopt);
    ASSERT_TRUE(cover);
    venue.world.run(1s);
    EXPECT_EQ(venue.held(), Quantity());
    EXPECT_EQ(venue.figures().equity, Money::of("100100"));
}

TEST(Exchange, WashTradesAreRefused)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    venue.place(Venue::order(Side::Buy, "20"));
    venue.place(Venue::order(Side::Buy, "10", "99.00"));
    EXPECT_EQ(refusalOf(venue, Venue::order(Side::Sell, "10", "98.00")), Refusal::WashTrade);
    EXPECT_EQ(venue.place(Venue::order(Side::Sell, "10", "101.00")).status, VenueStatus::New);
}

TEST(Exchange, CancelOfAFilledOrderIsRefusedAndChangesNothing)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto order = venue.place(Venue::order(Side::Buy, "10"));
    const auto canceled = venue.exchange->cancel(venue.account, order.id);
    ASSERT_FALSE(canceled);
    EXPECT_EQ(canceled.error().reason, Refusal::NotCancelable);
    EXPECT_EQ(venue.status(order), VenueStatus::Filled);
}

TEST(Exchange, ReplaceMakesANewOrderAndLinksThem)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto old = venue.place(Venue::order(Side::Buy, "10", "99.00"));
    OrderChange change;
    change.limitPrice = Price::of("99.50");
    const auto successor = venue.exchange->replace(venue.account, old.id, change);
    ASSERT_TRUE(successor);
    EXPECT_EQ(venue.status(old), VenueStatus::PendingReplace);
    EXPECT_FALSE(venue.exchange->cancel(venue.account, old.id)) << "pending_replace refuses cancels";
    venue.world.run(1s);
    EXPECT_EQ(venue.status(old), VenueStatus::Replaced);
    EXPECT_EQ(venue.now(old.id).replacedBy, successor->id);
    EXPECT_EQ(venue.status(*successor), VenueStatus::New);
    venue.quote("99.30", "99.40");
    EXPECT_EQ(venue.held(), Quantity::of("10"));
}

TEST(Exchange, ReplaceLosesTheRaceAgainstAFill)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto old = venue.place(Venue::order(Side::Buy, "10", "99.00"));
    OrderChange change;
    change.limitPrice = Price::of("98.50");
    const auto successor = venue.exchange->replace(venue.account, old.id, change);
    venue.quote("98.80", "98.90"); // before the replacement takes effect
    venue.world.run(1s);
    EXPECT_EQ(venue.status(old), VenueStatus::Filled);
    EXPECT_EQ(venue.status(*successor), VenueStatus::Rejected);
    EXPECT_EQ(venue.held(), Quantity::of("10"));
}

TEST(Exchange, NothingFillsDuringAHalt)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    ASSERT_TRUE(venue.exchange->setHalted(0, true));
    EXPECT_FALSE(venue.exchange->setHalted(0, true));
    const auto order = venue.place(Venue::order(Side::Buy, "10"));
    venue.quote("99.98", "100.02");
    EXPECT_EQ(venue.status(order), VenueStatus::New);
    venue.exchange->setHalted(0, false);
    venue.quote("99.98", "100.02");
    EXPECT_EQ(venue.status(order), VenueStatus::Filled);
}

TEST(Exchange, MinuteBarsAreBuiltFromTrades)
{
    Venue venue;
    venue.trade("100.00", "10");
    venue.trade("101.00", "10");
    venue.trade("99.00", "5");
    venue.world.run(61s);
    venue.trade("100.50", "1");
    const auto bar = std::find_if(venue.events.begin(), venue.events.end(), [](const auto& event) {
        return std::holds_alternative<BarTick>(event);
    });
    ASSERT_NE(bar, venue.events.end());
    const Bar expected{Timestamp::of("2026-01-05T15:00:00Z"), Price::of("100"), Price::of("101"),
                       Price::of("99"), Price::of("99"), Quantity::of("25"), 3};
    EXPECT_EQ(std::get<BarTick>(*bar).bar, expected);
}

} // namespace
} // namespace qd::exchange
