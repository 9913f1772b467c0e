#include "services/gateway/market_window.h"

#include "services/market/market_clock.h"

namespace qd::gateway {

MarketWindow::MarketWindow(const market::MarketData& market,
                           const market::InstrumentDirectory& instruments,
                           const runtime::Clock& clock, Settings settings)
    : m_market(market), m_instruments(instruments), m_clock(clock), m_settings(settings)
{
}

const Instrument* MarketWindow::instrument(const Symbol& symbol) const
{
    return m_instruments.find(symbol);
}

std::vector<Symbol> MarketWindow::nearMatches(std::string_view text, std::size_t limit) const
{
    return m_instruments.near(text, limit);
}

orders::MarketPicture MarketWindow::picture(const Symbol& symbol) const
{
    const auto state = m_market.view(symbol);
    orders::MarketPicture picture;
    picture.freshness = state.freshness;
    picture.age = state.age(m_clock.now());
    // A value that is refused is no basis for anything, as if it were not there.
    if (state.refused) return picture;
    if (state.hasQuote())
        picture.quote = Quote{state.symbol,  state.bid,       state.ask,        state.bidSize,
                              state.askSize, state.eventTime, state.receiveTime};
    if (state.hasTrade()) picture.last = state.last;
    return picture;
}

SessionPhase MarketWindow::phase(const Instrument& instrument, Timestamp now) const
{
    return m_settings.alwaysOpen ? SessionPhase::Regular
                                 : market::calendarOf(instrument).phase(now);
}

Timestamp MarketWindow::nextOpen(const Instrument& instrument, Timestamp now) const
{
    if (m_settings.alwaysOpen || instrument.assetClass == AssetClass::Crypto) return {};
    return market::calendarOf(instrument).next(now).open;
}

} // namespace qd::gateway
