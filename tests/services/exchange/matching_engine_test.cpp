#include "services/exchange/matching_engine.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "services/runtime/random.h"

namespace qd::exchange {
namespace {

struct Engine {
    explicit Engine(SelfTrade selfTrade = SelfTrade::Allow) : engine(selfTrade)
    {
        engine.addBook();
    }
    EngineOrderId limit(Side side, std::int64_t quantity, std::int64_t price,
                        TimeInForce timeInForce = TimeInForce::Gtc, OwnerId owner = 0)
    {
        EngineOrder order;
        order.side = side;
        order.quantity = quantity;
        order.price = price;
        order.timeInForce = timeInForce;
        order.owner = owner;
        return submit(order);
    }
    EngineOrderId market(Side side, std::int64_t quantity)
    {
        EngineOrder order;
        order.side = side;
        order.type = OrderType::Market;
        order.quantity = quantity;
        return submit(order);
    }
    EngineOrderId submit(const EngineOrder& order)
    {
        events.clear();
        return engine.submit(order, events);
    }
    std::size_t count(EngineEventKind kind) const
    {
        return static_cast<std::size_t>(std::count_if(
            events.begin(), events.end(), [kind](const auto& e) { return e.kind == kind; }));
    }
    const EngineEvent& first(EngineEventKind kind) const
    {
        return *std::find_if(events.begin(), events.end(),
                             [kind](const auto& e) { return e.kind == kind; });
    }
    MatchingEngine engine;
    EngineEvents events;
};

TEST(MatchingEngine, BetterPriceThenEarlierOrderTradesFirst)
{
    Engine venue;
    const auto late = venue.limit(Side::Sell, 10, 101);
    const auto first = venue.limit(Side::Sell, 10, 100);
    const auto second = venue.limit(Side::Sell, 10, 100);
    venue.limit(Side::Buy, 25, 101);
    ASSERT_EQ(venue.count(EngineEventKind::Traded), 3u);
    EXPECT_EQ(venue.events[0].makerId, first);
    EXPECT_EQ(venue.events[1].makerId, second);
    EXPECT_EQ(venue.events[2].makerId, late);
    EXPECT_EQ(venue.events[0].price, 100) << "the maker's price, not the taker's";
    EXPECT_EQ(venue.engine.openQuantity(late), 5);
}

TEST(MatchingEngine, FillOrKillTradesAllOrNothing)
{
    Engine venue;
    venue.limit(Side::Sell, 10, 100);
    venue.limit(Side::Sell, 10, 102);
    venue.limit(Side::Buy, 15, 101, TimeInForce::Fok);
    EXPECT_EQ(venue.count(EngineEventKind::Traded), 0u);
    EXPECT_EQ(venue.first(EngineEventKind::Canceled).quantity, 15);
    venue.limit(Side::Buy, 15, 102, TimeInForce::Fok);
    EXPECT_EQ(venue.count(EngineEventKind::Traded), 2u);
    EXPECT_EQ(venue.count(EngineEventKind::Canceled), 0u);
}

TEST(MatchingEngine, ImmediateOrCancelNeverRests)
{
    Engine venue;
    venue.limit(Side::Sell, 10, 100);
    venue.limit(Side::Buy, 15, 100, TimeInForce::Ioc);
    EXPECT_EQ(venue.first(EngineEventKind::Canceled).quantity, 5);
    EXPECT_FALSE(venue.engine.best(0, Side::Buy));
}

TEST(MatchingEngine, MarketOrderOnAnEmptyBookIsCanceled)
{
    Engine venue;
    venue.market(Side::Buy, 10);
    ASSERT_EQ(venue.events.size(), 1u);
    EXPECT_EQ(venue.events[0].kind, EngineEventKind::Canceled);
}

TEST(MatchingEngine, CancelOfAFilledOrderIsANoOpEvenWhenItsPlaceIsUsedAgain)
{
    Engine venue;
    const auto filled = venue.limit(Side::Sell, 10, 100);
    venue.market(Side::Buy, 10);
    const auto next = venue.limit(Side::Sell, 7, 100);
    venue.events.clear();
    EXPECT_FALSE(venue.engine.cancel(filled, venue.events));
    EXPECT_TRUE(venue.events.empty());
    EXPECT_EQ(venue.engine.openQuantity(next), 7);
}

TEST(MatchingEngine, ModifyDownKeepsPriorityModifyUpLosesIt)
{
    Engine venue;
    const auto a = venue.limit(Side::Buy, 10, 100);
    const auto b = venue.limit(Side::Buy, 10, 100);
    venue.engine.modify(a, 100, 4, venue.events);
    EXPECT_EQ(venue.engine.quantityAhead(b), 4);
    venue.engine.modify(a, 100, 20, venue.events);
    EXPECT_EQ(venue.engine.quantityAhead(b), 0);
    EXPECT_EQ(venue.engine.quantityAhead(a), 10);
}

TEST(MatchingEngine, StopsTriggerInOrderOfNearness)
{
    Engine venue;
    venue.limit(Side::Buy, 100, 95);
    EngineOrder stop;
    stop.side = Side::Sell;
    stop.type = OrderType::Stop;
    stop.quantity = 10;
    stop.stopPrice = 97;
    const auto far = venue.submit(stop);
    stop.stopPrice = 99;
    const auto near = venue.submit(stop);
    EXPECT_EQ(venue.count(EngineEventKind::Triggered), 0u);
    venue.events.clear();
    venue.engine.observeTrade(0, 96, venue.events);
    ASSERT_EQ(venue.count(EngineEventKind::Triggered), 2u);
    EXPECT_EQ(venue.events[0].id, near);
    EXPECT_FALSE(venue.engine.isOpen(far));
    EXPECT_EQ(venue.engine.best(0, Side::Buy)->quantity, 80);
}

TEST(MatchingEngine, StopLimitRestsAtItsLimitOnceTriggered)
{
    Engine venue;
    EngineOrder stop;
    stop.side = Side::Buy;
    stop.type = OrderType::StopLimit;
    stop.quantity = 10;
    stop.stopPrice = 105;
    stop.price = 104;
    const auto id = venue.submit(stop);
    EXPECT_FALSE(venue.engine.best(0, Side::Buy));
    venue.engine.observeTrade(0, 105, venue.events);
    EXPECT_TRUE(venue.engine.isOpen(id));
    EXPECT_EQ(venue.engine.best(0, Side::Buy)->price, 104);
}

TEST(MatchingEngine, AStopLimitKeepsItsLimitWhenTheNewOneIsNoPrice)
{
    Engine venue;
    EngineOrder stop;
    stop.side = Side::Buy;
    stop.type = OrderType::StopLimit;
    stop.quantity = 10;
    stop.stopPrice = 105;
    stop.price = 104;
    const auto id = venue.submit(stop);
    EXPECT_FALSE(venue.engine.modify(id, 0, 10, venue.events));
    venue.engine.observeTrade(0, 105, venue.events);
    ASSERT_TRUE(venue.engine.best(0, Side::Buy));
    EXPECT_EQ(venue.engine.best(0, Side::Buy)->price, 104);
}

TEST(MatchingEngine, TrailingStopFollowsTheHighAndFallsWithIt)
{
    Engine venue;
    venue.limit(Side::Buy, 100, 90);
    EngineOrder stop;
    stop.side = Side::Sell;
    stop.type = OrderType::TrailingStop;
    stop.quantity = 10;
    stop.trail = 5;
    const auto id = venue.submit(stop);
    for (const auto price : {100, 110, 106})
        venue.engine.observeTrade(0, price, venue.events);
    EXPECT_TRUE(venue.engine.isOpen(id)) << "106 is above 110 - 5";
    venue.events.clear();
    venue.engine.observeTrade(0, 105, venue.events);
    EXPECT_EQ(venue.count(EngineEventKind::Triggered), 1u);
    EXPECT_EQ(venue.first(EngineEventKind::Traded).price, 90);
}

TEST(MatchingEngine, SelfTradePolicies)
{
    for (const auto policy : {SelfTrade::CancelNewest, SelfTrade::CancelOldest,
                              SelfTrade::CancelBoth}) {
        Engine venue(policy);
        const auto own = venue.limit(Side::Sell, 10, 100, TimeInForce::Gtc, 7);
        const auto other = venue.limit(Side::Sell, 10, 100, TimeInForce::Gtc, 8);
        const auto taker = venue.limit(Side::Buy, 10, 100, TimeInForce::Gtc, 7);
        EXPECT_EQ(venue.engine.isOpen(own), policy == SelfTrade::CancelNewest);
        EXPECT_EQ(venue.engine.isOpen(other), policy != SelfTrade::CancelOldest);
        EXPECT_FALSE(venue.engine.isOpen(taker));
    }
}

TEST(MatchingEngine, RefusesWhatCannotBeAnOrder)
{
    Engine venue;
    EXPECT_EQ(venue.limit(Side::Buy, 0, 100), 0u);
    EXPECT_EQ(venue.limit(Side::Buy, 10, 0), 0u);
    EXPECT_EQ(venue.first(EngineEventKind::Refused).price, 0);
}

/// Random traffic. What was bought was sold, nothing is created or lost, no book is ever crossed, and
/// the same seed tells the same story.
std::uint64_t playRandomly(std::uint64_t seed)
{
    runtime::SeededRandom random(seed);
    MatchingEngine engine(SelfTrade::CancelOldest);
    for (int i = 0; i < 3; ++i)
        engine.addBook();
    std::vector<EngineOrderId> ids;
    std::int64_t entered = 0, traded = 0, canceled = 0, changed = 0;
    std::uint64_t hash = 1;
    for (int step = 0; step < 20'000; ++step) {
        EngineEvents events;
        const auto dice = random.below(10);
        if (dice < 2 && !ids.empty()) {
            engine.cancel(ids[random.below(ids.size())], events);
        } else if (dice == 2 && !ids.empty()) {
            const auto id = ids[random.below(ids.size())];
            const auto before = engine.openQuantity(id);
            const auto wanted = static_cast<std::int64_t>(1 + random.below(50));
            const auto price = static_cast<std::int64_t>(90 + random.below(20));
            if (engine.modify(id, price, wanted, events))
                changed += wanted - before;
        } else {
            EngineOrder order;
            order.book = static_cast<BookIndex>(random.below(3));
            order.owner = static_cast<OwnerId>(random.below(4));
            order.side = random.below(2) == 0 ? Side::Buy : Side::Sell;
            constexpr OrderType kTypes[] = {OrderType::Limit, OrderType::Limit, OrderType::Limit,
                                            OrderType::Market, OrderType::Stop, OrderType::StopLimit,
                                            OrderType::TrailingStop};
            order.type = kTypes[random.below(7)];
            constexpr TimeInForce kTimes[] = {TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok};
            order.timeInForce = kTimes[random.below(8) < 6 ? 0 : 1 + random.below(2)];
            order.quantity = static_cast<std::int64_t>(1 + random.below(50));
            order.price = static_cast<std::int64_t>(90 + random.below(20));
            order.stopPrice = static_cast<std::int64_t>(90 + random.below(20));
            order.trail = static_cast<std::int64_t>(1 + random.below(5));
            entered += order.quantity;
            ids.push_back(engine.submit(order, events));
        }
        for (const auto& event : events) {
            if (event.kind == EngineEventKind::Traded)
                traded += 2 * event.quantity; // from the taker and from the maker
            if (event.kind == EngineEventKind::Canceled)
                canceled += event.quantity;
            for (const auto part : {event.id, event.makerId, static_cast<std::uint64_t>(event.price),
                                    static_cast<std::uint64_t>(event.quantity)})
                hash = (hash ^ part) * 1099511628211ull;
        }
        for (BookIndex book = 0; book < 3; ++book) {
            const auto bid = engine.best(book, Side::Buy), ask = engine.best(book, Side::Sell);
            if (bid && ask && bid->price >= ask->price)
                ADD_FAILURE() << "book " << book << " is crossed after step " << step;
        }
    }
    std::int64_t open = 0;
    for (const auto id : ids)
        open += engine.openQuantity(id);
    EXPECT_EQ(entered + changed, traded + canceled + open) << "seed " << seed;
    std::int64_t shown = 0;
    for (BookIndex book = 0; book < 3; ++book) {
        for (const auto side : {Side::Buy, Side::Sell}) {
            for (const auto& level : engine.levels(book, side, 1000)) {
                EXPECT_GT(level.quantity, 0);
                shown += level.quantity;
            }
        }
    }
    EXPECT_LE(shown, open);
    return hash;
}

TEST(MatchingEngine, RandomTrafficConservesQuantityAndNeverCrosses)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        playRandomly(seed);
}

TEST(MatchingEngine, ReplayGivesTheSameTrades)
{
    EXPECT_EQ(playRandomly(42), playRandomly(42));
    EXPECT_NE(playRandomly(42), playRandomly(43));
}

} // namespace
} // namespace qd::exchange
