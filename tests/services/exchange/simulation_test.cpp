#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "services/exchange/price_path.h"
#include "services/exchange/simulated_market.h"

// What makes the simulated day look like a day: its volume curve, jumps, the pauses after them, and how
// wide and how deep names are quoted meanwhile.

namespace qd::exchange {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeed = 1;
constexpr int kNames = 100;
constexpr InstrumentIndex kSpy = 0;

/// A name's session in which the price jumps.
struct Jump {
    InstrumentIndex name = 0;
    std::shared_ptr<const PricePath::Minutes> minutes;
    Timestamp pauseFrom() const
    {
        return minutes->session.start + std::chrono::minutes(minutes->jumpMinute + 1);
    }
    /// In log-price.
    double size() const
    {
        const auto at = static_cast<std::size_t>(minutes->jumpMinute);
        return minutes->values[at + 1] - minutes->values[at];
    }
};

struct Simulated {
    std::vector<SimulatedName> names = makeUniverse(kSeed, kNames);
    PricePath path{kSeed, 1.0, /*calendarHours=*/false, names};

    std::vector<Jump> jumps(std::int64_t firstDay, int days) const
    {
        std::vector<Jump> found;
        for (InstrumentIndex i = 0; i < names.size(); ++i) {
            for (std::int64_t day = firstDay; day < firstDay + days; ++day) {
                const auto minutes = path.minutes(i, *path.sessionOn(i, day));
                if (minutes->jumpMinute >= 0) found.push_back({i, minutes});
            }
        }
        return found;
    }
    /// How many are to be expected.
    double expected(int days) const
    {
        return days * std::accumulate(names.begin(), names.end(), 0.0,
                                      [](double sum, const SimulatedName& name) {
                                          return sum + name.haltsPerDay;
                                      });
    }
};

SimulationOptions options(bool halts)
{
    SimulationOptions made;
    made.seed = kSeed;
    made.symbols = kNames;
    made.updatesPerSecond = 4000;
    made.halts = halts;
    return made;
}

constexpr std::int64_t kDay = 20'458; // 2026-01-05

InstrumentIndex instrumentOf(const MarketEvent& event)
{
    return std::visit([](const auto& tick) { return tick.instrument; }, event);
}

/// Everything about `jump`'s name from a minute before its pause to a minute after it.
MarketBatch aroundPause(const Jump& jump, bool halts)
{
    SimulatedMarket market(options(halts));
    market.start(jump.pauseFrom() - 1min);
    MarketBatch all;
    market.advance(jump.pauseFrom() - 1min, all);
    for (Duration passed{}; passed <= Duration(7min); passed += 10s)
        market.advance(jump.pauseFrom() - 1min + passed, all);
    std::erase_if(all, [&](const MarketEvent& event) { return instrumentOf(event) != jump.name; });
    return all;
}

Timestamp timeOf(const MarketEvent& event)
{
    return std::visit(
        [](const auto& tick) {
            if constexpr (std::is_same_v<std::decay_t<decltype(tick)>, BarTick>)
                return tick.bar.start;
            else
                return tick.time;
        },
        event);
}

/// Shares traded in `length` from `from` over twenty sessions, by the minute bars.
double volume(const SimulatedMarket& market, std::chrono::hours from, Duration length)
{
    double sum = 0;
    for (int day = 1; day <= 20; ++day) {
        const auto start = Timestamp::fromSeconds((kDay - day) * 86'400) + from;
        for (const Bar& bar : market.history(kSpy, BarInterval::Minute1, start, start + length, 100))
            sum += bar.volume.toDouble();
    }
    return sum;
}

TEST(SimulatedDay, MoreIsTradedAtTheOpenAndTheCloseThanBetween)
{
    SimulatedMarket market(options(true));
    market.start(Timestamp::fromSeconds(kDay * 86'400) + 12h);
    const double open = volume(market, 0h, 1h), middle = volume(market, 12h, 1h),
                 close = volume(market, 23h, 1h);
    EXPECT_GT(open, 2.5 * middle);
    EXPECT_GT(close, 2.0 * middle);
    EXPECT_GT(open, close) << "the first minutes are the busiest";
}

TEST(SimulatedDay, QuotesAndTradesComeFasterAtTheOpenThanAtNoon)
{
    const auto eventsFrom = [](std::chrono::minutes since) {
        SimulatedMarket market(options(true));
        const auto start = Timestamp::fromSeconds(kDay * 86'400) + since;
        market.start(start);
        MarketBatch first, all;
        market.advance(start, first);
        for (Duration passed{}; passed <= Duration(20s); passed += 1s)
            market.advance(start + passed, all);
        return static_cast<double>(all.size());
    };
    EXPECT_GT(eventsFrom(5min), 1.3 * eventsFrom(12h));
}

TEST(SimulatedDay, PricesJumpAsOftenAndAsFarAsTheirNamesDo)
{
    constexpr int kDays = 60;
    const Simulated simulated;
    const auto jumps = simulated.jumps(kDay, kDays);
    const double expected = simulated.expected(kDays);
    ASSERT_GT(expected, 20);
    EXPECT_NEAR(static_cast<double>(jumps.size()), expected, 4 * std::sqrt(expected));
    int up = 0;
    for (const Jump& jump : jumps) {
        EXPECT_GT(std::abs(jump.size()), 0.035) << simulated.names[jump.name].instrument.symbol.text();
        EXPECT_LT(std::abs(jump.size()), 0.15);
        up += jump.size() > 0 ? 1 : 0;
    }
    EXPECT_GT(up, 0);
    EXPECT_LT(up, static_cast<int>(jumps.size()));
}

TEST(SimulatedDay, AfterAJumpTradingPausesForFiveMinutes)
{
    const auto jumps = Simulated().jumps(kDay, 20);
    ASSERT_FALSE(jumps.empty());
    const Jump& jump = jumps.front();
    std::vector<StatusTick> told;
    int before = 0, within = 0, after = 0;
    const auto events = aroundPause(jump, /*halts=*/true);
    for (const MarketEvent& event : events) {
        if (const auto* status = std::get_if<StatusTick>(&event)) {
            told.push_back(*status);
        } else if (timeOf(event) < jump.pauseFrom()) {
            ++before;
        } else {
            ++(timeOf(event) < jump.pauseFrom() + 5min ? within : after);
        }
    }
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].status, TradingStatus::Halted);
    EXPECT_EQ(told[0].reason, HaltReason::Volatility);
    EXPECT_EQ(told[0].time, jump.pauseFrom());
    EXPECT_EQ(told[1].status, TradingStatus::Trading);
    EXPECT_EQ(told[1].time, jump.pauseFrom() + 5min);
    EXPECT_GT(before, 0);
    EXPECT_EQ(within, 0);
    EXPECT_GT(after, 0);
}

TEST(SimulatedDay, WithoutHaltsNothingPausesAndNothingJumps)
{
    const auto jumps = Simulated().jumps(kDay, 20);
    ASSERT_FALSE(jumps.empty());
    int within = 0;
    for (const MarketEvent& event : aroundPause(jumps.front(), /*halts=*/false)) {
        EXPECT_FALSE(std::holds_alternative<StatusTick>(event));
        within += timeOf(event) >= jumps.front().pauseFrom() ? 1 : 0;
    }
    EXPECT_GT(within, 0);
}

/// How names are quoted in a span of time, against what is usual for each: means over all quotes.
struct Shown {
    double spread = 0, topSize = 0; ///< 1 is usual
    double bookSize = 0;            ///< of ten levels a side, at the span's end; 1 is the usual top
    std::vector<double> ticks;      ///< each spread
};

Shown shownFrom(Timestamp start, Duration length,
                const std::function<bool(InstrumentIndex)>& wanted)
{
    const auto names = makeUniverse(kSeed, kNames);
    SimulatedMarket market(options(true));
    market.start(start);
    MarketBatch all;
    for (Duration passed{}; passed <= length; passed += 1s) market.advance(start + passed, all);
    Shown shown;
    for (const MarketEvent& event : all) {
        const auto* quote = std::get_if<QuoteTick>(&event);
        if (quote == nullptr || !wanted(quote->instrument)) continue;
        const auto& name = names[quote->instrument];
        const double spread = (quote->ask - quote->bid).toDouble();
        shown.ticks.push_back(std::round(spread / name.instrument.tick.toDouble()));
        shown.spread += shown.ticks.back() / name.spreadTicks;
        shown.topSize += (quote->bidSize.toDouble() + quote->askSize.toDouble()) / 2 / name.topSize;
    }
    shown.spread /= static_cast<double>(shown.ticks.size());
    shown.topSize /= static_cast<double>(shown.ticks.size());
    int books = 0;
    for (InstrumentIndex i = 0; i < kNames; ++i) {
        if (!wanted(i)) continue;
        const Book book = market.depth(i, 10);
        for (const auto* side : {&book.bids, &book.asks})
            for (const BookLevel& level : *side)
                shown.bookSize += level.size.toDouble() / names[i].topSize;
        ++books;
    }
    shown.bookSize /= books;
    return shown;
}

/// All shares a minute long, so long after the day's open.
Shown sharesFrom(std::chrono::minutes sinceOpen)
{
    const auto names = makeUniverse(kSeed, kNames);
    const auto start = Timestamp::fromSeconds(kDay * 86'400) + sinceOpen;
    return shownFrom(start, 60s, [&](InstrumentIndex i) {
        return names[i].instrument.assetClass == AssetClass::Equity;
    });
}

TEST(SimulatedDay, SpreadsAreWideAndBooksThinAtTheOpenAndIntoTheClose)
{
    const Shown open = sharesFrom(0min), settled = sharesFrom(60min), noon = sharesFrom(12h),
                close = sharesFrom(24h - 2min);
    EXPECT_GT(open.spread, 2.0 * noon.spread);
    EXPECT_GT(close.spread, 1.4 * noon.spread);
    EXPECT_NEAR(settled.spread / noon.spread, 1.0, 0.15) << "what the open widens ends in an hour";
    EXPECT_LT(open.topSize, 0.5 * noon.topSize);
    EXPECT_LT(close.topSize, 0.75 * noon.topSize);
    EXPECT_NEAR(settled.topSize / noon.topSize, 1.0, 0.15);
    EXPECT_LT(open.bookSize, 0.5 * noon.bookSize);
    EXPECT_LT(close.bookSize, 0.75 * noon.bookSize);
}

TEST(SimulatedDay, AfterAJumpTheSpreadIsWideTheBookThinAndBothRecover)
{
    const auto jumps = Simulated().jumps(kDay, 20);
    ASSERT_FALSE(jumps.empty());
    for (const Jump& jump : {jumps.front(), jumps.back()}) {
        const auto resumed = jump.pauseFrom() + 5min;
        const auto shown = [&](Timestamp from) {
            return shownFrom(from, 60s, [&](InstrumentIndex i) { return i == jump.name; });
        };
        const Shown before = shown(jump.pauseFrom() - 4min), at = shown(resumed),
                    later = shown(resumed + 5min), recovered = shown(resumed + 25min);
        EXPECT_GT(at.spread, 2.0 * before.spread);
        EXPECT_GT(at.spread, 2.0 * recovered.spread);
        EXPECT_LT(later.spread, at.spread) << "it fades";
        EXPECT_LT(at.topSize, 0.5 * recovered.topSize);
        EXPECT_LT(at.bookSize, 0.5 * recovered.bookSize);
    }
}

TEST(SimulatedDay, EvenTheMostTradedNameIsNotAlwaysATickWide)
{
    const Shown spy = shownFrom(Timestamp::fromSeconds(kDay * 86'400) + 12h, 10min,
                                [](InstrumentIndex i) { return i == kSpy; });
    const auto narrow = static_cast<double>(std::ranges::count(spy.ticks, 1.0));
    const double share = narrow / static_cast<double>(spy.ticks.size());
    EXPECT_GT(share, 0.6);
    EXPECT_LT(share, 0.995);
}

} // namespace
} // namespace qd::exchange
