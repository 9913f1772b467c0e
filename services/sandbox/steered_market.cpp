#include "services/sandbox/steered_market.h"

#include <algorithm>
#include <utility>

namespace qd::sandbox {

SteeredMarket::SteeredMarket(std::unique_ptr<exchange::MarketSource> inner)
    : m_inner(std::move(inner))
{
}

void SteeredMarket::pin(exchange::InstrumentIndex instrument, Price bid, Price ask, Quantity size,
                        std::optional<Price> last, Duration age)
{
    m_pins[instrument] = {bid, ask, size, last, age, true, {}};
}

void SteeredMarket::release(exchange::InstrumentIndex instrument)
{
    m_pins.erase(instrument);
}

void SteeredMarket::advance(Timestamp until, exchange::MarketBatch& out)
{
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    m_inner->advance(until, out);
    if (m_stopped)
        out.resize(static_cast<std::size_t>(first));
    if (!m_pins.empty())
        out.erase(std::remove_if(out.begin() + first, out.end(),
                                 [&](const exchange::MarketEvent& event) {
                                     return std::visit(
                                         [&](const auto& tick) {
                                             return m_pins.contains(tick.instrument);
                                         },
                                         event);
                                 }),
                  out.end());
    for (auto& [instrument, pin] : m_pins) {
        if (!std::exchange(pin.isNew, false))
            continue;
        pin.since = until - pin.age;
        out.push_back(exchange::QuoteTick{instrument, pin.bid, pin.ask, pin.size, pin.size, pin.since,
                                          'Q', 'Q'});
        if (pin.last)
            out.push_back(exchange::TradeTick{instrument, *pin.last, pin.size, m_nextTradeId++,
                                              pin.since, std::nullopt, 'Q', false});
    }
}

Book SteeredMarket::depth(exchange::InstrumentIndex instrument, int depth) const
{
    const auto found = m_pins.find(instrument);
    if (found == m_pins.end() || found->second.isNew || depth <= 0)
        return m_inner->depth(instrument, depth);
    const Pin& pin = found->second;
    Book book;
    book.symbol = instruments()[instrument].symbol;
    if (pin.bid.isPositive())
        book.bids.push_back({pin.bid, pin.size, 1});
    if (pin.ask.isPositive())
        book.asks.push_back({pin.ask, pin.size, 1});
    book.eventTime = pin.since;
    return book;
}

} // namespace qd::sandbox
