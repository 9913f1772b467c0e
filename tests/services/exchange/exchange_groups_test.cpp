// Brackets, OCO and OTO; sessions; fees; the book model.

#include <gtest/gtest.h>

#include "tests/services/exchange/venue.h"

namespace qd::exchange {
namespace {

using test::Venue;
using namespace std::chrono_literals;

NewOrder bracket(const char* quantity)
{
    auto order = Venue::order(Side::Buy, quantity);
    order.orderClass = OrderClass::Bracket;
    order.takeProfit = TakeProfit{Price::of("110.00")};
    order.stopLoss = StopLoss{Price::of("95.00"), std::nullopt};
    return order;
}

TEST(Bracket, LegsAreHeldUntilTheEntryIsCompletelyFilled)
{
    auto options = Venue::plain();
    options.partialFillShare = 1;
    Venue venue(options);
    venue.quote("99.98", "100.02");
    const auto entry = venue.place(bracket("100"));
    ASSERT_EQ(entry.legs.size(), 2u);
    ASSERT_EQ(entry.status, VenueStatus::PartiallyFilled);
    EXPECT_EQ(venue.now(entry.legs[0]).status, VenueStatus::Held);
    for (int i = 0; i < 200 && venue.status(entry) != VenueStatus::Filled; ++i)
        venue.quote("99.98", "100.02");
    EXPECT_EQ(venue.now(entry.legs[0]).status, VenueStatus::New);
    EXPECT_EQ(venue.now(entry.legs[1]).status, VenueStatus::Held);
}

TEST(Bracket, TakeProfitFillCancelsTheStop)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto entry = venue.place(bracket("100"));
    venue.quote("110.00", "110.05");
    EXPECT_EQ(venue.now(entry.legs[0]).status, VenueStatus::Filled);
    EXPECT_EQ(venue.now(entry.legs[1]).status, VenueStatus::Canceled);
    EXPECT_EQ(venue.held(), Quantity());
}

TEST(Bracket, StopTakesOverFromTheTakeProfit)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto entry = venue.place(bracket("100"));
    venue.quote("94.80", "94.90");
    venue.trade("94.90");
    EXPECT_EQ(venue.now(entry.legs[0]).status, VenueStatus::Canceled);
    EXPECT_EQ(venue.now(entry.legs[1]).averagePrice, Price::of("94.80"));
    EXPECT_EQ(venue.held(), Quantity());
}

TEST(Bracket, ExitsAlwaysAddUpToThePosition)
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        auto options = Venue::plain();
        options.partialFillShare = 0.8;
        Venue venue(options, seed);
        runtime::SeededRandom random(seed);
        venue.quote("99.98", "100.02");
        const auto entry = venue.place(bracket("100"));
        for (int i = 0; i < 200; ++i) {
            const auto cents = static_cast<std::int64_t>(9400 + random.below(1700));
            const auto bid = Decimal::fromUnits(cents * Decimal::kOne / 100).toFixed(2);
            const auto ask = Decimal::fromUnits((cents + 2) * Decimal::kOne / 100).toFixed(2);
            venue.quote(bid.c_str(), ask.c_str());
            venue.trade(bid.c_str());
            const auto now = venue.now(entry.id);
            const auto profit = venue.now(entry.legs[0]), stop = venue.now(entry.legs[1]);
            if (now.status != VenueStatus::Filled)
                continue;
            if (!isFinal(profit.status)) {
                EXPECT_EQ(profit.leaves(), venue.held());
                EXPECT_EQ(stop.leaves(), venue.held()) << "a partial take-profit shrinks the stop";
            } else if (!isFinal(stop.status)) {
                EXPECT_EQ(stop.leaves(), venue.held());
            } else {
                EXPECT_EQ(venue.held(), Quantity()) << "seed " << seed;
            }
        }
        EXPECT_EQ(venue.now(entry.id).filledQuantity,
                  venue.held() + venue.now(entry.legs[0]).filledQuantity
                      + venue.now(entry.legs[1]).filledQuantity);
    }
}

TEST(Bracket, CancelOfOneLegCancelsTheGroup)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    const auto entry = venue.place(bracket("100"));
    ASSERT_TRUE(venue.exchange->cancel(venue.account, entry.legs[1]));
    venue.world.run(1s);
    EXPECT_EQ(venue.now(entry.legs[0]).status, VenueStatus::Canceled);
    EXPECT_EQ(venue.now(entry.legs[1]).status, VenueStatus::Canceled);
    EXPECT_EQ(venue.held(), Quantity::of("100"));
}

TEST(Bracket, CanceledEntryTakesItsLegsWithIt)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    auto order = bracket("100");
    order.type = OrderType::Limit;
    order.limitPrice = Price::of("98.00");
    const auto entry = venue.place(order);
    venue.exchange->cancel(venue.account, entry.id);
    venue.world.run(1s);
    EXPECT_EQ(venue.now(entry.legs[0]).status, VenueStatus::Canceled);
    EXPECT_EQ(venue.now(entry.legs[1]).status, VenueStatus::Canceled);
}

TEST(Bracket, LegsMustStandOnTheRightSides)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    auto order = bracket("100");
    order.stopLoss->stopPrice = Price::of("100.02");
    const auto taken = venue.exchange->submit(venue.account, order);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, Refusal::InvalidLegs);
    EXPECT_EQ(taken.error().message, "stop_loss.stop_price must be <= base_price - 0.01");
}

TEST(Oco, ParentIsTheTakeProfitAndOneCancelsTheOther)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    venue.place(Venue::order(Side::Buy, "100"));
    auto order = Venue::order(Side::Sell, "100", "110.00");
    order.orderClass = OrderClass::Oco;
    order.takeProfit = TakeProfit{Price::of("110.00")};
    order.stopLoss = StopLoss{Price::of("95.00"), std::nullopt};
    const auto parent = venue.place(order);
    ASSERT_EQ(parent.legs.size(), 1u);
    EXPECT_EQ(venue.now(parent.legs[0]).status, VenueStatus::Held);
    venue.quote("94.80", "94.90");
    venue.trade("94.90");
    EXPECT_EQ(venue.status(parent), VenueStatus::Canceled);
    EXPECT_EQ(venue.now(parent.legs[0]).status, VenueStatus::Filled);
    EXPECT_EQ(venue.held(), Quantity());
}

TEST(Oto, SingleStopGoesToTheMarketWhenTheEntryIsFilled)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    auto order = Venue::order(Side::Buy, "10");
    order.orderClass = OrderClass::Oto;
    order.stopLoss = StopLoss{Price::of("95.00"), std::nullopt};
    const auto entry = venue.place(order);
    EXPECT_EQ(venue.now(entry.legs.at(0)).status, VenueStatus::New);
}

TEST(Sessions, OrdersWaitForTheOpenAndDayOrdersExpireAtTheClose)
{
    auto options = Venue::plain();
    options.sessions = SessionMode::Calendar;
    Venue venue(options, 1, Timestamp::of("2026-01-05T13:00:00Z")); // 08:00 New York
    venue.quote("99.98", "100.02");
    EXPECT_FALSE(venue.exchange->clock().isOpen);
    const auto market = venue.place(Venue::order(Side::Buy, "10"));
    const auto resting = venue.place(Venue::order(Side::Buy, "10", "90.00"));
    auto early = Venue::order(Side::Buy, "10", "101.00");
    early.extendedHours = true;
    EXPECT_EQ(market.status, VenueStatus::Accepted);
    EXPECT_EQ(venue.place(early).status, VenueStatus::Filled) << "extended hours trade before the open";
    venue.world.run(2h);
    venue.quote("99.98", "100.02"); // 10:00
    EXPECT_TRUE(venue.exchange->clock().isOpen);
    EXPECT_EQ(venue.status(market), VenueStatus::Filled);
    venue.world.run(7h);
    venue.exchange->moveOn(); // 17:00
    EXPECT_EQ(venue.status(resting), VenueStatus::Expired);
    EXPECT_EQ(venue.phases, (std::vector{SessionPhase::Regular, SessionPhase::PostMarket}));
}

TEST(Sessions, AuctionOrdersHaveTheirWindowsAndTheirMoment)
{
    auto options = Venue::plain();
    options.sessions = SessionMode::Calendar;
    Venue venue(options, 1, Timestamp::of("2026-01-05T13:00:00Z"));
    venue.quote("99.98", "100.02");
    auto opening = Venue::order(Side::Buy, "10");
    opening.timeInForce = TimeInForce::Opg;
    const auto placed = venue.place(opening);
    auto closing = Venue::order(Side::Buy, "5");
    closing.timeInForce = TimeInForce::Cls;
    const auto atClose = venue.place(closing);
    venue.world.run(2h);
    venue.exchange->moveOn();
    EXPECT_EQ(venue.status(placed), VenueStatus::Filled);
    EXPECT_EQ(venue.status(atClose), VenueStatus::Accepted);
    const auto late = venue.exchange->submit(venue.account, opening);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().reason, Refusal::AuctionWindow);
    venue.world.run(6h);
    venue.exchange->moveOn();
    EXPECT_EQ(venue.status(atClose), VenueStatus::Filled);
}

TEST(Fees, AreRoundedUpToACentAndTakenFromCash)
{
    auto options = Venue::plain();
    options.fees.perShare = Decimal::of("0.0035");
    options.fees.minimumPerOrder = Decimal::of("0.35");
    Venue venue(options);
    venue.quote("99.98", "100.00");
    venue.place(Venue::order(Side::Buy, "10"));
    EXPECT_EQ(venue.figures().cash, Money::of("98999.65"));
    venue.place(Venue::order(Side::Buy, "101"));
    EXPECT_EQ(venue.figures().fees, Money::of("0.71")) << "101 x 0.0035 = 0.3535, up to 0.36";
}

TEST(BookModel, SizeCountsAndTheQueueIsHonest)
{
    auto options = Venue::plain();
    options.fillModel = FillModel::Book;
    Venue venue(options);
    venue.quote("99.98", "100.02", 0, "100");
    auto large = Venue::order(Side::Buy, "150", "100.02");
    const auto order = venue.place(large);
    EXPECT_EQ(order.filledQuantity, Quantity::of("100")) << "no more was shown";
    venue.exchange->cancel(venue.account, order.id);
    venue.world.run(1s);
    venue.quote("99.98", "100.02", 0, "100");
    const auto queued = venue.place(Venue::order(Side::Buy, "50", "99.98"));
    venue.trade("99.98", "60");
    EXPECT_EQ(venue.now(queued.id).filledQuantity, Quantity()) << "100 were ahead";
    venue.trade("99.98", "60");
    EXPECT_EQ(venue.now(queued.id).filledQuantity, Quantity::of("20"));
    EXPECT_EQ(venue.now(queued.id).averagePrice, Price::of("99.98"));
}

TEST(Account, ResetStartsAgain)
{
    Venue venue;
    venue.quote("99.98", "100.02");
    venue.place(Venue::order(Side::Buy, "10"));
    const auto resting = venue.place(Venue::order(Side::Buy, "10", "90.00"));
    ASSERT_TRUE(venue.exchange->resetAccount(venue.account, Money::of("5000")));
    EXPECT_EQ(venue.status(resting), VenueStatus::Canceled);
    EXPECT_TRUE(venue.exchange->positions(venue.account).empty());
    EXPECT_EQ(venue.figures().buyingPower, Money::of("20000"));
}

} // namespace
} // namespace qd::exchange
