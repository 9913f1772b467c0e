#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/market/calendar.h"
#include "services/brokers/broker.h"
#include "services/json/json.h"

namespace qd::brokers::tradier {

/// Where Tradier's days begin: at midnight in New York; at the bundled venue, which never shuts, at UTC's.
enum class DayZone { NewYork, Utc };

/// What a message of the market stream tells: a quote or a print. Nothing when it is of another kind, or
/// takes a print back or amends one. Sizes of quotes are round lots, those of contracts are contracts.
/// Fails with: Invalid "tradier.schema" and the field.
Result<std::optional<MarketEvent>> readMarketEvent(const json::Value& event, Timestamp receiveTime);

/// A row of /markets/quotes. What cannot be read of it is as if it were not known; unset: not even whose
/// it is.
std::optional<MarketSnapshot> readQuoteRow(const json::Value& row, Timestamp now, DayZone zone);

/// A day of /markets/history, one of /markets/timesales. Fail as above.
Result<Bar> readDayBar(const json::Value& day, DayZone zone);
Result<Bar> readSale(const json::Value& sale);

/// "2026-01-05 09:30", as New York's clocks show it.
std::string wallClock(Timestamp time);
Timestamp startOfDay(const Date& date, DayZone zone);
Date dateOf(Timestamp time, DayZone zone);

} // namespace qd::brokers::tradier
