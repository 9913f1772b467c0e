#pragma once

#include <string_view>

#include <QString>

#include "models/base/money.h"
#include "models/base/timestamp.h"
#include "models/market/instrument.h"

/// How values become text. One place, so that every number in the program looks the same:
/// thousands separators, fixed decimals, U+2212 for minus, explicit + on changes.
/// The locale is fixed (English, United States) because orders are read back by number.
namespace qd::ui::format {

inline constexpr QChar kMinus(0x2212);

/// Text from outside, as plain text: control characters out, at most `limit` characters.
QString plain(std::string_view text, int limit = 200);
/// As a trader says it: "SPY"; of an option "GOOG 750C 24Dec15", the strike before the day.
QString symbol(const Symbol& symbol);

QString number(Decimal value, int places);
QString signedNumber(Decimal value, int places);
QString money(const Money& value, int places = 2);
QString signedMoney(const Money& value, int places = 2);
/// "+0.42%"; `value` is in percent.
QString percent(Decimal value, int places = 2, bool withSign = true);
/// Grouped, with only the decimals it needs.
QString quantity(Quantity value);
/// "35.7K", "1.24M": for sizes and volumes only.
QString compact(double value);
/// Decimals that a price step needs: 0.01 → 2, 0.0001 → 4. At least 2.
int placesOf(Price tick);
/// Decimals for a price when the step is not known: 4 below one, else 2.
int placesFor(Price price);

/// New York wall clock: "10:42:11" or "10:42:11.204".
QString clock(Timestamp time, bool withMillis = false);
/// New York date and minute: "Wed 03 Apr 09:28".
QString dateAndMinute(Timestamp time);
/// "850 ms", "6.4 s", "12 min", "3 h".
QString age(Duration age);
/// "05:17:43".
QString countdown(Duration left);

} // namespace qd::ui::format
