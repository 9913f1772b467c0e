#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "services/exchange/price_path.h"
#include "services/exchange/simulated_market.h"

// What makes the simulated day look like a day: its volume curve, jumps, and the pauses after them.

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

} // namespace
} // namespace qd::exchange
