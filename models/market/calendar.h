#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/timestamp.h"

namespace qd {

/// A calendar date without a zone.
struct Date {
    int year = 1970;
    int month = 1; ///< 1 … 12
    int day = 1;   ///< 1 … 31
    friend auto operator<=>(const Date&, const Date&) = default;
    friend bool operator==(const Date&, const Date&) = default;
};
/// "2013-10-07".
std::string toString(const Date& date);
/// Fails with: Invalid "date.syntax".
Result<Date> parseDate(std::string_view text);
Date addDays(const Date& date, int days);
/// 0 = Sunday … 6 = Saturday.
int weekday(const Date& date);
/// The UTC day of an instant, and its first instant.
Date utcDate(Timestamp instant);
Timestamp utcMidnight(const Date& date);

/// Which part of the trading day it is.
enum class SessionPhase { Closed, PreMarket, Regular, PostMarket };
/// "closed", "pre_market", "regular", "post_market".
std::string_view toString(SessionPhase phase);
/// Fails with: Invalid "calendar.unknown_phase" (field "phase").
Result<SessionPhase> parseSessionPhase(std::string_view text);

/// One trading day, as UTC instants.
struct TradingDay {
    Date date;
    Timestamp preOpen;   ///< extended hours begin (04:00 New York)
    Timestamp open;      ///< regular session begins
    Timestamp close;     ///< regular session ends (exclusive); 13:00 New York on early closes
    Timestamp postClose; ///< extended hours end (20:00 New York; 17:00 on early closes)
    bool earlyClose = false;
};

/// When a market trades. Pure: the caller says what time it is.
/// NYSE and Nasdaq rules from 1990 on, with holidays, early closes and the one-off closures;
/// New York time with its DST changes comes from the IANA rules since 1967, built in.
class Calendar {
public:
    static const Calendar& nyse();
    static const Calendar& nasdaq(); ///< same days and hours as NYSE
    static const Calendar& crypto(); ///< never shuts; a "day" is a UTC day

    const std::string& name() const { return m_name; }
    /// Nothing on weekends and holidays.
    std::optional<TradingDay> tradingDay(const Date& date) const;
    /// The trading day that is on at `now` (pre-market to post-market), if any.
    std::optional<TradingDay> current(Timestamp now) const;
    /// The first trading day whose regular session opens at or after `now`.
    TradingDay next(Timestamp now) const;
    SessionPhase phase(Timestamp now) const;
    /// The reason for a full closure ("Thanksgiving Day"); empty on trading days.
    std::string closureReason(const Date& date) const;

private:
    enum class Kind { Nyse, Crypto };
    Calendar(std::string name, Kind kind);
    std::string m_name;
    Kind m_kind;
};

/// New York wall clock of a UTC instant, and back. In the hour that DST repeats the first
/// (daylight) reading is meant; in the hour that it skips, the instant after the gap.
struct NewYorkTime {
    Date date;
    Duration sinceMidnight;
};
NewYorkTime toNewYork(Timestamp instant);
Timestamp fromNewYork(const Date& date, Duration sinceMidnight);

} // namespace qd
