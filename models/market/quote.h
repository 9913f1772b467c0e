#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/market/instrument.h"

namespace qd {

/// Where a value came from and how it may be used. Shown beside every value.
enum class FeedClass { RealTime, Delayed, Frozen, Simulated };
/// "real_time", "delayed", "frozen", "simulated".
std::string_view toString(FeedClass feedClass);
/// Fails with: Invalid "quote.unknown_value" and the accepted values.
Result<FeedClass> parseFeedClass(std::string_view text);

/// The best bid and offer of one symbol. A zero price means that side is empty.
struct Quote {
    Symbol symbol;
    Price bid, ask;
    Quantity bidSize, askSize; ///< in shares or coins, not lots
    Timestamp eventTime;       ///< the venue's
    Timestamp receiveTime;     ///< ours
    friend bool operator==(const Quote&, const Quote&) = default;
};

/// One print on the tape.
struct Trade {
    Symbol symbol;
    Price price;
    Quantity size;
    std::int64_t id = 0;   ///< the venue's; 0 if none
    std::string condition; ///< sale conditions as the venue wrote them, e.g. "@ I"
    std::string exchange;
    Timestamp eventTime;
    Timestamp receiveTime;
    friend bool operator==(const Trade&, const Trade&) = default;
};

/// Open, high, low, close and volume of [start, start + length).
struct Bar {
    Timestamp start;
    Price open, high, low, close;
    Quantity volume;
    std::int64_t tradeCount = 0;
    friend bool operator==(const Bar&, const Bar&) = default;
};

enum class BarInterval { Minute1, Minute5, Minute15, Hour1, Hour4, Day1 };
/// "1m", "5m", "15m", "1h", "4h", "1d".
std::string_view toString(BarInterval interval);
/// Fails with: Invalid "quote.unknown_value" (field "interval") and the accepted values.
Result<BarInterval> parseBarInterval(std::string_view text);
Duration lengthOf(BarInterval interval);

struct BookLevel {
    Price price;
    Quantity size;
    int orderCount = 0;
    friend bool operator==(const BookLevel&, const BookLevel&) = default;
};

/// Depth of one symbol: bids from the highest, asks from the lowest.
struct Book {
    Symbol symbol;
    std::vector<BookLevel> bids, asks;
    Timestamp eventTime;
};

/// How far a symbol's last value may be believed. `design.md` §7.
enum class Freshness { Live, Slow, Stale, Halted, Closed, Delayed, NoData };
/// "live", "slow", "stale", "halted", "closed", "delayed", "no_data".
std::string_view toString(Freshness freshness);
/// Fails with: Invalid "quote.unknown_value" and the accepted values.
Result<Freshness> parseFreshness(std::string_view text);

} // namespace qd
