#pragma once

#include "services/market/instrument_directory.h"
#include "services/market/market_data.h"
#include "services/orders/market_view.h"

namespace qd::gateway {

/// The window through which the order room sees the market room. Core executor.
class MarketWindow final : public orders::MarketView {
public:
    struct Settings {
        /// A market that never shuts (the simulated one): its instruments trade at any hour.
        bool alwaysOpen = false;
    };
    MarketWindow(const market::MarketData& market, const market::InstrumentDirectory& instruments,
                 const runtime::Clock& clock, Settings settings);

    const Instrument* instrument(const Symbol& symbol) const override;
    std::vector<Symbol> nearMatches(std::string_view text, std::size_t limit) const override;
    orders::MarketPicture picture(const Symbol& symbol) const override;
    SessionPhase phase(const Instrument& instrument, Timestamp now) const override;
    Timestamp nextOpen(const Instrument& instrument, Timestamp now) const override;

private:
    const market::MarketData& m_market;
    const market::InstrumentDirectory& m_instruments;
    const runtime::Clock& m_clock;
    Settings m_settings;
};

} // namespace qd::gateway
