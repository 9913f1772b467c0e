#pragma once

#include <map>
#include <memory>
#include <vector>

#include "services/exchange/market_source.h"

namespace qd::sandbox {

/// A market that a drill can take hold of: prices may be pinned and the whole market stopped.
/// Untouched it is the market it wraps. One thread.
class SteeredMarket final : public exchange::MarketSource {
public:
    explicit SteeredMarket(std::unique_ptr<exchange::MarketSource> inner);

    /// From the next move of the market on the instrument is quoted so, and nothing else happens to
    /// it until `release`. With `last` there is a print at that price too. `age`: how old both are
    /// already.
    void pin(exchange::InstrumentIndex instrument, Price bid, Price ask, Quantity size,
             std::optional<Price> last, Duration age = {});
    void release(exchange::InstrumentIndex instrument);
    /// While stopped nothing happens; what would have happened is lost.
    void setStopped(bool stopped) { m_stopped = stopped; }
    bool isStopped() const { return m_stopped; }

    const std::vector<Instrument>& instruments() const override { return m_inner->instruments(); }
    void start(Timestamp now) override { m_inner->start(now); }
    void standing(exchange::MarketBatch& out) override { m_inner->standing(out); }
    Timestamp venueTime(Timestamp now) const override { return m_inner->venueTime(now); }
    void advance(Timestamp until, exchange::MarketBatch& out) override;
    bool finished() const override { return m_inner->finished(); }
    Book depth(exchange::InstrumentIndex instrument, int depth) const override;
    std::vector<Bar> history(exchange::InstrumentIndex instrument, BarInterval interval,
                             Timestamp from, Timestamp to, std::size_t limit) const override
    {
        return m_inner->history(instrument, interval, from, to, limit);
    }
    FeedClass feedClass() const override { return m_inner->feedClass(); }
    std::optional<Quantity> openInterest(exchange::InstrumentIndex instrument) const override
    {
        return m_inner->openInterest(instrument);
    }

private:
    struct Pin {
        Price bid, ask;
        Quantity size;
        std::optional<Price> last;
        Duration age{};
        bool isNew = true;
        Timestamp since;
    };

    std::unique_ptr<exchange::MarketSource> m_inner;
    std::map<exchange::InstrumentIndex, Pin> m_pins;
    bool m_stopped = false;
    /// Ids of pinned prints, far above those of the market.
    std::int64_t m_nextTradeId = std::int64_t{1} << 40;
};

} // namespace qd::sandbox
