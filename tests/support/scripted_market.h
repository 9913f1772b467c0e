#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/exchange/exchange.h"

namespace qd::test {

/// A market that does what the test says: nothing else moves it.
class ScriptedMarket final : public exchange::MarketSource {
public:
    explicit ScriptedMarket(std::vector<Instrument> instruments)
        : m_instruments(std::move(instruments))
    {
    }
    const std::vector<Instrument>& instruments() const override { return m_instruments; }
    void start(Timestamp) override {}
    Timestamp venueTime(Timestamp now) const override { return now; }
    void advance(Timestamp until, exchange::MarketBatch& out) override
    {
        for (exchange::MarketEvent& event : next) {
            std::visit(
                [until](auto& tick) {
                    if constexpr (requires { tick.time; }) tick.time = until;
                },
                event);
            out.push_back(event);
        }
        next.clear();
    }
    Book depth(exchange::InstrumentIndex, int) const override { return {}; }
    std::vector<Bar> history(exchange::InstrumentIndex, BarInterval, Timestamp, Timestamp,
                             std::size_t) const override
    {
        return {};
    }
    FeedClass feedClass() const override { return FeedClass::Simulated; }

    exchange::MarketBatch next; ///< told when the exchange moves on

private:
    std::vector<Instrument> m_instruments;
};

/// A shortable, fractionable listing.
inline Instrument listing(const char* symbol)
{
    Instrument instrument;
    instrument.symbol = Symbol::of(symbol);
    instrument.name = std::string(symbol) + " Incorporated";
    instrument.fractionable = true;
    instrument.shortable = true;
    instrument.assetClass = assetClassOf(instrument.symbol);
    return instrument;
}

} // namespace qd::test
