#pragma once

#include <cstdint>

namespace qd {

/// A day of the proleptic Gregorian calendar, without a zone. The arithmetic under Timestamp and
/// the trading calendars; for dates with meaning use `qd::Date`.
struct Civil {
    std::int64_t year = 1970;
    unsigned month = 1; ///< 1 … 12
    unsigned day = 1;   ///< 1 … 31
};

/// Days since 1970-01-01, negative before. `date` is valid.
std::int64_t daysFromCivil(const Civil& date);
Civil civilFromDays(std::int64_t days);
/// 28 … 31.
unsigned daysInMonth(std::int64_t year, unsigned month);

} // namespace qd
