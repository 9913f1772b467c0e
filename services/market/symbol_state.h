#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "models/market/quote.h"

namespace qd::market {

/// Everything known of one symbol now. A price of zero means "none yet".
struct SymbolState {
    Symbol symbol;
    Price bid, ask;
    Quantity bidSize, askSize;
    Price last;
    Quantity lastSize;
    Timestamp lastTime;       ///< the venue's time of `last`
    Price previousClose;      ///< of the last regular session before today's
    Price dayOpen, dayHigh, dayLow; ///< of today's regular session
    Quantity dayVolume;
    Timestamp eventTime;      ///< the venue's time of the newest value
    Timestamp receiveTime;    ///< when it came here
    Duration ageAtReceipt{};  ///< how old it was then: on its way, or standing since
    std::string_view source;  ///< name of the feed; lives as long as MarketData
    FeedClass feedClass = FeedClass::RealTime;
    Freshness freshness = Freshness::NoData;
    bool old = false;         ///< older than 15 minutes: shown with a warning
    bool refused = false;     ///< older than a day: not to be decided upon
    bool halted = false;
    std::string haltReason;
    std::uint64_t version = 0; ///< grows with each change

    bool hasQuote() const { return bid.isPositive() || ask.isPositive(); }
    bool hasTrade() const { return last.isPositive(); }
    /// Of the newest value; zero when there is none.
    Duration age(Timestamp now) const
    {
        if (!receiveTime.isSet()) return {};
        return ageAtReceipt + (now > receiveTime ? now - receiveTime : Duration{});
    }
    /// Middle of bid and ask when both are there, else the last trade; zero when neither.
    Price reference() const;
    /// Against the previous close; nothing known: zero.
    Price change() const;
};

/// A bar that grew or ended.
struct BarUpdate {
    Symbol symbol;
    BarInterval interval = BarInterval::Minute1;
    Bar bar;
    bool closed = false; ///< it ended; a late trade may still amend it
};

/// What one viewer gets at one time: the newest of each symbol that changed, every trade, and the
/// newest of each bar. Pointers are good during the call only.
struct MarketUpdate {
    std::span<const SymbolState* const> symbols;
    std::span<const Trade* const> trades;
    std::span<const BarUpdate* const> bars;
    std::uint64_t conflated = 0; ///< quotes folded into newer ones since the last update
};

} // namespace qd::market
