#pragma once

#include <cstdint>
#include <memory>

#include "services/exchange/market_source.h"

namespace qd::exchange {

struct SimulationOptions {
    std::uint64_t seed = 1;
    int symbols = 1000;          ///< the well-known ones first, then made-up companies; 1 … 5,000
    int updatesPerSecond = 5000; ///< quotes and trades of all symbols together, on average
    double volatility = 1.0;     ///< multiplies every move
    bool halts = true;           ///< volatility pauses after jumps
    bool calendarHours = false;  ///< equities move in NYSE hours only; else round the clock
};

/// A made-up market that needs no file: some sixty well-known symbols near their real prices and
/// invented ones. Returns follow a market and a sector factor with fat tails, clustered volatility
/// and a slow pull back to a reference price; volume is U-shaped over the session; spreads, sizes
/// and trade rates fit the liquidity of each name, and spreads widen and books thin out at the open,
/// into the close and after a jump (`unrestAt`); now and then a price jumps and trading pauses.
///
/// The path of every price is a pure function of seed, symbol and time. So bars of any past are made
/// on demand, always the same, meet the live price without a seam, and a restarted market goes on
/// where it would have been.
class SimulatedMarket final : public MarketSource {
public:
    explicit SimulatedMarket(SimulationOptions options = {});
    ~SimulatedMarket() override;

    const std::vector<Instrument>& instruments() const override;
    void start(Timestamp now) override;
    Timestamp venueTime(Timestamp now) const override { return now; }
    void standing(MarketBatch& out) override;
    void advance(Timestamp until, MarketBatch& out) override;
    Book depth(InstrumentIndex instrument, int depth) const override;
    std::vector<Bar> history(InstrumentIndex instrument, BarInterval interval, Timestamp from,
                             Timestamp to, std::size_t limit) const override;
    FeedClass feedClass() const override { return FeedClass::Simulated; }

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::exchange
