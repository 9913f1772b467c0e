#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/exchange/exchange.h"
#include "services/sandbox/alpaca/answers.h"

namespace qd::sandbox::alpaca {

/// Which midnight days are cut at: New York's, or UTC's for crypto and for a market that never shuts.
enum class Days { NewYork, Utc };
Days daysOf(const exchange::Exchange& exchange, AssetClass assetClass);

/// A bar length in Alpaca's words: "1Min" … "59Min" ("T"), "1Hour" … "23Hour" ("H"), "1Day" ("D"),
/// "1Week" ("W"), "1Month" … "12Month" ("M").
struct Timeframe {
    enum class Unit { Minute, Hour, Day, Week, Month };
    Unit unit = Unit::Minute;
    int count = 1;

    /// Nothing if it is none of the above.
    static std::optional<Timeframe> parse(std::string_view text);
    /// "1Min", "15Min", "1Day".
    std::string toString() const;
    /// Start of the bar that holds `time`. Days and longer begin at midnight of `days`.
    Timestamp floor(Timestamp time, Days days) const;
    /// A length that no bar of this timeframe exceeds.
    Duration lengthMax() const;
};

/// Where a page of history begins and how long it is.
struct HistoryQuery {
    std::vector<exchange::InstrumentIndex> instruments; ///< in the order of their symbols
    Timestamp start, end;                                ///< both inclusive
    bool newestFirst = false;
    std::size_t limit = 1000;
    std::string pageToken;
};
/// Read `symbols` (or the path's symbol), `start`, `end`, `limit`, `sort` and `page_token`.
/// Unknown symbols are left out, as at Alpaca. 400 with Alpaca's words where one is wrong.
ApiResult<HistoryQuery> readHistoryQuery(const ApiRequest& request,
                                         const exchange::Exchange& exchange,
                                         const std::vector<std::string>& symbols);

/// How far a page came: the symbol and the first time that is not in it.
struct PagePlace {
    std::string symbol;
    Timestamp time;
};
std::string encodePlace(const PagePlace& place);
std::optional<PagePlace> decodePlace(std::string_view token);

/// Bars of one instrument in [from, to], at most `limit`, oldest (or newest) first.
std::vector<Bar> barsOf(const exchange::Exchange& exchange, exchange::InstrumentIndex instrument,
                        const Timeframe& timeframe, Timestamp from, Timestamp to,
                        std::size_t limit, bool newestFirst);

} // namespace qd::sandbox::alpaca
