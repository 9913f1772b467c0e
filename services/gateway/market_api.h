#pragma once

#include "services/gateway/api.h"
#include "services/gateway/quote_watch.h"
#include "services/market/instrument_directory.h"
#include "services/market/instrument_lookup.h"
#include "services/market/market_data.h"

namespace qd::gateway {

/// Quotes, bars, instruments and market hours: `resources/api.md`, "Market". Core executor.
/// Everything given outlives the API.
struct MarketApi {
    market::MarketData& market;
    const market::InstrumentDirectory& instruments;
    QuoteWatch& quotes;
    const runtime::Clock& clock;
    /// Where instruments are asked for that no listing has; null: they are unknown.
    market::InstrumentLookup* lookup = nullptr;

    void addTo(Api& api) const;
};

/// `{"calendar","phase",…}` of the NYSE at `now`.
std::string marketStatusJson(const market::MarketData& market, Timestamp now);

} // namespace qd::gateway
