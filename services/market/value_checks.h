#pragma once

#include "models/market/quote.h"

namespace qd::market {

/// Why a number from outside is not believed.
enum class Doubt { None, Crossed, Negative, Absurd, OutOfOrder };

/// What has been accepted of one symbol, to check newcomers against. A value.
struct Believed {
    Price reference;     ///< middle of the last quote, or the last trade
    Timestamp quoteTime; ///< the venue's, of the last quote
    Timestamp tradeTime;
    Price suspect;       ///< price of the last refused newcomer
    int suspects = 0;    ///< how many in a row agreed with it
};

/// Prices beyond this are no prices.
inline constexpr Price kPriceMax = Price::fromUnits(10'000'000LL * Decimal::kOne);
/// A price ten times or a tenth of the last one is refused …
inline constexpr int kJumpMax = 10;
/// … unless so many in a row say the same: then the market did move (a split, a new listing).
inline constexpr int kSuspectsAgreed = 10;
/// Times from further in the future than this are wrong.
inline constexpr Duration kFutureMax = std::chrono::minutes(5);
/// … and so are older ones: an age of centuries does not fit a Duration.
inline constexpr Duration kPastMax = std::chrono::hours(24 * 365 * 100);

/// Is the quote to be believed? Both sides may not be empty, locked markets (bid = ask) are real,
/// crossed ones are noise. On None, `believed` is brought up to date.
Doubt check(const Quote& quote, Timestamp now, Believed& believed);
/// As above; a trade needs a price and a size above zero. An older trade than the last is in order
/// (bars take late prints); it does not move `believed`.
Doubt check(const Trade& trade, Timestamp now, Believed& believed);

} // namespace qd::market
