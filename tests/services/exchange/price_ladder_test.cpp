#include "services/exchange/price_ladder.h"

#include <algorithm>
#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "services/runtime/random.h"

namespace qd::exchange {
namespace {

/// Orders at each key, best first: what a ladder must show.
using Counts = std::map<std::int64_t, std::uint32_t>;

Counts shown(const PriceLadder& ladder)
{
    Counts counts;
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    for (const auto* level = ladder.bestLevel(); level != nullptr; level = ladder.worse(*level)) {
        EXPECT_GT(level->key, last) << "best first";
        last = level->key;
        counts[level->key] = level->orderCount;
    }
    return counts;
}

void leave(PriceLadder& ladder, std::int64_t key)
{
    ladder.leave(ladder.at(key), key);
}

/// How the keys of a book may lie.
struct Market {
    const char* name;
    std::int64_t start, step;
    std::uint64_t width; ///< keys around the middle, in steps
    std::int64_t drift;  ///< of the middle at every message
    std::uint64_t oddOneIn; ///< so many keys are off the grid; 0: none
};
constexpr Market kMarkets[] = {
    {"a full book", 10'000, 1, 100, 0, 0},
    {"cents in 1e-8 units, negated", -187'50'000'000, 1'000'000, 100, 0, 0},
    {"a rising price", -10'000, 1, 40, 1, 0},
    {"a falling price", -1'000'000, 5, 40, -1, 0},
    {"far apart", 1'000'000'000, 1, 1'000'000'000, 0, 0},
    {"cents, now and then a fraction", 10'000'000, 100, 60, 0, 50},
};

TEST(PriceLadder, ShowsWhatASortedMapWould)
{
    for (const auto& market : kMarkets) {
        SCOPED_TRACE(market.name);
        runtime::SeededRandom random(7);
        PriceLadder ladder;
        Counts expected;
        auto middle = market.start;
        for (int message = 0; message < 20'000; ++message) {
            middle += market.drift;
            if (random.below(100) < 52 || expected.empty()) {
                auto key = middle
                           + market.step * static_cast<std::int64_t>(random.below(market.width));
                if (market.oddOneIn > 0 && random.below(market.oddOneIn) == 0)
                    key += static_cast<std::int64_t>(random.below(100));
                EXPECT_EQ(ladder.join(key).key, key);
                ++expected[key];
            } else {
                auto gone = expected.lower_bound(
                    middle + market.step * static_cast<std::int64_t>(random.below(market.width)));
                if (gone == expected.end())
                    gone = expected.begin();
                leave(ladder, gone->first);
                if (--gone->second == 0)
                    expected.erase(gone);
            }
            ASSERT_EQ(ladder.empty(), expected.empty());
            if (!expected.empty()) {
                ASSERT_EQ(ladder.bestKey(), expected.begin()->first) << "message " << message;
            }
            if (message % 500 == 0) {
                ASSERT_EQ(shown(ladder), expected) << "message " << message;
            }
        }
        EXPECT_EQ(shown(ladder), expected);
    }
}

TEST(PriceLadder, ALevelKeepsItsQueueWhileOthersComeAndGo)
{
    PriceLadder ladder;
    ladder.join(1000).quantity = 77;
    for (const std::int64_t key : {1016, 900, 1001, 2000, 950, 975, 999})
        ladder.join(key).quantity = key;
    leave(ladder, 900);
    leave(ladder, 999);
    EXPECT_EQ(ladder.at(1000).quantity, 77);
    EXPECT_EQ(ladder.at(2000).quantity, 2000);
    EXPECT_EQ(ladder.best().key, 950);
}

TEST(PriceLadder, EmptyPlacesDoNotPileUpBehindAMovingPrice)
{
    for (const std::int64_t direction : {1, -1}) {
        PriceLadder ladder;
        std::size_t most = 0;
        std::int64_t key = 1'000'000;
        ladder.join(key);
        for (int move = 0; move < 100'000; ++move, key += direction) {
            ladder.join(key + direction);
            leave(ladder, key);
            most = std::max(most, ladder.places());
        }
        EXPECT_LE(most, PriceLadder::kUsualLevels) << "two levels with orders at most";
        EXPECT_EQ(shown(ladder), (Counts{{key, 1}}));
    }
}

TEST(PriceLadder, FewOrdersFarApartStayFewPlaces)
{
    PriceLadder ladder;
    constexpr int kOrders = 1000;
    ladder.join(1);
    for (std::int64_t i = 1; i < kOrders; ++i)
        ladder.join(1 + i * 1'003);
    ladder.join(2); // the step is one now
    EXPECT_LE(ladder.places(), static_cast<std::size_t>(kOrders + 1));
}

} // namespace
} // namespace qd::exchange
