// Brackets, OCO and OTO; sessions; fees; the book model; laws over random sequences.

#include <gtest/gtest.h>

#include "services/exchange/simulated_market.h"
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

/// A customer who does anything at random in a simulated market. Money and shares are conserved.
std::uint64_t tradeRandomly(std::uint64_t seed, FillModel model)
{
    qd::test::SimWorld world(seed);
    qd::test::SimExecutor executor(world);
    runtime::SeededRandom ids(seed), choices(seed + 1);
    struct Listener final : ExchangeListener {
        std::uint64_t hash = 1;
        void orderUpdated(const OrderUpdate& update) override
        {
            for (const char c : update.order.id.text())
                hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
            hash ^= static_cast<std::uint64_t>(update.order.filledQuantity.units());
            EXPECT_LE(update.order.filledQuantity, update.order.quantity);
        }
        void marketMoved(const MarketBatch& batch) override { hash += batch.size(); }
    } listener;
    SimulationOptions simulation;
    simulation.symbols = 8;
    simulation.updatesPerSecond = 200;
    simulation.seed = seed;
    ExchangeOptions options;
    options.fillModel = model;
    options.fees.perShare = Decimal::of("0.003");
    Exchange exchange(executor, ids, std::make_unique<SimulatedMarket>(simulation), options, listener);
    const AccountId account("paper");
    AccountTerms terms;
    terms.id = account;
    EXPECT_TRUE(exchange.openAccount(terms).has_value());
    exchange.start();
    world.run(1s);
    for (int i = 0; i < 400; ++i) {
        NewOrder order;
        const auto instrument = static_cast<InstrumentIndex>(choices.below(3));
        order.symbol = exchange.instruments()[instrument].symbol;
        order.side = choices.below(2) == 0 ? Side::Buy : Side::Sell;
        order.quantity = Quantity(Decimal::fromInt(static_cast<std::int64_t>(1 + choices.below(40))));
        const auto quote = exchange.snapshot(instrument).quote;
        if (choices.below(2) == 0 && quote) {
            order.type = OrderType::Limit;
            const auto away = static_cast<std::int64_t>(choices.below(7)) - 3;
            order.limitPrice = quote->bid + Price::fromUnits(away * Decimal::kOne / 100);
            order.timeInForce = choices.below(3) == 0 ? TimeInForce::Ioc : TimeInForce::Day;
        }
        static_cast<void>(exchange.submit(account, order));
        if (choices.below(5) == 0)
            exchange.cancelAll(account);
        world.run(100ms);
    }
    Money cash = Money::of("100000");
    std::map<Symbol, Quantity> held;
    for (const auto& execution : exchange.executions(account, 100'000)) {
        const Money worth = notional(execution.price, execution.quantity);
        cash -= (execution.side == Side::Buy ? worth : -worth) + execution.fee;
        held[execution.symbol]
            += execution.side == Side::Buy ? execution.quantity : -execution.quantity;
        EXPECT_EQ(held[execution.symbol], execution.positionAfter);
    }
    EXPECT_EQ(exchange.account(account)->cash, cash);
    for (const auto& position : exchange.positions(account))
        EXPECT_EQ(position.quantity, held[position.symbol]);
    EXPECT_GT(exchange.executions(account, 100'000).size(), 50u);
    return listener.hash;
}

TEST(ExchangeLaws, MoneyAndSharesAreConserved)
{
    for (const auto model : {FillModel::AlpacaPaper, FillModel::Book}) {
        tradeRandomly(1, model);
        tradeRandomly(2, model);
    }
}

TEST(ExchangeLaws, SameSeedSameStory)
{
    EXPECT_EQ(tradeRandomly(7, FillModel::AlpacaPaper), tradeRandomly(7, FillModel::AlpacaPaper));
    EXPECT_NE(tradeRandomly(7, FillModel::AlpacaPaper), tradeRandomly(8, FillModel::AlpacaPaper));
}

} // namespace
} // namespace qd::exchange
