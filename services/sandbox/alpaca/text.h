#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/timestamp.h"
#include "models/market/instrument.h"
#include "services/exchange/exchange.h"

namespace qd::sandbox::alpaca {

/// As Go's time.RFC3339Nano prints it: the fraction without trailing zeros, "Z".
std::string rfc3339(Timestamp time);
/// The same instant in New York's wall clock: "2021-04-01T12:00:00-04:00".
std::string rfc3339NewYork(Timestamp time);

/// A symbol's asset id: a UUID that is the same in every run.
std::string assetId(const Symbol& symbol);
/// "us_equity", "us_option", "crypto".
std::string_view assetClassName(AssetClass assetClass);

/// Find an instrument by symbol ("BTC/USD", "BTCUSD", "aapl") or asset id.
std::optional<exchange::InstrumentIndex> findInstrument(const exchange::Exchange& exchange,
                                                        std::string_view symbolOrId);

std::string toBase64(std::string_view bytes);
std::optional<std::string> fromBase64(std::string_view text);

/// "a,b,,c" → {"a","b","c"}.
std::vector<std::string> splitList(std::string_view text);

/// A date ("2022-02-01") or RFC 3339 instant from a query; dates are New York midnights.
std::optional<Timestamp> parseInstant(std::string_view text);

} // namespace qd::sandbox::alpaca
