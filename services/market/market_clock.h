#pragma once

#include <string>

#include "models/market/calendar.h"
#include "models/market/instrument.h"

namespace qd::market {

/// Whether and when a market trades. `opensAt` and `closesAt` are of the regular session that is
/// on, or else of the next one.
struct MarketStatus {
    std::string calendar; ///< "NYSE"
    SessionPhase phase = SessionPhase::Closed;
    Timestamp opensAt, closesAt;
    bool earlyClose = false;
    std::string closureReason; ///< why today has no session: "Weekend", "Thanksgiving Day"
    Timestamp now;
};

/// The calendar an instrument trades by: crypto never shuts; equities and options keep New York's.
const Calendar& calendarOf(AssetClass assetClass);
const Calendar& calendarOf(const Instrument& instrument);
MarketStatus marketStatus(const Calendar& calendar, Timestamp now);

} // namespace qd::market
