#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "models/market/calendar.h"
#include "models/market/quote.h"

namespace qd::orders {

/// What the risk rules need to know of one symbol's market at this moment.
struct MarketPicture {
    std::optional<Quote> quote;
    std::optional<Price> last;
    Freshness freshness = Freshness::NoData;
    Duration age{}; ///< of the quote or last trade
};

/// How the order room sees the market: a window that the program opens onto the market room, so
/// that orders can be tested and simulated without feeds. Core executor; answers at once from
/// memory.
class MarketView {
public:
    virtual ~MarketView() = default;
    /// The instrument, or null if no venue lists it. Valid until the next task of the core.
    virtual const Instrument* instrument(const Symbol& symbol) const = 0;
    /// Listed symbols that look like `text`, best first.
    virtual std::vector<Symbol> nearMatches(std::string_view text, std::size_t limit) const = 0;
    virtual MarketPicture picture(const Symbol& symbol) const = 0;
    /// Which part of the trading day it is for this instrument.
    virtual SessionPhase phase(const Instrument& instrument, Timestamp now) const = 0;
    /// When its regular session opens next; unset if it never shuts.
    virtual Timestamp nextOpen(const Instrument& instrument, Timestamp now) const = 0;
};

} // namespace qd::orders
